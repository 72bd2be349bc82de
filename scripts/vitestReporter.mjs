/**
 * A reporter for vitest that writes the result of a run to `--outputFile`, in the form of `test/editor/harness/report.ts`.
 * vitest's own `json` reporter has a failed test's stack only, which lacks the message of a time limit and the difference of two values.
 */
import { writeFileSync } from 'node:fs';

/** @typedef {import('./testReport.mjs').Report} Report */

/** A reporter of vitest's interface. */
export default class {
  /** @type {string | undefined} */
  #file;

  /** @param {import('vitest/node').Vitest} vitest */
  onInit({ config }) {
    this.#file = typeof config.outputFile === 'string' ? config.outputFile : undefined;
  }

  /** @param {readonly import('vitest/node').TestModule[]} modules @param {readonly import('vitest/node').SerializedError[]} unhandled */
  onTestRunEnd(modules, unhandled) {
    if (this.#file === undefined) return;
    /** @type {Report} */
    const report = { passed: [], skipped: [], failed: [] };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        const title = `${module.relativeModuleId} > ${test.fullName}`;
        if (state === 'passed') report.passed.push(title);
        else if (state === 'failed') report.failed.push({ title, error: describe(errors) });
        else report.skipped.push(title);
      }
      // A file that could not be loaded, or a hook.
      for (const suite of [module, ...module.children.allSuites()]) {
        const errors = suite.errors();
        const name = suite.type === 'suite' ? [suite.fullName] : [];
        if (errors.length > 0) {
          report.failed.push({ title: [module.relativeModuleId, ...name].join(' > '), error: describe(errors) });
        }
      }
    }
    if (unhandled.length > 0)
      report.failed.push({ title: 'an error outside of the tests', error: describe(unhandled) });
    writeFileSync(this.#file, JSON.stringify(report));
  }
}

/** The message, the difference of the values and the stack of the first error. @param {readonly import('vitest/node').SerializedError[]} errors */
function describe([error]) {
  if (error === undefined) return '';
  const frames = (error.stacks ?? []).map(({ file, line, column }) => `    at ${file}:${line}:${column}`);
  const name = error.name === undefined || error.message.startsWith(error.name) ? '' : `${error.name}: `;
  return [`${name}${error.message}`, ...(typeof error.diff === 'string' ? [error.diff] : []), ...frames].join('\n');
}
