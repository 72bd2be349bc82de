import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WALKTHROUGH } from '../../../src/contributions.ts';
import { repository } from '../harness/codeServer.ts';
import { type Editor, openEditor } from '../e2e/editor.ts';

let editor: Editor;
let walkthrough: Locator;
beforeAll(async () => {
  // Pictures stand beside the steps where there is room for both.
  editor = await openEditor({ width: 1500, height: 900 });
  walkthrough = editor.workbench.page.locator('.gettingStartedContainer');
});
afterAll(() => editor?.close());

const step = (title: string): Locator => walkthrough.locator('.getting-started-step').filter({ hasText: title });
const done = (title: string): Locator => step(title).getByRole('checkbox', { checked: true });
const expand = async (title: string): Promise<void> => {
  if ((await step(title).getAttribute('aria-expanded')) !== 'true') await step(title).locator('.step-title').click();
};

describe('the walkthrough', () => {
  test('opens from the empty breakdown', async () => {
    const sideBar = await editor.workbench.openSideBar();
    const tree = sideBar.locator('.pane').filter({ hasText: 'Breakdown' });
    await tree.getByRole('button', { name: 'Get Started' }).click();
    await walkthrough.getByRole('heading', { name: 'Get started with LLM Spend' }).last().waitFor();
    await step('See your total').waitFor();
    expect(await walkthrough.locator('.getting-started-step').count()).toBe(Object.keys(WALKTHROUGH.steps).length);
  });

  test.each([
    ['Import the usage of coding agents', 'import'],
    ['See your total', 'total'],
    ['Record a usage', 'record'],
    ['Open the cost history', 'history'],
    ['Record from your programs', 'programs'],
    ['Set a budget', 'budgets'],
  ])('pictures how to: %s', async (title, name) => {
    await expand(title);
    const drawn = await readFile(path.join(repository, 'media/walkthrough', `${name}.svg`), 'utf8');
    const [, caption = ''] = /<text[^>]*>([^<]+)</.exec(drawn) ?? [];
    const media = walkthrough.frameLocator('.getting-started-media iframe').frameLocator('#active-frame');
    await media.locator('svg').getByText(caption.trim(), { exact: true }).first().waitFor();
    await editor.workbench.screenshot(`walkthrough-${name}`);
  });

  test('completes a step by what its button does', async () => {
    const { page, quickInput } = editor.workbench;
    await expand('See your total');
    await walkthrough.getByRole('button', { name: 'Show Breakdown' }).click();
    await done('See your total').waitFor();
    await expand('Record a usage');
    await walkthrough.getByRole('button', { name: 'Record Usage' }).click();
    await quickInput.filter({ hasText: 'Record Usage' }).waitFor();
    await page.keyboard.press('Escape');
    await done('Record a usage').waitFor();
    await expand('Record from your programs');
    await walkthrough.getByRole('button', { name: 'Copy Command for the Terminal' }).click();
    await done('Record from your programs').waitFor();
    // The step is done once the command is called; the toast says that it has copied.
    await editor.workbench.notifications.getByText('Copied an example of llm-spend').waitFor();
    expect(await editor.workbench.clipboard()).toMatch(/^llm-spend record --provider openai /);
    await expand('Set a budget');
    await walkthrough.getByRole('button', { name: 'New Budget' }).click();
    await quickInput.filter({ hasText: 'Budget' }).waitFor();
    await page.keyboard.press('Escape');
    await done('Set a budget').waitFor();
    await expand('Open the cost history');
    await walkthrough.getByRole('button', { name: 'Open Cost History' }).click();
    await page.getByRole('tab', { name: 'Cost History' }).waitFor();
    await page.getByRole('tab', { name: 'Welcome' }).click();
    await done('Open the cost history').waitFor();
    await editor.workbench.screenshot('walkthrough-done');
  });
});
