/**
 * What every person needs, in the oldest editor that npm has at or above `engines.vscode`: activation, the status bar and
 * its refresh, a record by hand, the cost history. `npm test -- oldest` runs all end-to-end tests there.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { within } from '../../fixtures/idleTime.ts';
import { sampleLedger } from '../../fixtures/sampleLedger.ts';
import { type Editor, openEditor } from '../e2e/editor.ts';

let editor: Editor;
beforeAll(async () => {
  editor = await openEditor({ records: sampleLedger({ now: new Date(), days: 8 }) });
});
afterAll(() => editor?.close());

const status = (): Promise<string> => editor.workbench.statusBarItem.innerText();
const record = (model: string, cost: string): Promise<string> =>
  editor.llmSpend('record', '--provider', 'openai', '--model', model, '--operation', 'chat', '--cost-usd', cost);

test('the extension starts, and shows an amount in the status bar', async () => {
  await editor.workbench.statusBarItem.waitFor();
  await expect.poll(status).toMatch(/\$\d/);
});

test('the status bar follows another process within a second of its end', async () => {
  const before = await status();
  await record('gpt-5', '100');
  await within(1000, async () => expect(await status()).not.toBe(before));
});

test('a usage is recorded by hand', async () => {
  const { workbench } = editor;
  const before = await status();
  await workbench.runCommand('LLM Spend: Record Usage');
  const row = workbench.quickInput.locator('.monaco-list-row');
  // The row is looked at below.
  await row.filter({ hasText: 'claude' }).first().waitFor();
  await workbench.page.keyboard.type('0.25 gpt5 12k 800');
  await row.filter({ hasText: 'Record gpt-5' }).waitFor();
  await workbench.page.keyboard.press('Enter');
  await workbench.notifications.getByText('Recorded $0.25 for gpt-5.').waitFor();
  await expect.poll(status).not.toBe(before);
  const found = await editor.llmSpend('export', '--format', 'ndjson', '--model', 'gpt-5', '--source', 'manual');
  expect(found).toMatch(/"input_tokens":12000,"output_tokens":800,.*"cost_usd":0\.25,/);
});

test('the cost history opens as a panel and in the side bar, and follows other processes', async () => {
  const { workbench } = editor;
  await workbench.runCommand('LLM Spend: Open Cost History');
  const panel = workbench.webview('panel');
  await panel.locator('.record').first().waitFor();
  await panel.locator('.bar').first().waitFor();
  await record('gpt-5-mini', '123');
  await expect.poll(() => panel.locator('.record').first().innerText()).toContain('$123.00');
  await workbench.openSideBar();
  const view = workbench.webview('view');
  await view.locator('.headline-cost').waitFor();
  expect(await view.locator('.headline-cost').innerText()).toBe(await panel.locator('.headline-cost').innerText());
  await workbench.screenshot('oldest-editor');
  expect(workbench.complaints.filter((each) => !each.includes('frame-ancestors'))).toEqual([]);
});
