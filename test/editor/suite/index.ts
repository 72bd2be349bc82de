/** Runs in the extension host of code-server or of the desktop VS Code, and writes the results to a file. */
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';
import type { SuiteReport } from '../harness/report.ts';

/** Called by VS Code. A rejection makes it exit with a failure. */
export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', color: false, timeout: 20_000, forbidOnly: process.env['CI'] !== undefined });
  for (const name of readdirSync(__dirname).filter((file) => file.endsWith('.test.js'))) {
    mocha.addFile(path.join(__dirname, name));
  }
  const report: SuiteReport = { passed: [], skipped: [], failed: [] };
  await new Promise<void>((resolve) => {
    mocha
      .run(() => resolve())
      .on('pass', (test) => report.passed.push(test.fullTitle()))
      .on('pending', (test) => report.skipped.push(test.fullTitle()))
      .on('fail', (test, error: Error) =>
        report.failed.push({ title: test.fullTitle(), error: error.stack ?? error.message }),
      );
  });
  const file = process.env['LLM_SPEND_TEST_REPORT'];
  if (file !== undefined) writeFileSync(file, JSON.stringify(report));
  if (report.failed.length > 0) throw new Error(`${report.failed.length} tests failed`);
}
