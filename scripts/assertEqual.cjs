/**
 * As much of node:assert as the bundled dependencies use: see `alias` in build.mjs.
 * @param {unknown} actual @param {unknown} expected @param {string} [message]
 */
exports.equal = (actual, expected, message) => {
  if (actual !== expected) throw new TypeError(message);
};
