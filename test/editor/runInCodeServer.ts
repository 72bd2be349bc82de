/** Runs `dist/test/suite` in the extension host of code-server and prints the results. Exit code 1 when a test fails. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { launchBrowser } from './harness/browser.ts';
import { repository, startCodeServer } from './harness/codeServer.ts';
import { printReport, type SuiteReport } from './harness/report.ts';

/** For the whole suite. */
const LIMIT_MS = 300_000;

const folder = await mkdtemp(path.join(tmpdir(), 'llm-spend-suite-'));
const reportFile = process.env['LLM_SPEND_TEST_REPORT'] ?? path.join(folder, 'report.json');
const server = await startCodeServer({
  smokeTestDriver: true,
  env: {
    LLM_SPEND_TEST_REPORT: reportFile,
    LLM_SPEND_LEDGER: path.join(folder, 'costs.json'),
    CLAUDE_CONFIG_DIR: path.join(folder, 'claude'),
  },
});
const browser = await launchBrowser();
const log: string[] = [];
try {
  const page = await browser.newPage();
  const ended = new Promise<void>((resolve, reject) => {
    setTimeout(() => reject(new Error(`no end after ${LIMIT_MS / 1000} s`)), LIMIT_MS).unref();
    void page.exposeFunction('codeAutomationExit', () => resolve());
  });
  await page.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => log.push(args.join(' ')));
  const remote = (absolute: string): string => `vscode-remote://remote${absolute}`;
  const payload = JSON.stringify([
    ['extensionDevelopmentPath', remote(repository)],
    ['extensionTestsPath', remote(path.join(repository, 'dist/test/suite/index.js'))],
  ]);
  await page.goto(server.address(folder, { payload }));
  await ended;
  if (!existsSync(reportFile)) throw new Error('the suite did not report');
  if (!printReport(JSON.parse(await readFile(reportFile, 'utf8')) as SuiteReport)) process.exitCode = 1;
} catch (error) {
  console.error([...log, server.output(), String(error)].join('\n'));
  process.exitCode = 1;
} finally {
  await browser.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
