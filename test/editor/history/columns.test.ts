import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleLedger } from '../../fixtures/sampleLedger.ts';
import { TableBackend } from '../../fixtures/tableBackend.ts';
import { launchBrowser } from '../harness/browser.ts';
import { accessibilityProblems } from './axe.ts';
import { HistoryPage, themesOf } from './historyPage.ts';
import type { HistoryPageOptions } from './historyPage.ts';

const records = sampleLedger({ now: new Date(), days: 8 }).map((record) => ({ ...record, note: 'checked' }));

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

async function open(options: Partial<HistoryPageOptions> = {}): Promise<{ history: HistoryPage; page: Page }> {
  const backend = new TableBackend(records, { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 });
  const history = await HistoryPage.open(browser, { backend, ...options });
  await history.page.locator('.record .cell-model').first().waitFor();
  return { history, page: history.page };
}

const headings = async (page: Page): Promise<string[]> => {
  const cells = page.locator('.records-head .cell');
  return (await cells.allInnerTexts()).map((text) => text.trim()).filter((text) => text !== '');
};
const heading = (page: Page, name: string): Locator =>
  page.getByRole('columnheader', { name, exact: true }).getByRole('button');
const USUAL = ['Time', 'Model', 'Provider', 'Operation', 'Project', 'Source', 'Input', 'Output', 'Tokens', 'Cost'];

test('columns are chosen from a list, shown in every row, kept across a reload, and reset', async () => {
  const { history, page } = await open();
  expect(await headings(page)).toEqual(USUAL);
  await page.getByRole('switch', { name: 'Columns' }).focus();
  await page.keyboard.press('Enter');
  const picker = page.getByRole('group', { name: 'Columns' });
  const choice = (name: string): Locator => picker.getByRole('checkbox', { name, exact: true });
  expect(await choice('Provider').isChecked()).toBe(true);
  expect(await choice('Note').isChecked()).toBe(false);
  await choice('Provider').focus();
  await page.keyboard.press('Space');
  await choice('Note').focus();
  await page.keyboard.press('Space');
  const chosen = [...USUAL.filter((name) => name !== 'Provider'), 'Note'];
  await expect.poll(() => headings(page)).toEqual(chosen);
  // The choice keeps the focus, so that the next one is a key away.
  expect(await page.evaluate('document.activeElement.dataset.column')).toBe('note');
  expect(await page.locator('.record').first().locator('.cell-note').innerText()).toBe('checked');
  expect(await page.getByRole('grid').getAttribute('aria-colcount')).toBe('10');
  const themes = themesOf(1, 2);
  for (const theme of themes) {
    await history.dress(theme);
    const rules = theme === themes[0] ? undefined : ['color-contrast'];
    expect(await accessibilityProblems(page, rules), theme).toEqual([]);
  }
  await page.reload();
  await page.locator('.record .cell-note').first().waitFor();
  expect(await headings(page)).toEqual(chosen);
  await page.getByRole('switch', { name: 'Columns' }).click();
  await picker.getByRole('button', { name: 'Reset' }).click();
  await expect.poll(() => headings(page)).toEqual(USUAL);
  await history.close();
});

test('by keyboard a heading moves and sizes its column, says so, and keeps the focus', async () => {
  const { history, page } = await open();
  const said = page.locator('spend-records > [aria-live]');
  await heading(page, 'Provider').focus();
  await page.keyboard.press('Shift+ArrowLeft');
  await expect.poll(() => headings(page)).toEqual(['Time', 'Provider', 'Model', ...USUAL.slice(3)]);
  await expect.poll(() => said.textContent()).toBe('Provider: column 2 of 10');
  await expect.poll(() => page.evaluate('document.activeElement.innerText.trim()')).toBe('Provider');
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Shift+ArrowRight');
  await expect.poll(() => headings(page)).toEqual(['Time', 'Model', 'Operation', 'Provider', ...USUAL.slice(4)]);
  const width = async (name: string): Promise<number> =>
    Math.round((await page.locator(`.records-head .cell-${name}`).boundingBox())?.width ?? 0);
  const before = await width('provider');
  await page.keyboard.press('+');
  await expect.poll(() => width('provider')).toBe(before + 16);
  expect(await said.textContent()).toBe(`Provider: ${before + 16} pixels wide`);
  await page.keyboard.press('-');
  await page.keyboard.press('-');
  await expect.poll(() => width('provider')).toBe(before - 16);
  const cells = page.locator('.record').first().locator('.cell-provider');
  expect(Math.round((await cells.boundingBox())?.width ?? 0)).toBe(before - 16);
  await page.reload();
  await page.locator('.record .cell-model').first().waitFor();
  expect(await width('provider')).toBe(before - 16);
  await heading(page, 'Provider').focus();
  await page.keyboard.press('0');
  await expect.poll(() => width('provider')).not.toBe(before - 16);
  await history.close();
});

test('by pointer a heading is dragged to its place without sorting, and its edge sizes it', async () => {
  const { history, page } = await open();
  const sorted = page.locator('.records-head [aria-sort]');
  const middle = async (name: string): Promise<{ x: number; y: number }> => {
    const box = await page.locator(`.records-head .cell-${name}`).boundingBox();
    if (box === null) throw new Error(`no heading ${name}`);
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  };
  const from = await heading(page, 'Cost').boundingBox();
  const to = await middle('model');
  await page.mouse.move((from?.x ?? 0) + 4, to.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 4 });
  await page.locator('.records-head .cell-model.drop').waitFor();
  await page.mouse.up();
  await expect.poll(() => headings(page)).toEqual(['Time', 'Cost', 'Model', ...USUAL.slice(2, -1)]);
  expect(await sorted.innerText()).toContain('Time');
  const box = await page.locator('.records-head .cell-model').boundingBox();
  const edge = (box?.x ?? 0) + (box?.width ?? 0) - 2;
  await page.mouse.move(edge, to.y);
  await page.mouse.down();
  await page.mouse.move(edge + 37, to.y, { steps: 3 });
  await page.mouse.up();
  const width = async (): Promise<number> =>
    Math.round((await page.locator('.records-head .cell-model').boundingBox())?.width ?? 0);
  await expect.poll(width).toBe(Math.round(box?.width ?? 0) + 37);
  await heading(page, 'Cost').click();
  await expect.poll(() => sorted.innerText()).toContain('Cost');
  await history.close();
});

test('a narrow view scrolls to its chosen columns and keeps the headings in sight', async () => {
  const columns = [{ key: 'time' }, { key: 'provider', width: 160 }, { key: 'model' }, { key: 'cost' }];
  const { history, page } = await open({ width: 250, place: 'sidebar', choices: { columns } });
  expect(await headings(page)).toEqual(['Time', 'Provider', 'Model', 'Cost']);
  expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
  const list = page.locator('.records-scroll');
  expect(await list.evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)).toBe(true);
  await list.evaluate((element) => element.scrollTo(9999, 400));
  const head = page.locator('.records-head');
  const top = async (one: Locator): Promise<number> => Math.round((await one.boundingBox())?.y ?? 0);
  expect(Math.abs((await top(head)) - (await top(list)))).toBeLessThanOrEqual(1);
  await page.locator('.records-head .cell-cost').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await history.close();
});
