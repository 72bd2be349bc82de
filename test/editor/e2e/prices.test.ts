import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { within } from '../../fixtures/idleTime.ts';
import { LONG } from '../../long.ts';
import { type Editor, openEditor } from './editor.ts';

let editor: Editor;
const RESPONSE = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-5',
  usage: {
    prompt_tokens: 10_000,
    completion_tokens: 2000,
    prompt_tokens_details: { cached_tokens: 6000 },
    agent_tokens: 5,
  },
};
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  model: 'claude-sonnet-4-5-20250929',
  usage: { input_tokens: 10_000, output_tokens: 2000 },
};
const GEMINI = {
  responseId: 'gemini-1',
  modelVersion: 'gemini-2.5-flash',
  usageMetadata: { promptTokenCount: 10_000, candidatesTokenCount: 2000, totalTokenCount: 12_000 },
};
const STREAM = [
  { type: 'message_start', message: { ...MESSAGE, id: 'msg_3', usage: { input_tokens: 1000, output_tokens: 1 } } },
  { type: 'message_delta', usage: { output_tokens: 200 } },
  { type: 'message_stop' },
]
  .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  .join('');
beforeAll(async () => {
  editor = await openEditor();
  await writeFile(path.join(editor.workspace, 'response.json'), JSON.stringify(RESPONSE, undefined, 2));
  await writeFile(path.join(editor.workspace, 'other.json'), '{"usage": "none"');
  const lines = [MESSAGE, { ...MESSAGE, id: 'msg_2' }].map((each) => JSON.stringify(each));
  await writeFile(path.join(editor.workspace, 'responses.txt'), `${lines.join('\n')}\n`);
  await writeFile(path.join(editor.workspace, 'stream.txt'), STREAM);
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
const recordFromResponse = async (source: string): Promise<void> => {
  await editor.workbench.runCommand('LLM Spend: Record Usage from a Response…');
  await editor.workbench.quickInput.getByText(source).click();
};
const button = (name: string): Promise<void> =>
  editor.workbench.page.locator('.monaco-dialog-box').getByRole('button', { name, exact: true }).click();

describe('prices in the editor', () => {
  test('are shown while a usage is typed, and recorded with their source', async () => {
    const { workbench } = editor;
    const { quickInput, page } = workbench;
    const input = quickInput.locator('input[type="text"]').first();
    await workbench.runCommand('LLM Spend: Record Usage');
    await quickInput.filter({ hasText: 'Record Usage' }).waitFor();
    await input.fill('sonnet 4.5 10k');
    await quickInput.getByText('about $0.03 (list price').waitFor();
    await input.fill('sonnet 4.5 10k 2k');
    await quickInput.getByText('about $0.06 (list price').waitFor();
    await workbench.screenshot('price-as-you-type');
    await quickInput.getByText('Tokens read from the cache').click();
    await expect.poll(() => input.inputValue()).toBe('sonnet 4.5 10k 2k cached:');
    await page.keyboard.press('End');
    await page.keyboard.type('8k #client-a #review');
    await quickInput.getByText('#client-a').waitFor();
    await quickInput.getByText('about $0.0384 (list price').waitFor();
    await workbench.screenshot('price-review');
    await page.keyboard.press('Enter');
    await expect.poll(status).toContain('~$0.04');
    await expect.poll(stored).toMatchObject([
      {
        model: 'claude-sonnet-4-5',
        cache_read_tokens: 8000,
        cost_usd: 0.0384,
        billing_mode: 'estimated',
        price_source: 'genai-prices 0.2.3 2026-11-09 anthropic/claude-sonnet-4-5',
        project: 'workspace',
        tags: ['client-a', 'review'],
      },
    ]);
  });

  test('are put on a response that is selected or open, once the person agrees', async () => {
    const { workbench } = editor;
    const { quickInput } = workbench;
    await openFile('response.json');
    await recordFromResponse('The whole document');
    await quickInput.getByText('10,000 in, 2,000 out · about $0.0258 (list price').waitFor();
    await quickInput.getByText('not included in the cost: agent_tokens').waitFor();
    await workbench.screenshot('response-recognised');
    await workbench.answer(/Press Enter to record the selected/, '');
    await workbench.notifications.getByText('Recorded 1 record from the response: ~$0.03.').waitFor();
    await expect
      .poll(async () => (await stored()).at(-1))
      .toMatchObject({ usage_id: 'chatcmpl-1', provider: 'openai', cost_usd: 0.02575, source: 'response' });
  });

  test.runIf(LONG)(
    'are not put a second time on a response that is recorded already, and nothing is offered to undo',
    async () => {
      const { workbench } = editor;
      await openFile('response.json');
      await recordFromResponse('The whole document');
      await workbench.answer(/Press Enter to record the selected/, '');
      const toast = workbench.notifications.filter({ hasText: 'Already recorded: 1 record. Nothing was added.' });
      await toast.waitFor();
      await workbench.screenshot('response-already-recorded');
      expect(await toast.getByRole('button', { name: 'Undo' }).count()).toBe(0);
      expect(await stored()).toHaveLength(2);
    },
  );

  test.runIf(LONG)('are not found in what is no response', async () => {
    const { workbench } = editor;
    await openFile('other.json');
    await recordFromResponse('The whole document');
    await workbench.notifications.getByText('is incomplete').waitFor();
    expect(await stored()).toHaveLength(2);
  });

  test.runIf(LONG)('are put on the one response that is selected, and taken back by a button', async () => {
    const { workbench } = editor;
    const { page, quickInput } = workbench;
    await openFile('responses.txt');
    await page.locator('.monaco-editor .view-lines').first().click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('Shift+End');
    await recordFromResponse('The selected text');
    await quickInput.getByText('10,000 in, 2,000 out · about $0.06 (list price').waitFor();
    expect(await quickInput.getByText('msg_2').count()).toBe(0);
    await workbench.screenshot('response-selected');
    await workbench.answer(/Press Enter to record the selected/, '');
    const toast = workbench.notifications.filter({ hasText: 'Recorded 1 record from the response: ~$0.06.' });
    await expect.poll(async () => (await stored()).at(-1)).toMatchObject({ usage_id: 'msg_1', provider: 'anthropic' });
    await workbench.press(toast, 'Undo');
    await expect.poll(stored).toHaveLength(2);
  });

  test('are put on responses that were copied, of which some may be left out', async () => {
    const { workbench } = editor;
    const { quickInput } = workbench;
    await workbench.copy(JSON.stringify([GEMINI, MESSAGE]));
    await recordFromResponse('The clipboard');
    await quickInput.getByText('10,000 in, 2,000 out · about $0.008 (list price').waitFor();
    await quickInput.locator('.monaco-list-row').filter({ hasText: 'anthropic' }).click();
    await workbench.screenshot('response-pasted');
    await workbench.answer(/Press Enter to record the selected/, '');
    await workbench.notifications.getByText('Recorded 1 record from the response: ~$0.008.').waitFor();
    await expect.poll(stored).toHaveLength(3);
    expect((await stored()).at(-1)).toMatchObject({ usage_id: 'gemini-1', provider: 'google', cost_usd: 0.008 });
    await workbench.copy('nothing of a response');
    await recordFromResponse('The clipboard');
    await workbench.notifications.getByText('This is not JSON').waitFor();
    expect(await stored()).toHaveLength(3);
  });

  test('are put on a stream in a file that is picked', async () => {
    const { workbench } = editor;
    const { quickInput } = workbench;
    await recordFromResponse('A file…');
    await quickInput.locator('.monaco-list-row').filter({ hasText: 'stream.txt' }).click();
    await quickInput.getByText('1,000 in, 200 out · about $0.006 (list price').waitFor();
    await quickInput.getByText('(streamed)').waitFor();
    await workbench.screenshot('response-file');
    await workbench.answer(/Press Enter to record the selected/, '');
    await expect.poll(async () => (await stored()).at(-1)).toMatchObject({ usage_id: 'msg_3', cost_usd: 0.006 });
    // What follows counts from here.
    await editor.llmSpend('remove', 'msg_3', 'gemini-1');
    await expect.poll(status).toContain('~$0.06');
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
    await workbench.runCommand('LLM Spend: Recalculate Estimated Costs…');
    await page.locator('.monaco-dialog-box').getByText('Change the costs of 1 record').waitFor();
    await workbench.screenshot('reprice');
    await button('Recalculate');
    await expect.poll(status).toMatch(/~\$3\.06$/);
    expect((await stored()).at(-1)).toMatchObject({
      cost_usd: 3,
      price_source: expect.stringMatching(/^custom: mine\/my-\*; repriced \d{4}-/) as string,
    });
    await workbench.notifications
      .filter({ hasText: 'Recalculated 1 record.' })
      .getByRole('button', { name: 'Undo' })
      .click();
    await expect.poll(status).toContain('1 unpriced');
    expect(await readFile(editor.ledger, 'utf8')).toBe(before);
  });

  test('of one’s own count for the command too, as long as the setting says them', async () => {
    const { workbench } = editor;
    await expect.poll(() => editor.llmSpend('prices')).toMatch(/mine +my-\* +\$3\.00 .* editor/);
    const named = ['--provider', 'mine', '--model', 'my-other', '--operation', 'chat', '--id', 'other'];
    expect(await editor.llmSpend('record', ...named, '--input-tokens', '1000')).toContain('about $0.003 (custom');
    await setting('llmSpend.prices', []);
    await expect.poll(() => editor.llmSpend('prices')).toContain('No custom prices');
    await editor.llmSpend('remove', 'other');
    await workbench.runCommand('Notifications: Clear All Notifications');
  });

  test.runIf(LONG)('replace a recorded cost only of the models that are named, with a way back', async () => {
    const { workbench } = editor;
    const { page, quickInput } = workbench;
    for (const model of ['claude-sonnet-4-5', 'claude-haiku-4-5']) {
      const call = ['--provider', 'anthropic', '--model', model, '--operation', 'chat', '--input-tokens', '100000'];
      await editor.llmSpend('record', ...call, '--cost-usd', '7', '--id', model);
    }
    await expect.poll(status).toMatch(/\$14\.06/);
    const before = await readFile(editor.ledger, 'utf8');
    await workbench.runCommand('LLM Spend: Replace Reported Costs with List Prices…');
    const row = quickInput.locator('.monaco-list-row').filter({ hasText: 'claude-sonnet-4-5' });
    await row.getByText('1 record: reported $7.00, list price ~$0.30').waitFor();
    // Nothing is chosen to begin with, and Enter alone changes nothing.
    await page.keyboard.press('Enter');
    await quickInput.waitFor({ state: 'hidden' });
    await workbench.runCommand('LLM Spend: Replace Reported Costs with List Prices…');
    await row.click();
    await workbench.screenshot('reprice-recorded');
    await page.keyboard.press('Enter');
    await page.locator('.monaco-dialog-box').getByText('Change the costs of 1 record').waitFor();
    await page.locator('.monaco-dialog-box').getByText('are replaced by estimates').waitFor();
    expect(await readFile(editor.ledger, 'utf8')).toBe(before);
    await button('Recalculate');
    await expect.poll(status).toMatch(/~\$7\.36/);
    await workbench.notifications
      .filter({ hasText: 'Recalculated 1 record.' })
      .getByRole('button', { name: 'Undo' })
      .click();
    await expect.poll(() => readFile(editor.ledger, 'utf8')).toBe(before);
    await editor.llmSpend('remove', 'claude-sonnet-4-5', 'claude-haiku-4-5');
    await expect.poll(status).toMatch(/~\$0\.06 \+ 1 unpriced/);
    await workbench.runCommand('Notifications: Clear All Notifications');
  });

  test('are shown in another currency, marked, while USD are stored', async () => {
    const { workbench } = editor;
    await setting('llmSpend.currency', { currency: 'EUR', rate: 0.5 });
    await within(5000, async () => expect(await status()).toMatch(/~EUR\s0\.03 \+ 1 unpriced/));
    await workbench.openSideBar();
    await workbench.page.getByRole('treeitem', { name: /This month, ~EUR/ }).waitFor();
    await workbench.statusBarItem.hover();
    await workbench.page.getByText('Shown in EUR at your rates.').waitFor();
    await workbench.screenshot('currency-tooltip');
    const history = workbench.webview('view');
    await expect.poll(() => history.locator('.headline-cost').textContent()).toMatch(/~EUR\s0\.03/);
    await workbench.screenshot('currency');
    await setting('llmSpend.currency', { currency: 'EUR', rates: { '2099-01-01': 0.5 } });
    await within(5000, async () => expect(await status()).toContain('~$0.06 + 1 unpriced'));
    await setting('llmSpend.currency', {});
  });

  test('are fetched only after a question', async () => {
    const { workbench } = editor;
    await workbench.runCommand('LLM Spend: Download Latest Prices…');
    await workbench.page.locator('.monaco-dialog-box').getByText('Prices have not been downloaded').waitFor();
    await workbench.screenshot('update-prices');
    await button('Cancel');
  });
});
