import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sampleLedger } from '../../fixtures/sampleLedger.ts';
import { TableBackend } from '../../fixtures/tableBackend.ts';
import { LONG } from '../../long.ts';
import { launchBrowser } from '../harness/browser.ts';
import { accessibilityProblems } from './axe.ts';
import { ALL_THEMES, HistoryPage, themesOf } from './historyPage.ts';

const records = sampleLedger({ now: new Date(), days: 8 });
const backend = (): TableBackend => new TableBackend(records, { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 });

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

/** The widths of a side bar, half a window and a window, px; each is also a window of twice the width at 200 % zoom. */
const WIDTHS = [250, 320, 500, 640, 1000, 1440];

describe.concurrent('the page with everything open, its motion reduced,', () => {
  test.each(WIDTHS)('has no problem in its themes, %i px wide', async (width) => {
    const themes = themesOf(WIDTHS.indexOf(width), 3, ALL_THEMES);
    const dates = { from: '2020-01-01', to: '2020-01-08' };
    const choices = { compare: true, compareWith: dates };
    const place = width < 400 ? 'sidebar' : 'panel';
    const history = await HistoryPage.open(browser, { backend: backend(), width, height: 1200, place, choices });
    const { page } = history;
    await page.locator('.record .cell-model').first().click();
    await page.locator('.detail').waitFor();
    await page.getByRole('switch', { name: 'Columns' }).click();
    await page.getByRole('switch', { name: 'Add a filter' }).click();
    await page.locator('.picker vscode-multi-select').waitFor();
    expect(history.complaints.splice(0)).toEqual([]);
    for (const theme of themes) {
      await history.dress(theme);
      const wide = await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
      expect(wide, `${theme}: wider than its place`).toBe(false);
      // Only colours differ between themes; all rules are asked of one.
      const rules = theme === themes[0] ? undefined : ['color-contrast'];
      expect(await accessibilityProblems(page, rules), theme).toEqual([]);
      if (process.env['LLM_SPEND_PICTURES'])
        await page.screenshot({ path: `${process.env['LLM_SPEND_PICTURES']}/${theme}-${width}.png`, fullPage: true });
    }
    await history.close();
  });
});

/** Texts that are cut off inside of their box without an ellipsis, or buttons outside of the window. */
const LOST = `[...document.querySelectorAll('button, vscode-button, vscode-toolbar-button, spend-select, h2, .amount')]
  .filter((each) => {
    const { width, left, right } = each.getBoundingClientRect();
    return width > 0 && (left < -0.5 || right > innerWidth + 0.5) && each.closest('.records-scroll, .figures-beside') === null;
  })
  .map((each) => each.outerHTML.slice(0, 120))`;

const ZOOMED = LONG ? WIDTHS : WIDTHS.slice(0, 2);

test.each(ZOOMED)('no control leaves a window of %i px, also at twice the zoom', async (width) => {
  const place = width < 400 ? 'sidebar' : 'panel';
  const history = await HistoryPage.open(browser, { backend: backend(), width, height: 900, place });
  const { page } = history;
  await page.locator('.record .cell-model').first().waitFor();
  expect(await page.evaluate<string[]>(LOST)).toEqual([]);
  await page.setViewportSize({ width: width * 2, height: 900 });
  await page.evaluate('document.body.style.zoom = 2');
  await page.locator('.glance').waitFor();
  // The charts take their new width in a later frame.
  await page.waitForFunction('document.documentElement.scrollWidth <= innerWidth');
  expect(await page.evaluate<string[]>(LOST)).toEqual([]);
  expect(await accessibilityProblems(page)).toEqual([]);
  for (const theme of LONG ? ALL_THEMES : []) {
    await history.dress(theme);
    expect(await accessibilityProblems(page, ['color-contrast']), theme).toEqual([]);
  }
  await history.close();
});
