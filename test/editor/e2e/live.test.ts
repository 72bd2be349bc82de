import { readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { parse } from 'jsonc-parser';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { within } from '../../fixtures/idleTime.ts';
import { claudeRequest } from '../../fixtures/otlp.ts';
import { LONG } from '../../long.ts';
import type { Workbench } from '../harness/browser.ts';
import { type Editor, openEditor } from './editor.ts';

const SETTINGS = '{\n  // mine\n  "model": "opus"\n}\n';
const TOKEN = 'test-token-of-32-characters-----';

let editor: Editor;
/** The window that a person looks at. */
let workbench: Workbench;
let port: number;
const settingsFile = (): string => path.join(editor.home, '.claude', 'settings.json');

beforeAll(async () => {
  port = await freePort();
  editor = await openEditor({
    prepare: async (home) => {
      await mkdir(path.join(home, '.claude'), { recursive: true });
      await writeFile(path.join(home, '.claude', 'settings.json'), SETTINGS);
      const folder = path.join(home, '.config', 'llm-spend');
      await mkdir(folder, { recursive: true });
      await writeFile(path.join(folder, 'live.json'), JSON.stringify({ port, token: TOKEN }));
    },
  });
  ({ workbench } = editor);
});
afterAll(() => editor?.close());

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: free } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return free;
}

const toast = (text: string): Locator => workbench.notifications.filter({ hasText: text });

async function choose(agent: string): Promise<void> {
  const { quickInput } = workbench;
  await workbench.runCommand('LLM Spend: Connect Agents for Live Recording…');
  await quickInput.locator('.monaco-list-row').getByRole('checkbox', { name: agent, exact: true }).click();
}

const accept = (): Promise<void> => workbench.quickInput.getByRole('button', { name: 'OK' }).click();
const dialog = (): Locator => workbench.page.locator('.monaco-dialog-box');

/** Claude Code as far as it matters: exports one call of a million output tokens as its settings say. */
async function claudeCode(request: string): Promise<void> {
  const { env } = parse(readFileSync(settingsFile(), 'utf8')) as { env: Record<string, string> };
  const [, authorization = ''] = /^Authorization=(.*)$/.exec(env['OTEL_EXPORTER_OTLP_LOGS_HEADERS'] ?? '') ?? [];
  const exporter = new OTLPLogExporter({
    url: env['OTEL_EXPORTER_OTLP_LOGS_ENDPOINT']!,
    headers: { Authorization: authorization },
  });
  const provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] });
  const now = { 'event.timestamp': new Date().toISOString(), output_tokens: 1_000_000 };
  provider.getLogger('claude').emit({ body: 'claude_code.api_request', attributes: claudeRequest(request, now) });
  await provider.forceFlush();
  await provider.shutdown();
}

test('connecting shows the change, and writes it once it is agreed', async () => {
  await workbench.openSideBar();
  await choose('Claude Code');
  await workbench.screenshot('live-agents');
  await accept();
  await dialog().getByText('Connect Claude Code for live recording?').waitFor();
  expect(await dialog().innerText()).toContain('+     "OTEL_LOGS_EXPORTER": "otlp"');
  await workbench.screenshot('live-connect');
  expect(await readFile(settingsFile(), 'utf8')).toBe(SETTINGS);
  await dialog().getByRole('button', { name: 'Connect', exact: true }).click();
  await toast('Changed the settings of Claude Code.').waitFor();
  expect(await readFile(settingsFile(), 'utf8')).toContain('// mine');
});

test('a call of the agent is in the status bar within a second or so', async () => {
  await workbench.statusBarItem.getByText('$0.00').waitFor();
  await claudeCode('req_1');
  // 10 input, 3,000 cached, 100 written and 1,000,000 output tokens of Claude Sonnet 4.5.
  await within(5_000, async () => expect(await workbench.statusBarItem.innerText()).toContain('$15.00'));
  await workbench.screenshot('live-call');
  await claudeCode('req_1');
  const shown = workbench.statusBarItem.getByText('$30.00').waitFor({ timeout: 5_000 });
  const start = performance.now();
  await claudeCode('req_2');
  await shown;
  // docs/live.md has the figure of a quiet machine.
  console.log(`From the export of a call to the status bar: ${Math.round(performance.now() - start)} ms`);
});

// `test/process/live/receive.test.ts` has a take-over between processes in the quick form.
test.runIf(LONG)('a second window takes over when the first one is closed', async () => {
  const second = await editor.openWindow({ noFolder: true });
  await second.statusBarItem.getByText('$30.00').waitFor();
  await workbench.page.goto('about:blank');
  workbench = second;
  await expect
    .poll(() => claudeCode('req_3').then(async () => (await second.statusBarItem.textContent()) ?? ''))
    .toContain('$45.00');
});

test('a call is recorded while the price file cannot be read', async () => {
  const prices = path.join(editor.home, '.config', 'llm-spend', 'prices.json');
  await writeFile(prices, '{');
  await claudeCode('req_9');
  // The agent's own figure is $0.50.
  await within(5_000, async () =>
    expect(await workbench.statusBarItem.innerText()).toContain(LONG ? '$45.50' : '$30.50'),
  );
  await rm(prices);
});

test('disconnecting gives the settings back', async () => {
  await choose('Claude Code');
  await accept();
  await dialog().getByText('Disconnect Claude Code?').waitFor();
  await dialog().getByRole('button', { name: 'Disconnect', exact: true }).click();
  await expect.poll(() => readFile(settingsFile(), 'utf8')).toBe(SETTINGS);
});
