import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LONG } from '../../long.ts';
import { type Editor, openEditor } from './editor.ts';

let editor: Editor;
let tree: Locator;
beforeAll(async () => {
  // All rows of the tree have room.
  editor = await openEditor({ height: 1100 });
  const sideBar = await editor.workbench.openSideBar();
  tree = sideBar.locator('.pane').filter({ hasText: 'Breakdown' });
});
afterAll(() => editor?.close());

const row = (name: string): Locator => tree.getByRole('treeitem').filter({ hasText: name });
/** Opens the cost history at a row, by the icon within it: a click on the row itself only selects it. */
async function openHistoryAt(at: Locator): Promise<void> {
  await at.hover();
  await at.getByRole('button', { name: 'Open Cost History' }).click();
}
/** The name of the range in the cost history. */
const range = (): Promise<string | null> =>
  editor.workbench.webview('panel').locator('.headline-title h2').textContent();
const record = (model: string, ...cost: string[]): Promise<string> =>
  editor.llmSpend('record', '--provider', 'openai', '--model', model, '--operation', 'chat', ...cost);

describe('the breakdown tree', () => {
  test('says what to do while there is nothing', async () => {
    await tree.getByRole('button', { name: 'Record Usage' }).first().waitFor();
    await tree.getByText('No usage yet.').waitFor();
    await editor.workbench.screenshot('breakdown-empty');
  });

  test('shows period, provider, model and operation with their costs', async () => {
    await record('[x](command:quit) $(trash)', '--cost-usd', '2');
    await record('gpt-5', '--cost-usd', '1');
    await row('Today').getByText('$3.00').waitFor();
    await row('Today').locator('.monaco-tl-twistie').click();
    const providers = row('openai');
    await providers.first().waitFor();
    await providers.first().locator('.monaco-tl-twistie').click();
    await row('gpt-5').getByText('$1.00').waitFor();
    // A long name is without its middle.
    const long = row('[x](command…) $(trash)');
    await long.getByText('$2.00').waitFor();
    const isCut = (label: { scrollWidth: number; clientWidth: number }): boolean =>
      label.scrollWidth > label.clientWidth;
    expect(await long.locator('.monaco-icon-label-container').evaluate(isCut)).toBe(false);
    await row('gpt-5').locator('.monaco-tl-twistie').click();
    await row('chat').first().waitFor();
    await editor.workbench.screenshot('breakdown');
  });

  test('keeps what is expanded while other processes record', async () => {
    await record('unheard-of-model');
    await row('Today').getByText('$3.00 + 1 unpriced').waitFor();
    expect(await row('gpt-5').count()).toBe(1);
    await row('chat').first().waitFor();
  });

  test('opens the cost history at what is clicked', async () => {
    await openHistoryAt(row('gpt-5').first());
    await editor.workbench.page.getByRole('tab', { name: 'Cost History' }).waitFor();
    await editor.workbench.webview('panel').getByText('gpt-5').first().waitFor();
    expect(await editor.workbench.webview('panel').getByText('unheard-of-model').count()).toBe(0);
    await editor.workbench.screenshot('breakdown-to-history');
  });

  test('only selects the row that is clicked', async () => {
    const { page } = editor.workbench;
    const tabs = await page.getByRole('tab').count();
    await row('Yesterday').first().click();
    await expect.poll(() => row('Yesterday').first().getAttribute('aria-selected')).toBe('true');
    expect(await page.getByRole('tab').count()).toBe(tabs);
  });

  test('brings a cost history that is behind another tab forward with the range that is clicked', async () => {
    const { workbench } = editor;
    const { page } = workbench;
    const history = page.getByRole('tab', { name: 'Cost History' });
    const periods = LONG ? ['This week', 'All time', 'Yesterday', 'Last month'] : ['All time', 'Yesterday'];
    for (const [index, period] of periods.entries()) {
      await workbench.runCommand('File: New Untitled Text File');
      await page.getByRole('tab', { name: `Untitled-${index + 1}` }).waitFor();
      await openHistoryAt(row(period).first());
      await expect.poll(() => history.getAttribute('aria-selected')).toBe('true');
      await expect.poll(range).toBe(period);
    }
    expect(await history.count()).toBe(1);
  });

  test.runIf(LONG)('does so for a tab that the editor has not restored yet', async () => {
    const { workbench } = editor;
    const { page } = workbench;
    await page.getByRole('tab', { name: 'Untitled-1' }).click();
    const loaded = page.waitForEvent('load');
    await workbench.runCommand('Developer: Reload Window');
    await loaded;
    await workbench.openSideBar();
    await openHistoryAt(row('This month').first());
    const history = page.getByRole('tab', { name: 'Cost History' });
    const selected = page.getByRole('tab', { name: 'Cost History', selected: true });
    await selected.waitFor();
    await expect.poll(range).toBe('This month');
    // The editor closes the old tab after it has shown the new one.
    await expect.poll(() => history.count()).toBe(1);
  });
});
