import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Editor, openEditor } from '../e2e/editor.ts';

let editor: Editor;
let first: string;
let second: string;

const usage = (id: string, cost: number, more = {}): object => ({
  usage_id: id,
  provider: 'gemini',
  model: 'gemini-2.5-flash',
  operation: 'extraction',
  cost_usd: cost,
  timestamp: new Date().toISOString(),
  ...more,
});
/** Whole or not at all, as every careful program writes. */
async function replace(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

beforeAll(async () => {
  // The variable would win over the setting.
  editor = await openEditor({ env: { LLM_SPEND_LEDGER: '' } });
  first = path.join(editor.home, '.config/llm-spend/costs.json');
  second = path.join(editor.home, 'elsewhere/costs.json');
});
afterAll(() => editor?.close());

const status = (): Promise<string> => editor.workbench.statusBarItem.innerText();
/** Of the machine that the extension runs on: what the settings editor calls "Remote". */
const setting = async (name: string, value: unknown): Promise<void> => {
  const file = path.join(editor.server.folder, 'user-data/Machine/settings.json');
  const settings = JSON.parse(await readFile(file, 'utf8').catch(() => '{}')) as object;
  await replace(file, JSON.stringify({ ...settings, [name]: value }));
};
const button = (name: string): Promise<void> =>
  editor.workbench.page.locator('.monaco-dialog-box').getByRole('button', { name, exact: true }).click();

describe('the ledger, from the editor', () => {
  test('is found when its folder is made after the editor started', async () => {
    await expect.poll(status).toContain('$0.00');
    await replace(first, JSON.stringify([usage('a', 1), usage('b', 2)]));
    await expect.poll(status).toContain('$3.00');
  });

  test("is shown merged with inkwell's, once that is there, counting a usage once", async () => {
    const inkwell = path.join(editor.home, '.config/inkwell/costs.json');
    await replace(inkwell, JSON.stringify([usage('b', 2), usage('c', 4)]));
    await expect.poll(status).toContain('$7.00');
    await rm(inkwell);
    await expect.poll(status).toContain('$3.00');
  });

  test('is another one when the setting says so, at once', async () => {
    await replace(second, JSON.stringify([usage('d', 8)]));
    await setting('llmSpend.ledgerPath', '~/elsewhere/costs.json');
    await expect.poll(status).toContain('$8.00');
    await setting('llmSpend.ledgerPath', 'costs.json');
    await editor.workbench.page.locator('[id^="llm-spend.llm-spend"] .codicon-warning').waitFor();
    await setting('llmSpend.ledgerPath', '');
    await expect.poll(status).toContain('$3.00');
  });

  test('is cleared after a question, and comes back', async () => {
    const { workbench } = editor;
    await workbench.runCommand('LLM Spend: Clear Ledger…');
    await workbench.screenshot('clear-ledger');
    await button('Cancel');
    expect(await status()).toContain('$3.00');
    await workbench.runCommand('LLM Spend: Clear Ledger…');
    await button('Clear');
    await expect.poll(status).toContain('$0.00');
    await workbench.notifications
      .filter({ hasText: 'Cleared 2 records.' })
      .getByRole('button', { name: 'Undo' })
      .click();
    await expect.poll(status).toContain('$3.00');
  });

  test('is verified and repaired when it is damaged', async () => {
    const { workbench } = editor;
    const text = JSON.stringify([usage('e', 16), usage('f', 32, { model: '[x](command:quit)' })]);
    await replace(first, text.slice(0, -4));
    await workbench.page.locator('[id^="llm-spend.llm-spend"] .codicon-warning').waitFor();
    await workbench.runCommand('LLM Spend: Verify Ledger');
    await workbench.page.locator('.editor-instance').getByText('The ledger is damaged').waitFor();
    await workbench.screenshot('verify-ledger');
    await workbench.notifications
      .filter({ hasText: 'The ledger is damaged' })
      .getByRole('button', { name: 'Repair Ledger…' })
      .click();
    await workbench.page.locator('.monaco-dialog-box').getByText('Repair the ledger?').waitFor();
    await workbench.screenshot('repair-ledger');
    await button('Repair');
    await workbench.page.locator('[id^="llm-spend.llm-spend"] .codicon-credit-card').waitFor();
    expect(JSON.parse(await readFile(first, 'utf8'))).toContainEqual(expect.objectContaining({ usage_id: 'e' }));
  });

  test('shows the period that the settings name, or nothing', async () => {
    const year = new Date().getFullYear() - 2;
    const before = JSON.parse(await readFile(first, 'utf8')) as object[];
    await replace(first, JSON.stringify([...before, usage('old', 1000, { timestamp: `${year}-01-01T00:00:00Z` })]));
    await setting('llmSpend.statusBar.period', 'all');
    await expect.poll(status).toMatch(/\$1,0\d\d\.00/);
    await setting('llmSpend.statusBar.enabled', false);
    await editor.workbench.statusBarItem.waitFor({ state: 'hidden' });
    await setting('llmSpend.statusBar.enabled', true);
    await editor.workbench.statusBarItem.waitFor();
  });

  test('opens as a file', async () => {
    await editor.workbench.runCommand('LLM Spend: Open Ledger File');
    await editor.workbench.page.getByRole('tab', { name: 'costs.json' }).waitFor();
  });
});
