import type { FrameLocator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sampleLedger } from '../../fixtures/sampleLedger.ts';
import { type Editor, openEditor } from '../e2e/editor.ts';

/** The cost history in the real editor by a person without a pointer: nothing here clicks, and nothing focuses for them. */

let editor: Editor;
let panel: FrameLocator;
beforeAll(async () => {
  editor = await openEditor({ records: sampleLedger({ now: new Date() }), width: 1400, height: 900 });
  await editor.workbench.statusBarItem.waitFor();
  panel = editor.workbench.webview('panel');
});
afterAll(() => editor?.close());

/** More than the page has places to stop at. */
const MOST_STOPS = 70;

const press = (key: string): Promise<void> => editor.workbench.page.keyboard.press(key);
const type = (text: string): Promise<void> => editor.workbench.page.keyboard.type(text);
const text = (selector: string): Promise<string> => panel.locator(selector).first().innerText();
const headline = (): Promise<string> => text('.glance h2');
const count = (): Promise<string> => text('.records-section h2 .count');

/** What has the focus within the page, by the name that a screen reader says; '' where nothing has. */
function focused(): Promise<string> {
  return panel.locator('body').evaluate((body) => {
    // As much of the page's globals as this needs: tests are compiled without the DOM.
    interface Node {
      shadowRoot: { activeElement: Node | null } | null;
      textContent: string;
      getAttribute(name: string): string | null;
    }
    const { ownerDocument } = body as unknown as { ownerDocument: { activeElement: Node | null } };
    let element = ownerDocument.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    if (element === null || element === (body as unknown as Node)) return '';
    return element.getAttribute('aria-label') ?? element.getAttribute('title') ?? element.textContent.trim();
  });
}

/** Goes from stop to stop until one is named so. */
async function tabTo(name: string | RegExp, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  const met: string[] = [];
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    await press(key);
    const now = await focused();
    if (typeof name === 'string' ? now === name : name.test(now)) return;
    met.push(now);
  }
  throw new Error(`No stop is named ${String(name)}: ${met.join(' | ')}`);
}

async function open(command: string): Promise<void> {
  const { quickInput } = editor.workbench;
  await press('F1');
  await quickInput.locator('input[type="text"]').first().waitFor();
  await type(command);
  await quickInput.locator('.monaco-list-row.focused').filter({ hasText: command }).waitFor();
  await press('Enter');
}

describe('the cost history by keyboard alone', () => {
  test('opens, and takes the focus', async () => {
    await open('LLM Spend: Open Cost History');
    await panel.locator('.record .cell-model').first().waitFor();
    await tabTo('Search records');
  });

  test('ranges are chosen from a list', async () => {
    await tabTo('Range');
    const before = await headline();
    await press('Enter');
    await panel.getByRole('option').first().waitFor();
    await press('End');
    await press('ArrowUp');
    await press('Enter');
    await expect.poll(headline).not.toBe(before);
  });

  test('the period of a card is one press away', async () => {
    await tabTo('Settings');
    // The link to the unpriced calls, then today, this week, this month.
    for (let stop = 0; stop < 4; stop++) await press('Tab');
    await press('Enter');
    await expect.poll(headline).toMatch(/^this month$/i);
  });

  test('a chart says its figures, and filters', async () => {
    await tabTo('Stacked by');
    await press('Enter');
    await panel.getByRole('option', { name: 'Provider' }).waitFor();
    await press('Home');
    await press('Enter');
    await tabTo('Calendar');
    await press('Enter');
    await panel.locator('spend-heatmap').waitFor();
    await tabTo('Bars over time', 'Shift+Tab');
    await press('Enter');
    await tabTo(/^Cost over time, Day:/);
    await press('ArrowLeft');
    // Today's, though the month has columns after it.
    await expect.poll(() => text('spend-chart [aria-live]')).toMatch(/^\w+, \w+ \d+, \d{4}: ~?\$\d/);
    await editor.workbench.screenshot('keyboard-chart');
    await press('Escape');
  });

  test('a series is switched off and on in the legend', async () => {
    await press('Tab');
    const pressed = (): Promise<string | null> => panel.locator('.legend-item').first().getAttribute('aria-pressed');
    await press('Enter');
    await expect.poll(pressed).toBe('false');
    await press(' ');
    await expect.poll(pressed).toBe('true');
  });

  test('the breakdown opens, filters, and its chip is taken away again', async () => {
    const all = await count();
    await tabTo('Breakdown');
    const rows = panel.getByRole('treegrid').getByRole('row');
    const closed = await rows.count();
    await press('ArrowRight');
    await expect.poll(() => rows.count()).toBeGreaterThan(closed);
    await press('Enter');
    await expect.poll(() => panel.locator('.chip').count()).toBe(1);
    await expect.poll(count).not.toBe(all);
    await editor.workbench.screenshot('keyboard-filter');
    await tabTo(/^Remove the filter /, 'Shift+Tab');
    await press('Enter');
    await expect.poll(() => panel.locator('.chip').count()).toBe(0);
    await expect.poll(count).toBe(all);
  });

  test('a record is looked at, removed, and brought back', async () => {
    const all = await count();
    await tabTo('Records');
    await press('ArrowDown');
    await press('Enter');
    await panel.getByRole('complementary', { name: 'Record' }).waitFor();
    await editor.workbench.screenshot('keyboard-detail');
    await press('Delete');
    await expect.poll(count).not.toBe(all);
    await tabTo('Undo');
    await press('Enter');
    await expect.poll(count).toBe(all);
  });

  test('a search is typed, and everything reset', async () => {
    const all = await count();
    await tabTo('Search records', 'Shift+Tab');
    await type('nothing-has-this-name');
    await expect.poll(() => panel.locator('.chip').count()).toBe(1);
    await tabTo('Reset');
    await press('Enter');
    await expect.poll(count).toBe(all);
  });

  test('what the editor asks can be left again', async () => {
    await tabTo('Record usage');
    await press('Enter');
    const { quickInput } = editor.workbench;
    await quickInput.filter({ hasText: 'Record Usage' }).waitFor();
    await editor.workbench.screenshot('keyboard-record');
    await press('Escape');
    await quickInput.waitFor({ state: 'hidden' });
  });
});
