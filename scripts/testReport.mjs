/** Reads the reports of the test programs for `scripts/test.mjs`: counts, and which tests failed with which error. */
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root } from './lib.mjs';

/** @typedef {{ title: string, error: string }} Failure a test, or a stage when no test is to blame */
/** @typedef {{ passed: string[], skipped: string[], failed: Failure[] }} Report titles; written by vitest and by the suite of the extension host */
/** @typedef {{ passed: number, failed: number, skipped: number, failures: Failure[] }} Counts */
/**
 * How a program of tests ended.
 * @typedef {object} End
 * @property {string} stage
 * @property {number} code its exit code
 * @property {string} output its last lines, as far as they are known
 */

/** How many lines of an error are shown. */
export const ERROR_LINES = 12;

/**
 * A run that failed without a failed test, or passed without any test, counts as a failure too.
 * @param {Partial<Report>} report
 * @param {End} end
 * @returns {Counts}
 */
export function countTests({ passed = [], skipped = [], failed = [] }, { stage, code, output }) {
  const counts = { passed: passed.length, failed: failed.length, skipped: skipped.length, failures: failed };
  if (failed.length > 0 || (code === 0 && passed.length + skipped.length > 0)) return counts;
  const reason = code === 0 ? 'no test ran' : `exit code ${code}, but no test failed`;
  return { ...counts, failed: 1, failures: [{ title: stage, error: `${reason}\n${output}` }] };
}

/**
 * The failures as text: for each its title, then the start of its error and the first place in our code.
 * @param {readonly Failure[]} failures
 * @returns {string[]} lines
 */
export function failureLines(failures) {
  return failures.flatMap(({ title, error }) => [
    `FAILED  ${title}`,
    ...errorLines(error).map((line) => `        ${line}`),
  ]);
}

/** @param {string} error a message, followed by its stack or not */
function errorLines(error) {
  const lines = stripVTControlCharacters(error)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '');
  const isFrame = (/** @type {string} */ line) => /^\s+at /.test(line);
  const message = lines.filter((line) => !isFrame(line));
  const place = lines.find((line) => isFrame(line) && line.includes(root) && !line.includes('node_modules'));
  return [...message.slice(0, ERROR_LINES), ...(place === undefined ? [] : [place.replace(root + path.sep, '')])];
}
