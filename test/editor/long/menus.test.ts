import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Editor, openEditor } from '../e2e/editor.ts';

const call = (id: string, model: string, more: object = {}): object => ({
  usage_id: id,
  provider: 'openai',
  model,
  operation: 'chat',
  input_tokens: 10,
  output_tokens: 5,
  total_tokens: 15,
  cost_usd: 1,
  cost_known: true,
  billing_mode: 'known',
  timestamp: new Date().toISOString(),
  ...more,
});

let editor: Editor;
beforeAll(async () => {
  const held = [
    call('a', 'gpt-5'),
    call('b', 'gpt-5-mini', { cost_usd: 2 }),
    call('c', 'own-model', { cost_known: false }),
  ];
  editor = await openEditor({ records: held as never });
  await editor.workbench.statusBarItem.filter({ hasText: '$3.00' }).waitFor();
});
afterAll(() => editor?.close());

const menu = (): Locator => editor.workbench.page.locator('.monaco-menu');
/** A menu that has just opened ignores the mouse. */
async function pick(name: string): Promise<void> {
  const item = menu().locator('.action-menu-item').filter({ hasText: name });
  await item.waitFor();
  await expect
    .poll(async () => {
      if (await item.isVisible()) await item.click({ timeout: 1000 }).catch(() => {});
      return menu().count();
    })
    .toBe(0);
}
const chips = (): Promise<string[]> => editor.workbench.webview('panel').locator('.chip').allInnerTexts();
const toast = (text: string): Locator => editor.workbench.notifications.filter({ hasText: text });

describe('the menu of the status bar', () => {
  test('has the periods, the last call and the actions, and opens the cost history at a period', async () => {
    const { workbench } = editor;
    await workbench.statusBarItem.click();
    const item = (text: string): Locator => workbench.quickInput.locator('.monaco-list-row').filter({ hasText: text });
    await item('This month').first().waitFor();
    expect(await item('Today').innerText()).toContain('$3.00 + 1 unpriced · 3 calls');
    await item('This month in workspace').waitFor();
    await workbench.screenshot('status-menu');
    await item('This month').first().click();
    const title = workbench.webview('panel').locator('.headline-title h2');
    await expect.poll(() => title.textContent()).toBe('This month');
  });

  test('leads to a period whose export names its days, and is where the message says', async () => {
    const { workbench } = editor;
    await workbench.webview('panel').getByRole('button', { name: 'Export as CSV' }).click();
    const input = workbench.quickInput.locator('input[type="text"]').first();
    await expect.poll(() => input.inputValue()).toMatch(/\/llm-spend-\d{4}-\d\d-01-to-\d{4}-\d\d-\d\d\.csv$/);
    const named = path.join(editor.home, path.basename(await input.inputValue()));
    await input.fill(named);
    await workbench.quickInput.getByRole('button', { name: 'OK' }).click();
    await workbench.webview('panel').getByText(`Exported 3 records to ${named}.`).waitFor();
    expect((await readFile(named, 'utf8')).trim().split('\n')).toHaveLength(4);
  });

  test('can show this workspace alone', async () => {
    const { workbench } = editor;
    await editor.llmSpend(
      'record',
      '--provider',
      'p',
      '--model',
      'm',
      '--operation',
      'o',
      '--cost-usd',
      '5',
      '--project',
      'workspace',
    );
    await expect.poll(() => workbench.statusBarItem.innerText()).toContain('$8.00');
    const choose = async (text: string): Promise<void> => {
      await workbench.statusBarItem.click();
      await workbench.quickInput.locator('.monaco-list-row').filter({ hasText: text }).click();
    };
    await choose('Show Only This Workspace');
    await expect.poll(() => workbench.statusBarItem.innerText()).toMatch(/^\s*\$5\.00\s*$/);
    await choose('Show All Spend');
    await expect.poll(() => workbench.statusBarItem.innerText()).toContain('$8.00');
  });
});

describe('the context menu of the records', () => {
  test('excludes a model, and filters by one', async () => {
    const { workbench } = editor;
    const view = workbench.webview('panel');
    const record = (model: string): Locator => view.locator('.record').filter({ hasText: model }).first();
    await record('gpt-5-mini').click({ button: 'right' });
    await menu().getByRole('menuitem', { name: 'Exclude This Value' }).waitFor();
    await workbench.screenshot('record-menu');
    expect(await menu().getByRole('menuitem', { name: 'Paste' }).count()).toBe(0);
    await pick('Exclude This Value');
    await expect.poll(chips).toEqual(['-model:"gpt-5-mini"']);
    await expect.poll(() => view.locator('.headline-cost').innerText()).toContain('$6.00');
    await view.locator('.chip').click();
    await expect.poll(chips).toEqual([]);
    await record('own-model').click({ button: 'right' });
    await pick('Filter by This Value');
    await expect.poll(chips).toEqual(['Provider: openai', 'Model: own-model']);
  });

  test('copies, sets a price, and removes with a way back', async () => {
    const { workbench } = editor;
    const view = workbench.webview('panel');
    const record = view.locator('.record').filter({ hasText: 'own-model' });
    await record.click({ button: 'right' });
    await pick('Copy');
    await expect.poll(() => workbench.clipboard()).toContain('"model": "own-model"');
    await record.click({ button: 'right' });
    await pick('Set Prices of Unpriced Models…');
    await workbench.quickInput.getByText('own-model').first().waitFor();
    await workbench.page.keyboard.press('Escape');
    await record.click({ button: 'right' });
    await pick('Remove Records…');
    await toast('Removed 1 record.').getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => workbench.statusBarItem.innerText()).toContain('1 unpriced');
  });
});

describe('the context menu of the tree', () => {
  test('excludes, and asks before it removes several', async () => {
    const { workbench } = editor;
    const tree = (await workbench.openSideBar()).locator('.pane').filter({ hasText: 'Breakdown' });
    const row = (name: string): Locator => tree.getByRole('treeitem').filter({ hasText: name }).first();
    await row('openai').click({ button: 'right' });
    await menu().getByRole('menuitem', { name: 'Exclude This Value' }).waitFor();
    await workbench.screenshot('tree-menu');
    await pick('Exclude This Value');
    await expect.poll(chips).toContain('-provider:"openai"');
    await row('openai').click({ button: 'right' });
    await pick('Remove Records…');
    const dialog = workbench.page.locator('.monaco-dialog-box');
    await dialog.getByText('Remove 3 records?').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await workbench.statusBarItem.innerText()).toContain('$8.00');
  });
});
