import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleLedger } from '../../fixtures/sampleLedger.ts';
import { TableBackend } from '../../fixtures/tableBackend.ts';
import { readJson } from '../../unit/repo/files.ts';
import { launchBrowser } from '../harness/browser.ts';
import { HistoryPage } from './historyPage.ts';

const calendar = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };
const records = sampleLedger({ now: new Date(), days: 8 });

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

test.each([
  ['de', 'Aufschlüsselung', 'Letzte 30 Tage'],
  ['fr', 'Répartition', '30 derniers jours'],
  ['es', 'Desglose', 'Últimos 30 días'],
  ['pt-br', 'Detalhamento', 'Últimos 30 dias'],
  ['ja', '内訳', '過去 30 日間'],
  ['ko', '분석', '최근 30일'],
  ['zh-cn', '明细', '最近 30 天'],
])('in %s, the page has its texts and fits a narrow side bar', async (language, heading, range) => {
  const texts = readJson(`l10n/bundle.l10n.${language}.json`) as Record<string, string>;
  const backend = new TableBackend(records, calendar);
  const history = await HistoryPage.open(browser, {
    backend,
    width: 250,
    place: 'sidebar',
    locale: language,
    language,
    texts,
  });
  const { page } = history;
  await page.locator('.glance').waitFor();
  expect(await page.locator('html').getAttribute('lang')).toBe(language);
  expect(await page.locator('.glance h2').textContent()).toBe(range);
  expect(await page.locator('.breakdown-section h2').textContent()).toBe(heading);
  await page.locator('.record').first().click();
  await page.locator('.detail').waitFor();
  expect(await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth')).toBe(false);
  const { complaints } = history;
  await history.close();
  expect(complaints).toEqual([]);
});
