import { readFile } from 'node:fs/promises';
import type { FrameLocator, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { type Editor, openEditor } from '../e2e/editor.ts';

/** Records are edited by a person without a pointer: menus, questions and the buttons of messages too. Nothing here clicks. */

const MANY = 10_000;
const start = Date.now() - MANY * 1_000 - 60_000;

const call = (id: string, provider: string, model: string, at: number): UsageRecord => ({
  usage_id: id,
  provider,
  model,
  operation: 'chat',
  input_tokens: 10,
  output_tokens: 5,
  total_tokens: 15,
  cost_usd: 0.01,
  cost_known: true,
  billing_mode: 'known',
  timestamp: new Date(at).toISOString(),
});
const records = [
  ...Array.from({ length: MANY }, (_, i) => call(`many-${i}`, 'openai', 'gpt-5', start + i * 1_000)),
  // The first rows of the table.
  ...['first', 'second', 'third'].map((id, i) => call(id, 'acme', `acme-${id}`, Date.now() - 10_000 - i * 1_000)),
];

let editor: Editor;
let panel: FrameLocator;
beforeAll(async () => {
  editor = await openEditor({ records, width: 1400, height: 900 });
  await editor.workbench.statusBarItem.filter({ hasText: '$100.03' }).waitFor();
  panel = editor.workbench.webview('panel');
});
afterAll(() => editor?.close());

const press = (key: string): Promise<void> => editor.workbench.page.keyboard.press(key);
const type = (text: string): Promise<void> => editor.workbench.page.keyboard.type(text);

/** Runs a command from the palette. */
async function run(command: string): Promise<void> {
  const { quickInput } = editor.workbench;
  await press('F1');
  await quickInput.locator('input[type="text"]').first().waitFor();
  await type(command);
  await quickInput.locator('.monaco-list-row.focused').filter({ hasText: command }).waitFor();
  await press('Enter');
}

/** Presses a key until something has the focus. */
async function until(key: string, focused: Locator, most = 40): Promise<void> {
  for (let pressed = 0; pressed < most; pressed++) {
    if ((await focused.count()) > 0) return;
    await press(key);
  }
  await focused.waitFor({ timeout: 2_000 });
}

/** Opens the menu of what has the focus, and chooses an item. */
async function choose(item: string): Promise<void> {
  const menu = editor.workbench.page.locator('.monaco-menu');
  await press('Shift+F10');
  await menu.waitFor();
  await until('ArrowDown', menu.locator('.action-item.focused').filter({ hasText: item }));
  await editor.workbench.screenshot(`menu-by-keyboard-${item.replace(/\W/g, '')}`);
  await press('Enter');
  await menu.waitFor({ state: 'detached' });
}

/** Answers the questions of Edit Records. */
async function edit(title: string, field: string, value: string): Promise<void> {
  const { quickInput } = editor.workbench;
  await quickInput.filter({ hasText: title }).waitFor();
  await editor.workbench.screenshot(`edit-fields-${title.replace(/\W/g, '')}`);
  await type(field);
  await quickInput.locator('.monaco-list-row.focused').filter({ hasText: field }).waitFor();
  await press('Enter');
  await quickInput.getByPlaceholder(field, { exact: true }).waitFor();
  await press('Control+A');
  await type(value);
  await press('Enter');
}

/** Presses a button of the newest message. */
async function answerToast(text: string, button: string): Promise<void> {
  const { page, notifications } = editor.workbench;
  await notifications.filter({ hasText: text }).first().waitFor();
  await editor.workbench.screenshot(`toast-${text.replace(/\W/g, '')}`);
  await run('Notifications: Show Notifications');
  await until('Tab', page.locator('.notifications-center .monaco-button:focus', { hasText: button }));
  await press('Enter');
}

/** Presses a button of the open dialog. */
async function answerDialog(question: string, button: string): Promise<void> {
  const dialog = editor.workbench.page.locator('.monaco-dialog-box');
  await dialog.getByText(question).waitFor();
  await editor.workbench.screenshot(`dialog-${question.replace(/\W/g, '')}`);
  await until('Tab', dialog.locator('.monaco-button:focus', { hasText: button }));
  await press('Enter');
  await dialog.waitFor({ state: 'detached' });
}

/** How many records of the ledger have a project. */
async function projects(): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const { project } of JSON.parse(await readFile(editor.ledger, 'utf8')) as UsageRecord[]) {
    if (project) found[project] = (found[project] ?? 0) + 1;
  }
  return found;
}

