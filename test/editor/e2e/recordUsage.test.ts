import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { type Editor, openEditor } from './editor.ts';

let editor: Editor;
beforeAll(async () => {
  editor = await openEditor();
  await editor.workbench.statusBarItem.waitFor();
});
afterAll(() => editor?.close());

const status = (): Promise<string> => editor.workbench.statusBarItem.innerText();
const stored = async (): Promise<UsageRecord[]> =>
  JSON.parse(await readFile(editor.ledger, 'utf8').catch(() => '[]')) as UsageRecord[];

describe('Record Usage', () => {
  test('asks step by step, and says what is wrong while it is typed', async () => {
    const { workbench } = editor;
    const { quickInput, page } = workbench;
    const input = quickInput.locator('input[type="text"]').first();
    await workbench.runCommand('LLM Spend: Record Usage');
    await workbench.answer(/Provider/, 'openai');
    await workbench.answer(/Model/, 'gpt $(trash) <b>');
    await workbench.answer(/Operation/, 'chat');
    await quickInput.getByText('Input tokens including cached').waitFor();
    await input.fill('-5');
    await quickInput.getByText('must not be negative').waitFor();
    await workbench.screenshot('record-usage-invalid');
    await page.keyboard.press('Enter');
    await input.fill('12k');
    await page.keyboard.press('Enter');
    await workbench.answer(/Output tokens, e.g./, '800');
    await workbench.answer(/Cost of the call/, '0.25');
    await workbench.answer(/Press Enter to record/, '');
    await workbench.notifications.getByText('Recorded $0.25 for gpt $(trash) <b>.').waitFor();
    await expect.poll(status).toContain('$0.25');
    await expect.poll(stored).toMatchObject([
      {
        provider: 'openai',
        model: 'gpt $(trash) <b>',
        operation: 'chat',
        input_tokens: 12_000,
        output_tokens: 800,
        cost_usd: 0.25,
        source: 'manual',
      },
    ]);
  });

  test('begins with what was recorded last, goes back, and takes an empty cost as unknown', async () => {
    const { workbench } = editor;
    const { quickInput, page } = workbench;
    await workbench.runCommand('LLM Spend: Record Usage');
    await quickInput.locator('.monaco-list-row.focused').filter({ hasText: 'openai' }).waitFor();
    await workbench.screenshot('record-usage-provider');
    await page.keyboard.press('Enter');
    await quickInput.locator('.monaco-list-row.focused').filter({ hasText: 'gpt $(trash) <b>' }).waitFor();
    await quickInput.getByRole('button', { name: 'Back' }).click();
    await workbench.answer(/Provider/, 'mistral');
    await workbench.answer(/Model/, 'small');
    await workbench.answer(/Operation/, 'chat');
    await workbench.answer(/Input tokens including cached/, '');
    await workbench.answer(/Output tokens, e.g./, '');
    await workbench.answer(/Cost of the call/, '');
    await workbench.answer(/Press Enter to record/, '');
    await expect.poll(status).toContain('$0.25 + 1 unpriced');
    await expect.poll(async () => (await stored()).at(-1)).toMatchObject({ provider: 'mistral', cost_known: false });
  });

  test('is taken back by a button', async () => {
    const { workbench } = editor;
    const toast = workbench.notifications.filter({ hasText: 'Recorded a call of small. Its price is unknown.' });
    await toast.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(status).not.toContain('unpriced');
    await expect.poll(stored).toHaveLength(1);
  });

  test('records nothing when it is left', async () => {
    const { workbench } = editor;
    await workbench.runCommand('LLM Spend: Record Usage');
    await workbench.answer(/Provider/, 'google');
    await workbench.quickInput.getByText('(2/7)').waitFor();
    await workbench.page.keyboard.press('Escape');
    await workbench.quickInput.waitFor({ state: 'hidden' });
    expect(await stored()).toHaveLength(1);
  });

  test('comes back from a removal by the palette, after a question', async () => {
    const { workbench } = editor;
    await workbench.runCommand('LLM Spend: Undo Last Change of the Ledger');
    const question = workbench.page.locator('.monaco-dialog-box').filter({ hasText: 'Undo the removal of 1 record?' });
    await question.waitFor();
    await workbench.screenshot('undo');
    await question.getByRole('button', { name: 'Undo' }).click();
    await workbench.notifications.getByText('Undid the removal of 1 record.').waitFor();
    await expect.poll(status).toContain('$0.25 + 1 unpriced');
    await workbench.runCommand('LLM Spend: Undo Last Change of the Ledger');
    // What this window has recorded comes next.
    const next = workbench.page.locator('.monaco-dialog-box').filter({ hasText: 'Undo the recording of 1 record?' });
    await next.waitFor();
    await next.getByRole('button', { name: 'Cancel' }).click();
    await next.waitFor({ state: 'hidden' });
    expect(await stored()).toHaveLength(2);
  });
});
