import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inUnreachableTeam } from '../../fixtures/unreachableTeam.ts';
import { type Editor, openEditor } from './editor.ts';

let editor: Editor;
beforeAll(async () => {
  editor = await openEditor({
    records: [],
    prepare: async (home) => {
      const folder = path.join(home, '.config', 'llm-spend');
      await mkdir(folder, { recursive: true });
      await writeFile(
        path.join(folder, 'budgets.json'),
        '[{"name":"site","amount":"20","period":"month","filter":{"project":["site"]}}]',
      );
    },
  });
});
afterAll(() => editor?.close());

const item = (): Locator =>
  editor.workbench.page.locator('.part.statusbar .statusbar-item').filter({ hasText: 'site' });
const pick = (text: string): Promise<void> =>
  editor.workbench.quickInput.locator('.monaco-list-row').filter({ hasText: text }).first().click();
const toast = (text: string): Locator => editor.workbench.notifications.filter({ hasText: text });
const record = (cost: string, project = 'site'): Promise<string> =>
  editor.llmSpend(
    'record',
    '--provider',
    'openai',
    '--model',
    'gpt-5',
    '--operation',
    'chat',
    '--cost-usd',
    cost,
    '--project',
    project,
  );

test('a level that a terminal crosses is one warning, and shown in the status bar', async () => {
  await editor.workbench.openSideBar();
  await record('100', 'other');
  await record('16.50');
  await toast('The budget site has reached 80 %: $16.50 of $20.00.').waitFor();
  await item().getByText('site 82%').waitFor();
  await editor.workbench.screenshot('budget-warning');
  // Another call within the level says nothing.
  await toast('The budget site').getByRole('button', { name: 'Snooze until Tomorrow' }).waitFor();
  await record('0.50');
  await item().getByText('site 85%').waitFor();
  // The first warning may have left the screen by now; a second one would name the new sum.
  expect(await toast('The budget site').filter({ hasText: '$17.00' }).count()).toBe(0);
});

test('over the limit it is an error; raising the amount takes that back', async () => {
  await record('4');
  await toast('The budget site is used up: $21.00 of $20.00.').waitFor();
  await item().getByText('site 105%').waitFor();
  await editor.workbench.screenshot('budget-over');
  await editor.workbench.press(toast('is used up'), 'Raise…');
  await editor.workbench.answer('The new amount', '100');
  await expect.poll(() => item().count()).toBe(0);
  const file = path.join(editor.home, '.config', 'llm-spend', 'budgets.json');
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject([
    { name: 'site', amount: '100', levels: [50, 80, 100] },
  ]);
});

test('a budget that the command sets is watched at once', async () => {
  await editor.llmSpend('budget', 'set', 'other', '--amount', '100', '--project', 'other');
  await toast('The budget other is used up: $100.00 of $100.00.').waitFor();
});

test('a budget from the form: crossed from a terminal, listed in the view with its figures, snoozed and removed', async () => {
  const { workbench } = editor;
  await record('1', 'form');
  await workbench.runCommand('LLM Spend: Budgets…');
  await pick('New Budget…');
  await workbench.answer('A short name', 'mine');
  await workbench.answer('The amount for the period', '10');
  await pick('Each month');
  await pick('Project');
  await pick('form');
  await workbench.page.keyboard.press('Enter');
  if (inUnreachableTeam) await pick('This Machine');
  await workbench.answer('Percentages at which to warn', '60, 100');
  await toast('Added the budget mine.').waitFor();
  const file = path.join(editor.home, '.config', 'llm-spend', 'budgets.json');
  expect(JSON.parse(await readFile(file, 'utf8'))).toContainEqual({
    name: 'mine',
    amount: '10',
    period: 'month',
    levels: [60, 100],
    filter: { project: ['form'] },
  });
  await record('7', 'form');
  await toast('The budget mine has reached 60 %: $8.00 of $10.00. Most of it is the model gpt-5: $8.00.').waitFor();
  const row = workbench.page.getByRole('treeitem', { name: 'Budget mine has passed 60 %: $8.00 of $10.00 (80%)' });
  await workbench.page.getByRole('button', { name: 'Budgets Section' }).click();
  await row.waitFor();
  await row.locator('.monaco-tl-twistie').click();
  await workbench.page.getByRole('treeitem', { name: 'Left: $2.00' }).waitFor();
  await workbench.screenshot('budget-view');
  await row.click();
  await pick('Snooze until Tomorrow');
  await record('5', 'form');
  await row.waitFor({ state: 'detached' });
  expect(await toast('The budget mine is used up').count()).toBe(0);
  await workbench.runCommand('LLM Spend: Budgets…');
  await pick('mine');
  await workbench.screenshot('budget-actions');
  await pick('Remove…');
  await workbench.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect.poll(async () => readFile(file, 'utf8')).not.toContain('mine');
});
