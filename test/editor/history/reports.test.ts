import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleLedger } from '../../fixtures/sampleLedger.ts';
import { TableBackend } from '../../fixtures/tableBackend.ts';
import { launchBrowser } from '../harness/browser.ts';
import { accessibilityProblems } from './axe.ts';
import { HistoryPage, themesOf } from './historyPage.ts';

const calendar = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };
const records = sampleLedger({ now: new Date(), days: 8 });

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

async function open(width = 1400): Promise<{ history: HistoryPage; backend: TableBackend }> {
  const backend = new TableBackend(records, calendar);
  const place = width < 400 ? 'sidebar' : 'panel';
  const history = await HistoryPage.open(browser, {
    backend,
    width,
    place,
    choices: { values: { provider: ['openai'] } },
  });
  await history.page.locator('.glance').waitFor();
  return { history, backend };
}

test('models are compared over the records in sight, by the keyboard', async () => {
  const { history, backend } = await open();
  const { page } = history;
  await page.getByRole('button', { name: 'Compare models…' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Compare models' }).waitFor();
  await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('report-title');
  await page.getByText('This is arithmetic.').waitFor();
  expect(backend.asked).toHaveLength(1);
  const [first] = backend.asked;
  expect(first).toMatchObject({ report: 'compare', filter: { values: { provider: ['openai'] } } });
  // The models in use, without the one that has no price.
  expect(first?.models).toHaveLength(3);
  expect(first?.models).toContain('claude-sonnet-4-5');
  const field = page.getByRole('textbox', { name: 'Models, separated by commas' });
  await field.fill('gpt-5, other');
  await page.keyboard.press('Enter');
  await page.getByRole('row', { name: /^other/ }).waitFor();
  expect(
    await page
      .getByRole('row', { name: /^other/ })
      .getByRole('cell')
      .allInnerTexts(),
  ).toEqual(['$0.50']);
  expect(await page.getByRole('row', { name: /^site/ }).count()).toBe(1);
  await field.fill('unknown');
  await page.keyboard.press('Enter');
  expect(await page.getByRole('alert').innerText()).toBe('unknown is no model.');
  await page.getByRole('button', { name: 'Back to costs' }).click();
  await page.locator('.glance').waitFor();
  await history.close();
  expect(history.complaints).toEqual([]);
});

test('the report of the cache follows the filters', async () => {
  const { history, backend } = await open();
  const { page } = history;
  await page.getByRole('button', { name: 'Prompt cache…' }).click();
  await page.getByText('This is arithmetic.').waitFor();
  history.session.show({ values: { provider: ['anthropic'] } });
  await expect.poll(() => backend.asked.at(-1)?.filter.values).toEqual({ provider: ['anthropic'] });
  expect(backend.asked.map(({ report }) => report)).toEqual(['cache', 'cache']);
  await history.close();
});

test.each([250, 1400])('are accessible, %i px wide', async (width) => {
  const { history } = await open(width);
  const { page } = history;
  await page.getByRole('button', { name: 'Compare models…' }).click();
  await page.getByText('This is arithmetic.').waitFor();
  const themes = themesOf(width < 400 ? 0 : 1, 2);
  for (const theme of themes) {
    await history.dress(theme);
    const pictures = process.env['LLM_SPEND_PICTURES'];
    if (pictures) await page.screenshot({ path: `${pictures}/compare-${theme}-${width}.png` });
    const wide = await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
    expect(wide, `${theme}: wider than its place`).toBe(false);
    expect(await accessibilityProblems(page, theme === themes[0] ? undefined : ['color-contrast']), theme).toEqual([]);
  }
  await history.close();
});
