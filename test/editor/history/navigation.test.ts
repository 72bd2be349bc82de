import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { sampleLedger } from '../../fixtures/sampleLedger.ts';
import { TableBackend } from '../../fixtures/tableBackend.ts';
import { launchBrowser } from '../harness/browser.ts';
import { HistoryPage, THEMES } from './historyPage.ts';
import type { HistoryPageOptions } from './historyPage.ts';

const calendar = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };
const records = sampleLedger({ now: new Date() });

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

async function open(options: Partial<HistoryPageOptions> = {}) {
  const history = await HistoryPage.open(browser, { backend: new TableBackend(records, calendar), ...options });
  await history.page.locator('.glance').waitFor();
  const { page } = history;
  return {
    page,
    chips: () => page.locator('.chip').allInnerTexts(),
    title: () => page.locator('.glance h2').textContent(),
    [Symbol.asyncDispose]: async () => {
      const { complaints } = history;
      await history.close();
      expect(complaints).toEqual([]);
    },
  };
}

describe('the search', () => {
  test('has the focus after Ctrl+F, shows its syntax, and takes terms of fields', async () => {
    await using opened = await open();
    const { page, chips } = opened;
    await page.getByRole('treegrid').focus();
    await page.keyboard.press('Control+f');
    await page.locator('.search-hint').waitFor();
    await page.keyboard.type('provider:openai cost>0.01 review');
    await expect.poll(chips).toEqual(['Search: review', 'provider:openai', 'cost>0.01']);
    await page.locator('.chip').last().click();
    await expect.poll(chips).toEqual(['Search: review', 'provider:openai']);
    expect(await page.getByRole('searchbox').inputValue()).toBe('provider:openai review');
  });

  test('leaves out what is excluded', async () => {
    await using opened = await open({ choices: { search: '-provider:"anthropic"' } });
    const names = opened.page.locator('spend-breakdown tbody .value-name');
    await expect.poll(() => names.allInnerTexts()).toContain('openai');
    expect(await names.allInnerTexts()).not.toContain('anthropic');
  });
});

