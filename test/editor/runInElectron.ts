/**
 * Downloads the desktop VS Code, runs `dist/test/suite` in it, and prints the results. Exit code 1 when a test fails.
 *
 * `VSCODE_VERSION` selects the version: `stable` (the default), `insiders`, or a number such as 1.101.0.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { repository } from './harness/codeServer.ts';
import { isolatedEnvironment } from './harness/environment.ts';
import { printReport, type SuiteReport } from './harness/report.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'llm-spend-suite-'));
const reportFile = process.env['LLM_SPEND_TEST_REPORT'] ?? path.join(folder, 'report.json');
try {
  const vscodeExecutablePath = await downloadAndUnzipVSCode(process.env['VSCODE_VERSION'] ?? 'stable');
  const run = runTests({
    vscodeExecutablePath,
    extensionDevelopmentPath: repository,
    extensionTestsPath: path.join(repository, 'dist/test/suite/index.js'),
    extensionTestsEnv: {
      ...isolatedEnvironment(path.join(folder, 'home')),
      LLM_SPEND_TEST_REPORT: reportFile,
      LLM_SPEND_LEDGER: path.join(folder, 'costs.json'),
      CLAUDE_CONFIG_DIR: path.join(folder, 'claude'),
    },
    launchArgs: [
      folder,
      '--user-data-dir',
      path.join(folder, 'data'),
      '--extensions-dir',
      path.join(folder, 'extensions'),
      '--disable-workspace-trust',
      '--disable-gpu',
      '--no-sandbox',
      '--skip-welcome',
      '--skip-release-notes',
    ],
  });
  // Failures of the suite are in its report; any other error is an error of the run itself.
  await run.catch((error: unknown) => {
    if (!existsSync(reportFile)) throw error;
  });
  if (!printReport(JSON.parse(await readFile(reportFile, 'utf8')) as SuiteReport)) process.exitCode = 1;
} catch (error) {
  console.error(`The suite did not run in the desktop VS Code: ${String(error)}`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
