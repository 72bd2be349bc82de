import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { checkedBudget, type Budget } from '../../../src/budgets/budget.ts';
import { budgetState } from '../../../src/budgets/budgetState.ts';
import { budgetRows } from '../../../src/host/budgets/budgetRows.ts';
import { sampleLedger } from '../../fixtures/sampleLedger.ts';
import { TableBackend } from '../../fixtures/tableBackend.ts';
import { launchBrowser } from '../harness/browser.ts';
import { accessibilityProblems } from './axe.ts';
import { HistoryPage, themesOf } from './historyPage.ts';

const calendar = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };
const now = Date.now();
const records = sampleLedger({ now: new Date(now) });
const text = (message: string, ...values: unknown[]): string =>
  message.replaceAll(/\{(\d)\}/g, (_, at: string) => String(values[Number(at)]));

let browser: Browser;
let backend: TableBackend;
beforeAll(async () => {
  browser = await launchBrowser();
});
beforeEach(() => {
  backend = new TableBackend(records, calendar);
});
afterAll(() => browser?.close());

/** What the host sends for these budgets. */
async function setBudgets(...budgets: Partial<Budget>[]): Promise<void> {
  const states = [];
  for (const each of budgets) {
    states.push(await budgetState(checkedBudget({ period: 'month', ...each }), backend, now, calendar));
  }
  const style = { locale: 'en-US', t: text as never };
  backend.setBudgets(budgetRows(states, { calendar, currency: backend.currency, style }));
}

async function open(width = 1400): Promise<HistoryPage> {
  const history = await HistoryPage.open(browser, {
    backend,
    width,
    height: 1200,
    place: width < 400 ? 'sidebar' : 'panel',
  });
  await history.page.locator('.glance').waitFor();
  return history;
}

test('the section follows the budgets, and a budget shows its period with a line at its limit', async () => {
  const history = await open();
  const { page } = history;
  expect(await page.locator('.budgets').count()).toBe(0);
  await setBudgets({ name: 'all', amount: '100000' }, { name: 'tight', amount: '0.01', period: 'week' });
  const all = page.getByRole('button', { name: /^Budget all: .* of \$100,000\.00 \(\d+%\)$/ });
  await all.waitFor();
  await page.getByRole('button', { name: /^Budget tight is used up/ }).waitFor();
  const figures = await page.locator('.budget').first().locator('dt').allInnerTexts();
  expect(figures).toEqual(expect.arrayContaining(['Spent', 'Left', 'Expected', 'Period']));
  // The days of the calendar's time zone, not of the machine's.
  const month = new Intl.DateTimeFormat('en-US', { timeZone: calendar.timeZone, month: 'short' }).format(now);
  expect(await page.locator('.budget').first().locator('dd').last().innerText()).toMatch(
    new RegExp(`^${month} 1 to ${month} \\d\\d$`),
  );
  expect(await page.locator('.budget-line').count()).toBe(0);
  await all.focus();
  await page.keyboard.press('Enter');
  await page.getByText('Budget all: $100,000.00').waitFor();
  expect(await page.locator('.budget-line').count()).toBe(1);
  expect(await page.locator('.plot-frame').getAttribute('aria-label')).toContain('Budget all: $100,000.00.');
  await page.getByRole('button', { name: 'Budgets…' }).first().click();
  await expect.poll(() => backend.actions).toEqual([{ verb: 'budgets' }]);
  await history.close();
  expect(history.complaints).toEqual([]);
});

test('a change of budgets alone asks for no figures', async () => {
  const history = await open();
  await setBudgets({ name: 'other', amount: '50' });
  await history.page.getByRole('button', { name: /^Budget other/ }).waitFor();
  const { budgets } = backend;
  const aggregate = vi.spyOn(backend, 'aggregate');
  backend.setBudgets(budgets.map((row) => ({ ...row, label: 'Budget changed' })));
  await history.page.getByRole('button', { name: 'Budget changed' }).waitFor();
  // The page asks in the turn in which it renders.
  expect(aggregate).not.toHaveBeenCalled();
  await history.close();
});

test.each([250, 1400])('is accessible, %i px wide', async (width) => {
  await setBudgets(
    { name: 'all', amount: '400' },
    { name: 'tight', amount: '0.01', period: 'week' },
    {
      name: 'a name that is as long as the names of budgets may be, and of several words',
      amount: '900',
      levels: [1],
      search: 'model:gpt',
    },
  );
  const history = await open(width);
  const { page } = history;
  await page.getByRole('button', { name: /^Budget all/ }).click();
  await page.getByText('Budget all: $400.00').waitFor();
  const themes = themesOf(width < 400 ? 0 : 1, 2);
  for (const theme of themes) {
    await history.dress(theme);
    const pictures = process.env['LLM_SPEND_PICTURES'];
    if (pictures) await page.screenshot({ path: `${pictures}/budgets-${theme}-${width}.png` });
    const wide = await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
    expect(wide, `${theme}: wider than its place`).toBe(false);
    expect(await accessibilityProblems(page, theme === themes[0] ? undefined : ['color-contrast']), theme).toEqual([]);
  }
  await history.close();
});
