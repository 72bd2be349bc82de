import { execFileSync } from 'node:child_process';
import { appendFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LONG } from '../../long.ts';
import { isolatedEnvironment } from '../harness/environment.ts';
import { type Editor, openEditor } from './editor.ts';

let editor: Editor;

const git = (home: string, ...args: string[]): void => {
  const folder = path.join(home, '../workspace');
  execFileSync('git', args, { cwd: folder, env: isolatedEnvironment(home), stdio: 'pipe' });
};

async function makeRepository(home: string): Promise<void> {
  await mkdir(home, { recursive: true });
  git(home, 'init', '-q', '-b', 'main');
  git(home, 'config', 'user.email', 'me@example.com');
  git(home, 'config', 'user.name', 'Me');
  git(home, 'commit', '-q', '--allow-empty', '-m', 'Start the shop');
}

/** Commits in a terminal. */
async function commit(subject: string): Promise<void> {
  await appendFile(path.join(editor.workspace, 'work.txt'), `${subject}\n`);
  git(editor.home, 'add', '-A');
  git(editor.home, 'commit', '-q', '-m', subject);
}

/** Commits and usage have whole seconds in common: a usage in the second of a commit would belong to that commit. */
const nextSecond = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1_100));

async function use(cost: string): Promise<void> {
  await nextSecond();
  const call = ['--provider', 'anthropic', '--model', 'claude-opus-5', '--operation', 'agent', '--cost-usd', cost];
  await editor.llmSpend('record', ...call, '--project', 'workspace', '--branch', 'main');
}

const pane = (): Locator => editor.workbench.page.locator('.pane').filter({ hasText: 'Commit Costs' });
const row = (name: string): Locator => pane().getByRole('treeitem').filter({ hasText: name });

/** Opens Source Control and unfolds the view, which is collapsed at first. */
async function showView(): Promise<void> {
  const { page } = editor.workbench;
  const tab = page.getByRole('tab', { name: /^Source Control/ });
  if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
  const header = pane().locator('.pane-header');
  await header.waitFor();
  if ((await header.getAttribute('aria-expanded')) !== 'true') await header.click();
}

describe('commit costs in Source Control', () => {
  beforeAll(async () => {
    const settings = { 'git.enabled': true, 'llmSpend.statusBar.branch': true };
    editor = await openEditor({ prepare: makeRepository, settings });
  });
  afterAll(() => editor?.close());

  test('show work that is not committed, and follow commits made in a terminal', async () => {
    await use('0.25');
    await showView();
    await row('Not committed yet').getByText('$0.25').waitFor();
    await row('Start the shop').getByText('no usage').waitFor();
    await commit('Add the cart');
    await row('Add the cart').getByText('$0.25').waitFor();
    await row('Not committed yet').getByText('no usage').waitFor();
    await use('1.5');
    await row('Not committed yet').getByText('$1.50').waitFor();
    await editor.workbench.page.locator('.part.statusbar').getByLabel('Not committed yet: $1.50.').first().waitFor();
    const names = await pane()
      .getByRole('treeitem')
      .evaluateAll((rows) => rows.map((each) => each.ariaLabel));
    expect(names).toEqual(['Not committed yet, $1.50', 'Add the cart, $0.25', 'Start the shop, no usage']);
    await editor.workbench.screenshot('commits');
  });

  test('are reached with the keyboard', async () => {
    const { page } = editor.workbench;
    await showView();
    await pane().locator('.monaco-list').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => row('Add the cart').getAttribute('class')).toContain('focused');
  });

  test('the cost is offered for the commit message, and written when asked only', async () => {
    const { page } = editor.workbench;
    const box = page.locator('.scm-input').first();
    expect(await box.innerText()).not.toContain('LLM-Cost');
    await editor.workbench.runCommand('LLM Spend: Add Cost to Commit Message');
    await expect.poll(async () => box.innerText()).toContain('LLM-Cost:');
    await editor.workbench.screenshot('commits-trailer');
  });

  test('a receipt is copied', async () => {
    const { page } = editor.workbench;
    await editor.workbench.runCommand('LLM Spend: Copy Receipt');
    await page.getByText('Copied the receipt as Markdown.').first().waitFor();
    const receipt = await editor.workbench.clipboard();
    expect(receipt).toContain('### LLM cost of `HEAD`: $0.25');
    expect(receipt).toContain('Not committed yet, and not included: $1.50.');
  });

  test.runIf(LONG)('a receipt is copied from the timeline of a file', async () => {
    const { workbench } = editor;
    const { page } = workbench;
    await page.keyboard.press('Control+P');
    await workbench.quickInput.locator('input').first().fill('work.txt');
    await workbench.quickInput.locator('.monaco-list-row').filter({ hasText: 'work.txt' }).first().click();
    await workbench.runCommand('Explorer: Focus on Timeline View');
    const timeline = page.locator('.pane').filter({ hasText: 'Timeline' });
    await timeline.getByRole('treeitem').filter({ hasText: 'Add the cart' }).click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Copy Receipt' }).click();
    await expect.poll(() => workbench.clipboard()).toContain('Add the cart');
    await workbench.screenshot('commits-timeline');
  });

  test('in the theme light', async () => {
    await use('0.25');
    await editor.workbench.page.emulateMedia({ colorScheme: 'light' });
    await editor.workbench.page.locator('.monaco-workbench.vs').waitFor();
    await showView();
    await row('Not committed yet').getByText('$1.75').waitFor();
    await editor.workbench.screenshot('commits-light');
  });
});

test.runIf(LONG)('git is not run in Restricted Mode, and the view says so', async () => {
  editor = await openEditor({ prepare: makeRepository, restricted: true });
  try {
    await showView();
    await pane().getByText('In Restricted Mode LLM Spend does not run git').waitFor();
    expect(await pane().getByRole('treeitem').count()).toBe(0);
    await editor.workbench.screenshot('commits-restricted');
  } finally {
    await editor.close();
  }
});

test.runIf(LONG)('a window without a repository says so', async () => {
  editor = await openEditor();
  try {
    await showView();
    await pane().getByText('The folders of this window are in no git repository.').waitFor();
    await editor.workbench.screenshot('commits-none');
  } finally {
    await editor.close();
  }
});

const CONTRAST = { 'window.autoDetectColorScheme': false, 'workbench.colorTheme': 'Default High Contrast' };

test.runIf(LONG)('in the theme contrast', async () => {
  editor = await openEditor({ prepare: makeRepository, settings: CONTRAST });
  try {
    await use('0.25');
    await showView();
    await row('Not committed yet').getByText('$0.25').waitFor();
    await editor.workbench.screenshot('commits-contrast');
  } finally {
    await editor.close();
  }
});
