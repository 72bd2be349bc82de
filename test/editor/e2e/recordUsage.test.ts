import { readFile } from 'node:fs/promises';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { type Editor, openEditor } from './editor.ts';

let editor: Editor;
let input: Locator;
beforeAll(async () => {
  editor = await openEditor();
  await editor.workbench.statusBarItem.waitFor();
  input = editor.workbench.quickInput.locator('input[type="text"]').first();
});
afterAll(() => editor?.close());

const status = (): Promise<string> => editor.workbench.statusBarItem.innerText();
const stored = async (): Promise<UsageRecord[]> =>
  JSON.parse(await readFile(editor.ledger, 'utf8').catch(() => '[]')) as UsageRecord[];
const row = (text: string | RegExp): Locator =>
  editor.workbench.quickInput.locator('.monaco-list-row').filter({ hasText: text });

async function openInput(): Promise<void> {
  await editor.workbench.runCommand('LLM Spend: Record Usage');
  await editor.workbench.quickInput.getByPlaceholder(/gpt-5 12k 800/).waitFor();
  // The rows are looked at below.
  await row('claude').first().waitFor();
}

describe('Record Usage', () => {
  test('takes one line, and shows what it would record', async () => {
    const { workbench } = editor;
    await openInput();
    await workbench.screenshot('record-usage-empty');
    await workbench.page.keyboard.type('gpt5 12k 800');
    await row('Record gpt-5').getByText('openai · chat · 12,000 in, 800 out').waitFor();
    await row('Record gpt-5').getByText('about $0.023 (list price, gpt-5)').waitFor();
    await workbench.screenshot('record-usage-line');
    await workbench.page.keyboard.press('Enter');
    await workbench.notifications.getByText('Recorded ~$0.02 for gpt-5.').waitFor();
    await expect.poll(stored).toMatchObject([
      {
        provider: 'openai',
        model: 'gpt-5',
        operation: 'chat',
        input_tokens: 12_000,
        output_tokens: 800,
        cost_usd: 0.023,
        source: 'manual',
        project: 'workspace',
      },
    ]);
  });

  test('says what is wrong while it is typed, and records nothing', async () => {
    const { workbench } = editor;
    await openInput();
    await input.fill('gpt-5 -5');
    await row('"-5" is not a number here').waitFor();
    await workbench.screenshot('record-usage-invalid');
    await workbench.page.keyboard.press('Enter');
    await input.fill('gpt-5 11 22 33 44');
    await row('There are more numbers than input, output and cached tokens: 44').waitFor();
    expect(await stored()).toHaveLength(1);
  });

  test('keeps a line that was left for the next time', async () => {
    const { workbench } = editor;
    await input.fill('gpt-5 7k 1k');
    await row('7,000 in, 1,000 out').waitFor();
    await workbench.page.keyboard.press('Escape');
    await workbench.quickInput.waitFor({ state: 'hidden' });
    expect(await stored()).toHaveLength(1);
    await workbench.runCommand('LLM Spend: Record Usage');
    await row('7,000 in, 1,000 out').waitFor();
    expect(await input.inputValue()).toBe('gpt-5 7k 1k');
  });

  test('offers other models, and asks for a provider where none is known', async () => {
    const { workbench } = editor;
    await input.fill('0.25 "gpt $(trash) <b>"');
    // The person's own providers come first.
    await row('Record gpt $(trash) <b>').getByText('openai · chat').waitFor();
    await input.fill('0.25 "gpt $(trash) <b>" provider:me');
    await row('Record gpt $(trash) <b>').getByText('me · chat').waitFor();
    await workbench.page.keyboard.press('Enter');
    await workbench.notifications.getByText('Recorded $0.25 for gpt $(trash) <b>.').waitFor();
    await expect.poll(status).toContain('~$0.27');
    await openInput();
    await input.fill('sonnet 1k');
    await row('claude-sonnet-4-5').first().click();
    await expect.poll(() => input.inputValue()).toBe('claude-sonnet-4-5 1k ');
    await row('Record claude-sonnet-4-5').waitFor();
    await workbench.screenshot('record-usage-models');
  });

  test('counts what has neither tokens nor a cost as unpriced, and takes it back by a button', async () => {
    const { workbench } = editor;
    await input.fill('mistral-small');
    await row('Record mistral-small').getByText('price unknown').waitFor();
    await workbench.page.keyboard.press('Enter');
    await expect.poll(status).toContain('+ 1 unpriced');
    const toast = workbench.notifications.filter({
      hasText: 'Recorded a call of mistral-small. Its price is unknown.',
    });
    await workbench.press(toast, 'Undo');
    await expect.poll(status).not.toContain('unpriced');
    await expect.poll(stored).toHaveLength(2);
  });

  test('leads from an unpriced call to its price in two clicks, and back', async () => {
    const { workbench } = editor;
    await openInput();
    await input.fill('zzz-own 1M 100k provider:me');
    await row('Record zzz-own').waitFor();
    await workbench.page.keyboard.press('Enter');
    const toast = workbench.notifications.filter({ hasText: 'Recorded a call of zzz-own. Its price is unknown.' });
    await workbench.press(toast, 'Set Price…');
    await workbench.quickInput.filter({ hasText: 'Price of zzz-own (me)' }).waitFor();
    await row('Free').waitFor();
    await input.fill('1 x');
    await row('"x" must be a finite number of USD').waitFor();
    await input.fill('1 10');
    await row('1 call would cost about $2').waitFor();
    await workbench.screenshot('set-price');
    await workbench.page.keyboard.press('Enter');
    const done = workbench.notifications.filter({ hasText: 'Priced 1 call of zzz-own: ~$2.00.' });
    await done.waitFor();
    await expect.poll(status).not.toContain('unpriced');
    await done.getByRole('button', { name: 'Undo' }).click();
    await workbench.notifications.filter({ hasText: 'The price is removed. Unpriced again: 1 call.' }).waitFor();
    await expect.poll(status).toContain('1 unpriced');
  });

  test('sets a price from the cost history, as the nearest model has it', async () => {
    const { workbench } = editor;
    await workbench.runCommand('LLM Spend: Open Cost History');
    const panel = workbench.webview('panel');
    await panel.getByRole('button', { name: 'Set prices for 1 unpriced call' }).click();
    await row('zzz-own').click();
    await row('Free').click();
    await workbench.notifications.filter({ hasText: 'Priced 1 call of zzz-own: ~$0.00.' }).waitFor();
    await expect.poll(status).not.toContain('unpriced');
  });

  test('edits a record that was wrong, and takes it back', async () => {
    const { workbench } = editor;
    const panel = workbench.webview('panel');
    await panel.locator('.record').filter({ hasText: 'gpt-5' }).first().click();
    await panel.getByRole('complementary').getByRole('button', { name: 'Edit' }).click();
    await workbench.quickInput.filter({ hasText: 'Edit 1 record' }).waitFor();
    await workbench.screenshot('edit-record');
    await row(/^Project/).click();
    await workbench.answer('Leave empty to remove the project', 'other project');
    const done = workbench.notifications.filter({ hasText: 'Edited 1 record.' });
    await done.waitFor();
    const projects = async (): Promise<unknown[]> => (await stored()).map(({ project }) => project);
    await expect.poll(projects).toContain('other project');
    await done.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(projects).not.toContain('other project');
  });

  test('says when a call counts on another day, and leads there', async () => {
    const { workbench } = editor;
    await openInput();
    await input.fill('gpt-5 $3 time:2025-03-04T12:00:00Z');
    await row('Record gpt-5').waitFor();
    await workbench.page.keyboard.press('Enter');
    const toast = workbench.notifications.filter({ hasText: 'It counts on Mar 4, 2025.' });
    await workbench.press(toast, 'Show in Cost History');
    const panel = workbench.webview('panel');
    await expect.poll(() => panel.locator('.headline-cost').innerText()).toContain('$3.00');
    await workbench.screenshot('record-usage-other-day');
  });

  test('comes back from a removal by the palette, after a question', async () => {
    const { workbench } = editor;
    await workbench.runCommand('LLM Spend: Undo Last Change of the Ledger');
    const question = workbench.page
      .locator('.monaco-dialog-box')
      .filter({ hasText: 'Undo the recording of 1 record?' });
    await question.waitFor();
    await workbench.screenshot('undo');
    await question.getByRole('button', { name: 'Undo' }).click();
    await workbench.notifications.getByText('Undid the recording of 1 record.').waitFor();
    await workbench.runCommand('LLM Spend: Undo Last Change of the Ledger');
    const next = workbench.page
      .locator('.monaco-dialog-box')
      .filter({ hasText: /Undo the (?:change|repricing) of 1 record\?/ });
    await next.waitFor();
    await next.getByRole('button', { name: 'Cancel' }).click();
    await next.waitFor({ state: 'hidden' });
    expect(await stored()).toHaveLength(3);
  });
});
