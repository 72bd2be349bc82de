import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Editor, openEditor } from '../e2e/editor.ts';

/** Errors of files, provoked: each message has the button that mends it, and the button works, here in a browser. */

let editor: Editor;
beforeAll(async () => {
  const prepare = (home: string): Promise<unknown> => mkdir(path.join(home, '.config/llm-spend'), { recursive: true });
  editor = await openEditor({ records: [], prepare: async (home) => void (await prepare(home)) });
  await editor.workbench.statusBarItem.filter({ hasText: '$' }).waitFor();
});
afterAll(() => editor?.close());

const toast = (text: string | RegExp): Locator => editor.workbench.notifications.filter({ hasText: text });
const config = (name: string): string => path.join(editor.home, '.config/llm-spend', name);
const tab = (name: string): Locator => editor.workbench.page.getByRole('tab', { name });

describe('an error of a file shows the button that mends it', () => {
  test('budgets that are no JSON: the file opens', async () => {
    await writeFile(config('budgets.json'), '{"no": 1');
    await toast('budgets.json, line 1: this is not valid JSON').getByRole('button', { name: 'Show File' }).click();
    await tab('budgets.json').waitFor();
    await rm(config('budgets.json'));
  });

  test('prices that are no JSON: the file opens, from the error of the command too', async () => {
    const { workbench } = editor;
    await editor.llmSpend('record', 'gpt-5', '12k', '800');
    await expect.poll(() => workbench.statusBarItem.innerText()).toMatch(/0\.02/);
    await writeFile(config('prices.json'), '[{"model": ');
    await workbench.runCommand('LLM Spend: Recalculate Estimated Costs…');
    const error = toast('prices.json is not valid JSON').filter({ has: workbench.page.getByText('Show Log') });
    await error.getByRole('button', { name: 'Show File' }).click();
    await tab('prices.json').waitFor();
    await workbench.screenshot('remedy-prices');
    // The command says it; the prices do not say it once more.
    await workbench.runCommand('Notifications: Show Notifications');
    const centre = workbench.page.locator('.notifications-center');
    await centre.waitFor();
    expect(await centre.getByText('prices.json is not valid JSON').count()).toBe(0);
    await rm(config('prices.json'));
    await workbench.runCommand('Notifications: Clear All Notifications');
  });

  test("an agent's folder that cannot be read: says which, and imports again once it can", async () => {
    const { workbench, home } = editor;
    const folder = path.join(home, '.claude/projects');
    await mkdir(path.dirname(folder), { recursive: true });
    // A link to itself, because root reads every folder.
    await symlink('projects', folder);
    await workbench.runCommand('LLM Spend: Import Usage');
    const row = workbench.quickInput.locator('.monaco-list-row').filter({ hasText: 'Claude Code' });
    await row.getByText(folder).waitFor();
    await workbench.page.keyboard.press('Enter');
    const warning = toast(`Not all usage of Claude Code was imported: ${folder} cannot be read. ELOOP`);
    await warning.waitFor();
    expect(await warning.getByRole('button', { name: 'Show File' }).count()).toBe(1);
    await workbench.screenshot('remedy-folder');
    await rm(folder);
    await mkdir(path.join(folder, 'site'), { recursive: true });
    const message = { id: 'm1', model: 'claude-opus-4-6', usage: { input_tokens: 100_000, output_tokens: 0 } };
    const line = { timestamp: new Date().toISOString(), sessionId: 's', version: '2.1.0', requestId: 'r1', message };
    await writeFile(path.join(folder, 'site/one.jsonl'), `${JSON.stringify(line)}\n`);
    await warning.getByRole('button', { name: 'Try Again' }).click();
    await toast('Imported 1 call: ~$0.50 at list prices.').waitFor();
  });
});