describe('the way back', () => {
  test('a drag on the chart zooms, a crumb and Back lead out again', async () => {
    await using opened = await open();
    const { page, title } = opened;
    const box = (await page.locator('.plot-frame').boundingBox())!;
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.5, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, y);
    await page.mouse.move(box.x + box.width * 0.7, y);
    await page.locator('rect.selection').waitFor();
    expect(await page.evaluate('String(getSelection())')).toBe('');
    await page.mouse.up();
    await expect.poll(() => page.locator('.date').count()).toBe(2);
    const zoomed = await title();
    expect(await page.locator('.crumbs').innerText()).toContain('Last 30 days');
    await page.locator('.crumbs').getByRole('button', { name: 'Last 30 days' }).click();
    await expect.poll(title).toBe('Last 30 days');
    expect(await page.locator('.crumbs').count()).toBe(0);
    await page.getByRole('button', { name: 'Back' }).click();
    await expect.poll(title).toBe(zoomed);
    await page.getByRole('button', { name: 'Back' }).click();
    await expect.poll(title).toBe('Last 30 days');
    expect(await page.getByRole('button', { name: 'Back' }).count()).toBe(0);
  });

  test('the same by keyboard', async () => {
    await using opened = await open();
    const { page, title } = opened;
    await page.getByRole('application').focus();
    await page.keyboard.press('End');
    for (let n = 0; n < 3; n++) await page.keyboard.press('Shift+ArrowLeft');
    await page.locator('rect.selection').waitFor();
    await page.keyboard.press('Enter');
    await expect.poll(title).not.toBe('Last 30 days');
    await page.getByRole('button', { name: 'Back' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(title).toBe('Last 30 days');
  });

  test('two dates start from the range on show', async () => {
    await using opened = await open({ choices: { range: { kind: 'last7days' } } });
    const { page } = opened;
    await page.getByRole('combobox', { name: 'Range' }).click();
    await page.getByRole('option', { name: 'Custom range…' }).click();
    const [from = '', to = ''] = await page
      .locator('.date input')
      .evaluateAll((inputs) => inputs.map((input) => (input as unknown as { value: string }).value));
    expect((Date.parse(to) - Date.parse(from)) / 86_400_000).toBe(6);
  });

  test.each(THEMES)('a date is whole within its frame, and its calendar visible: %s', async (theme) => {
    await using opened = await open({
      theme,
      choices: { range: { kind: 'dates', from: '2026-03-01', to: '2026-03-28' } },
    });
    const input = opened.page.locator('.date input').first();
    const frame = (await opened.page.locator('.date .root').first().boundingBox())!;
    const { x, width } = (await input.boundingBox())!;
    expect(x + width).toBeLessThan(frame.x + frame.width);
    const scheme = (element: unknown): string =>
      (globalThis as unknown as { getComputedStyle(of: unknown): { colorScheme: string } }).getComputedStyle(element)
        .colorScheme;
    expect(await input.evaluate(scheme)).toBe(theme.includes('light') ? 'light' : 'dark');
  });
});

test('cards say that they are filtered, and the calendar which days are outside of the range', async () => {
  await using opened = await open({ choices: { chart: 'calendar', range: { kind: 'last7days' } } });
  const { page } = opened;
  expect(await page.getByRole('img', { name: 'filtered' }).count()).toBe(0);
  await page.getByText('Days outside the range are dimmed.').waitFor();
  expect(await page.locator('rect[data-day]:not(.outside)').count()).toBe(7);
  await page.getByRole('searchbox').fill('openai');
  await expect.poll(() => page.getByRole('img', { name: 'filtered' }).count()).toBe(4);
});

test('where no call matches, the filters that would have to go are offered with their calls', async () => {
  await using opened = await open({ choices: { search: 'provider:openai nowhere', range: { kind: 'all' } } });
  const { page, chips } = opened;
  await page.getByText('No calls match').waitFor();
  const button = page.locator('spend-no-match vscode-button').first();
  await expect.poll(() => button.innerText()).toMatch(/^Without nowhere: \d+ calls$/);
  await button.click();
  await expect.poll(chips).toEqual(['provider:openai']);
  await page.locator('.headline-cost').waitFor();
});

test('dated snapshots are one model, and stand apart on request', async () => {
  const dated = records.map((record, n) =>
    record.model === 'gpt-5' && n % 2 === 0 ? { ...record, model: 'gpt-5-2025-08-07' } : record,
  );
  await using opened = await open({
    backend: new TableBackend(dated, calendar),
    choices: { levels: ['model', 'operation'], range: { kind: 'all' } },
  });
  const { page, chips } = opened;
  const names = (): Promise<string[]> => page.locator('spend-breakdown tbody .value-name').allInnerTexts();
  await expect.poll(names).toContain('gpt-5');
  expect(await names()).not.toContain('gpt-5-2025-08-07');
  const calls = records.filter(({ model }) => model === 'gpt-5').length;
  await page.locator('spend-breakdown').getByTitle('gpt-5', { exact: true }).hover();
  await page.getByRole('button', { name: 'Show only gpt-5', exact: true }).click();
  await expect.poll(chips).toEqual(['Model: gpt-5']);
  await expect.poll(() => page.locator('.records-section .count').innerText()).toBe(calls.toLocaleString('en-US'));
  await page.locator('.chip').click();
  await page.getByRole('switch', { name: 'Show dated snapshots of models' }).click();
  await expect.poll(names).toContain('gpt-5-2025-08-07');
});

test('the period before is drawn in the same chart, said for each column, and in the table', async () => {
  await using opened = await open();
  const { page } = opened;
  expect(await page.locator('path.before').count()).toBe(0);
  await page.getByRole('switch', { name: 'Compare with another period' }).click();
  await page.locator('path.before').waitFor();
  await page.getByRole('application').focus();
  await page.keyboard.press('ArrowLeft');
  await expect.poll(() => page.locator('.tooltip').innerText()).toContain('Period before');
  await page.getByRole('switch', { name: 'As a table' }).click();
  await page.locator('spend-figures').getByRole('columnheader', { name: 'Period before' }).waitFor();
});

test('two periods of free dates are in one chart, each with its name, also after a reload', async () => {
  const at = (day: string, cost_usd: number): UsageRecord => ({
    ...records[0]!,
    cost_known: true,
    usage_id: `${day} ${cost_usd}`,
    timestamp: `${day}T12:00:00Z`,
    cost_usd,
  });
  const held = [
    at('2026-03-01', 1),
    at('2026-03-02', 2),
    at('2025-07-10', 40),
    at('2025-07-11', 5),
    at('2025-07-13', 6),
  ];
  await using opened = await open({
    backend: new TableBackend(held, calendar),
    choices: { range: { kind: 'dates', from: '2026-03-01', to: '2026-03-03' } },
  });
  const { page } = opened;
  await page.getByRole('switch', { name: 'Compare with another period' }).click();
  const row = page.getByRole('group', { name: 'Compare with another period' });
  await row.getByRole('combobox', { name: 'Compared with' }).click();
  await page.getByRole('option', { name: 'Custom range…' }).click();
  // It starts from the period before.
  await expect.poll(() => row.locator('input[type=date]').first().inputValue()).toBe('2026-02-26');
  const fill = async (index: number, date: string): Promise<void> => {
    await row.locator('input[type=date]').nth(index).fill(date);
  };
  await fill(0, '2025-07-10');
  await fill(1, '2025-07-11');
  const note = page.locator('.before-note');
  await expect.poll(() => note.innerText()).toBe('Jul 10 – 11, 2025: $45.00');
  await page.getByRole('application').focus();
  await page.keyboard.press('Home');
  const said = page.locator('spend-chart > [aria-live]');
  await expect.poll(() => said.innerText()).toMatch(/^Sun, Mar 1, 2026: \$1\.00.*Jul 10 – 11, 2025: \$40\.00$/);
  expect(await page.locator('.tooltip').innerText()).toMatch(/Jul 10 – 11, 2025\s+\$40\.00/);
  // A longer period than the one on show says that it is not drawn whole; its total is.
  await fill(1, '2025-07-13');
  await expect.poll(() => note.innerText()).toBe('Jul 10 – 13, 2025: $51.00 (its first 3 columns are drawn)');
  await page.reload();
  await expect.poll(() => note.innerText()).toContain('Jul 10 – 13, 2025: $51.00');
  await page.getByRole('combobox', { name: 'Range' }).click();
  await page.getByRole('option', { name: 'All time' }).click();
  await expect.poll(() => note.innerText()).toContain('Jul 10 – 13, 2025: $51.00');
});
