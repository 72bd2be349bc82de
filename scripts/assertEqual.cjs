/** As much of node:assert as the bundled dependencies use: see `alias` in build.mjs. */
exports.equal = (actual, expected, message) => {
  if (actual !== expected) throw new TypeError(message);
};