describe('records are edited by keyboard alone', () => {
  test('one, from the menu of the table, and back by the button of the message', async () => {
    await run('LLM Spend: Open Cost History');
    await panel.locator('.record .cell-model').first().waitFor();
    await until('Tab', panel.locator('spend-records [aria-multiselectable]:focus'), 80);
    await press('ArrowDown');
    await choose('Edit Records…');
    await edit('Edit 1 record', 'Project', 'docs');
    await expect.poll(projects).toEqual({ docs: 1 });
    await answerToast('Edited 1 record.', 'Undo');
    await expect.poll(projects).toEqual({});
  });

  test('three, from the menu of the table', async () => {
    await run('Notifications: Clear All Notifications');
    await run('LLM Spend: Open Cost History');
    await until('Tab', panel.locator('spend-records [aria-multiselectable]:focus'), 80);
    await press('Home');
    await press('Shift+ArrowDown');
    await press('Shift+ArrowDown');
    await panel.getByText('3 selected').waitFor();
    await choose('Edit Records…');
    await edit('Edit 3 records', 'Project', 'site');
    await expect.poll(projects).toEqual({ site: 3 });
    await answerToast('Edited 3 records.', 'Undo');
    await expect.poll(projects).toEqual({});
  });

  test('one, from its details', async () => {
    await run('Notifications: Clear All Notifications');
    await run('LLM Spend: Open Cost History');
    await until('Tab', panel.locator('spend-records [aria-multiselectable]:focus'), 80);
    await press('Home');
    await press('Enter');
    const detail = panel.getByRole('complementary', { name: 'Record' });
    await detail.waitFor();
    await until('Tab', detail.locator('[label="Edit"]:focus, [title="Edit"]:focus, [aria-label="Edit"]:focus'), 30);
    await editor.workbench.screenshot('edit-from-detail');
    await press('Enter');
    await edit('Edit 1 record', 'Project', 'detail');
    await expect.poll(projects).toEqual({ detail: 1 });
    await answerToast('Edited 1 record.', 'Undo');
    await expect.poll(projects).toEqual({});
  });

  test('10,000, from the menu of the tree: their number is asked about before', async () => {
    const { page } = editor.workbench;
    await run('Notifications: Clear All Notifications');
    await run('LLM Spend: Focus on Breakdown View');
    // The view beside it takes the focus once it has loaded.
    await editor.workbench.webview('view').locator('main').waitFor();
    await run('LLM Spend: Focus on Breakdown View');
    const tree = page.locator('.part.sidebar .pane').filter({ hasText: 'Breakdown' });
    await tree.getByRole('treeitem').filter({ hasText: 'openai' }).first().waitFor();
    await until(
      'ArrowDown',
      tree.locator('.monaco-list:focus-within .monaco-list-row.focused').filter({ hasText: 'openai' }),
    );
    await choose('Edit Records…');
    await edit('Edit 10,000 records', 'Project', 'large');
    await answerDialog('Edit 10,000 records?', 'Cancel');
    expect(await projects()).toEqual({});
    await run('LLM Spend: Focus on Breakdown View');
    await choose('Edit Records…');
    await edit('Edit 10,000 records', 'Project', 'large');
    await answerDialog('Edit 10,000 records?', 'Edit');
    await expect.poll(projects).toEqual({ large: MANY });
    await answerToast('Edited 10,000 records.', 'Undo');
    await expect.poll(projects).toEqual({});
  });

  test('10,000, by a rule: their number is asked about before', async () => {
    await run('Notifications: Clear All Notifications');
    await editor.llmSpend('rules', 'set', 'all', '--model', 'gpt-5', '--project', 'ruled');
    await run('LLM Spend: Apply Rules to Older Records');
    await answerDialog('Change 10,000 records?', 'Apply');
    await expect.poll(projects).toEqual({ ruled: MANY });
    await answerToast('Changed 10,000 records.', 'Undo');
    await expect.poll(projects).toEqual({});
  });

  test('a link to the cost history is opened by keyboard, and its chip taken away', async () => {
    const { quickInput } = editor.workbench;
    await run('Notifications: Clear All Notifications');
    await run('Developer: Open URL');
    await quickInput.locator('input[type="text"]').first().waitFor();
    await type('code-oss://llm-spend.llm-spend/history?range=month&provider=acme');
    await press('Enter');
    await answerDialog("Allow 'LLM Spend' extension to open this URI?", 'Open');
    await expect.poll(() => panel.locator('.chip').allInnerTexts()).toEqual(['Provider: acme']);
    await expect.poll(() => panel.locator('.records-section h2 .count').innerText()).toContain('3');
    await editor.workbench.screenshot('link-by-keyboard');
    await until('Tab', panel.locator('.chip:focus'), 80);
    await press('Enter');
    await expect.poll(() => panel.locator('.chip').count()).toBe(0);
  });
});
