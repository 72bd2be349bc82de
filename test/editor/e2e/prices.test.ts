import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { type Editor, openEditor } from './editor.ts';

let editor: Editor;
const RESPONSE = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-5',
  usage: { prompt_tokens: 10_000, completion_tokens: 2000, prompt_tokens_details: { cached_tokens: 6000 } },
};
beforeAll(async () => {
  editor = await openEditor();
  await writeFile(path.join(editor.workspace, 'response.json'), JSON.stringify(RESPONSE, undefined, 2));
  await writeFile(path.join(editor.workspace, 'other.json'), '{"usage": "none"');
  await editor.workbench.statusBarItem.waitFor();
});
afterAll(() => editor?.close());

const status = (): Promise<string> => editor.workbench.statusBarItem.innerText();
const stored = async (): Promise<UsageRecord[]> =>
  JSON.parse(await readFile(editor.ledger, 'utf8').catch(() => '[]')) as UsageRecord[];
/** Of the machine that the extension runs on: what the settings editor calls "Remote". */
const setting = async (name: string, value: unknown): Promise<void> => {
  const file = path.join(editor.server.folder, 'user-data/Machine/settings.json');
  const settings = JSON.parse(await readFile(file, 'utf8').catch(() => '{}')) as object;
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.new`, JSON.stringify({ ...settings, [name]: value }));
  await rename(`${file}.new`, file);
};
const openFile = async (name: string): Promise<void> => {
  const { page, quickInput } = editor.workbench;
  await page.keyboard.press('Control+P');
  await quickInput.locator('input[type="text"]').first().fill(name);
  await quickInput.locator('.monaco-list-row').filter({ hasText: name }).first().click();
  await page.getByRole('tab', { name }).waitFor();
};
const button = (name: string): Promise<void> =>
  editor.workbench.page.locator('.monaco-dialog-box').getByRole('button', { name, exact: true }).click();

describe('prices in the editor', () => {
  test('are shown while a usage is typed, and recorded with their source', async () => {
    const { workbench } = editor;
    const { quickInput, page } = workbench;
    const input = quickInput.locator('input[type="text"]').first();
    await workbench.runCommand('LLM Spend: Record Usage');
    await quickInput.locator('.monaco-list-row').filter({ hasText: 'anthropic' }).first().waitFor();
    await workbench.answer(/Provider/, 'anthropic');
    await quickInput.getByText('(2/7)').waitFor();
    await input.fill('sonnet-4-5');
    await quickInput.locator('.monaco-list-row').filter({ hasText: 'claude-sonnet-4-5' }).first().waitFor();
    await workbench.screenshot('price-models');
    await workbench.answer(/Model/, 'claude-sonnet-4-5');
    await workbench.answer(/Operation/, 'chat');
    await quickInput.getByText('Tokens sent').waitFor();
    await input.fill('10k');
    await quickInput.getByText('~$0.03 by genai-prices').waitFor();
    await page.keyboard.press('Enter');
    await quickInput.getByText('Tokens received').waitFor();
    await input.fill('2k');
    await quickInput.getByText('~$0.06 by genai-prices').waitFor();
    await workbench.screenshot('price-as-you-type');
    await page.keyboard.press('Enter');
    await workbench.answer(/What the call cost/, '');
    await quickInput.getByText('Read from the cache').click();
    await workbench.answer(/Part of the input tokens/, '8k');
    await quickInput.getByText('Tags').click();
    await workbench.answer(/with commas between/, 'client-a, review');
    await quickInput.getByText('client-a, review').waitFor();
    await quickInput.getByText('~$0.0384 by genai-prices').waitFor();
    await workbench.screenshot('price-review');
    await workbench.answer(/Enter records it/, '');
    await expect.poll(status).toContain('~$0.04');
    await expect.poll(stored).toMatchObject([
      {
        model: 'claude-sonnet-4-5',
        cache_read_tokens: 8000,
        cost_usd: 0.0384,
        billing_mode: 'estimated',
        price_source: 'genai-prices 0.1.8 2026-09-23 anthropic/claude-sonnet-4-5',
        project: 'workspace',
        tags: ['client-a', 'review'],
      },
    ]);
  });

  test('are put on a response that is selected or open, once the person agrees', async () => {
    const { workbench } = editor;
    const { quickInput } = workbench;
    await openFile('response.json');
    await workbench.runCommand('LLM Spend: Record Usage from a Response…');
    await quickInput.getByText('The whole document').click();
    await quickInput.getByText('10,000 in, 2,000 out · ~$0.02575 by genai-prices').waitFor();
    await workbench.screenshot('response-recognised');
    await workbench.answer(/Enter records what is chosen/, '');
    await workbench.notifications.getByText('Recorded 1 record from the response: $0.03.').waitFor();
    await expect
      .poll(async () => (await stored()).at(-1))
      .toMatchObject({ usage_id: 'chatcmpl-1', provider: 'openai', cost_usd: 0.02575, source: 'response' });
  });

  test('are not found in what is no response', async () => {
    const { workbench } = editor;
    await openFile('other.json');
    await workbench.runCommand('LLM Spend: Record Usage from a Response…');
    await workbench.quickInput.getByText('The whole document').click();
    await workbench.notifications.getByText('ends in the middle').waitFor();
    expect(await stored()).toHaveLength(2);
  });

  test('of one’s own win, and price again what was recorded before, with a way back', async () => {
    const { workbench } = editor;
    const { page } = workbench;
    const named = ['--provider', 'mine', '--model', 'my-model', '--operation', 'chat'];
    await editor.llmSpend('record', ...named, '--input-tokens', '1000000');
    await expect.poll(status).toContain('1 unpriced');
    // The editor shows three at a time.
    await workbench.runCommand('Notifications: Clear All Notifications');
    await setting('llmSpend.prices', [
      { model: 'my-model', input: 2 },
      { provider: 'mine', model: 'my-*', input: 3, output: 5 },
    ]);
    await workbench.notifications.getByText('Setting llmSpend.prices, entry 1: output is required.').waitFor();
    await workbench.screenshot('price-setting-problem');
    const before = await readFile(editor.ledger, 'utf8');
    await workbench.runCommand('LLM Spend: Reprice Ledger…');
    await page.locator('.monaco-dialog-box').getByText('Set the costs of 1 record').waitFor();
    await workbench.screenshot('reprice');
    await button('Reprice');
    await expect.poll(status).toMatch(/~\$3\.06$/);
    expect((await stored()).at(-1)).toMatchObject({
      cost_usd: 3,
      price_source: expect.stringMatching(/^custom: mine\/my-\*; repriced \d{4}-/) as string,
    });
    await workbench.notifications
      .filter({ hasText: 'Repriced 1 record.' })
      .getByRole('button', { name: 'Undo' })
      .click();
    await expect.poll(status).toContain('1 unpriced');
    expect(await readFile(editor.ledger, 'utf8')).toBe(before);
  });

  test('are shown in another currency, marked, while USD are stored', async () => {
    const { workbench } = editor;
    await setting('llmSpend.currency', { currency: 'EUR', rate: 0.5 });
    await expect.poll(status, { timeout: 5000 }).toMatch(/~EUR\s0\.03 \+ 1 unpriced/);
    await workbench.openSideBar();
    await workbench.page.getByRole('treeitem', { name: /This month, ~EUR/ }).waitFor();
    await workbench.statusBarItem.hover();
    await workbench.page.getByText('Shown in EUR at your rates.').waitFor();
    const history = workbench.webview('view');
    await expect.poll(() => history.locator('.headline-cost').textContent()).toMatch(/~EUR\s0\.03/);
    await workbench.screenshot('currency');
    await setting('llmSpend.currency', { currency: 'EUR', rates: { '2099-01-01': 0.5 } });
    await expect.poll(status, { timeout: 5000 }).toContain('~$0.06 + 1 unpriced');
    await setting('llmSpend.currency', {});
  });

  test('are fetched only after a question', async () => {
    const { workbench } = editor;
    await workbench.runCommand('LLM Spend: Update Prices…');
    await workbench.page.locator('.monaco-dialog-box').getByText('Prices were never fetched').waitFor();
    await workbench.screenshot('update-prices');
    await button('Cancel');
  });
});
