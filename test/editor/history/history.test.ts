import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Choices } from '../../../src/protocol/choices.ts';
import { EMPTY_STATE } from '../../../src/protocol/emptyState.ts';
import { readDisplayCurrency } from '../../../src/pricing/currency.ts';
import type { DisplayCurrency } from '../../../src/pricing/currency.ts';
import { formatUsd, formatUsdInColumn, usdToNanos } from '../../../src/usage/money.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { sampleLedger } from '../../fixtures/sampleLedger.ts';
import { TableBackend } from '../../fixtures/tableBackend.ts';
import { LONG } from '../../long.ts';
import { launchBrowser } from '../harness/browser.ts';
import { accessibilityProblems } from './axe.ts';
import { HistoryPage, themesOf } from './historyPage.ts';
import type { HistoryPageOptions } from './historyPage.ts';

const calendar = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };
const records = sampleLedger({ now: new Date() });
/** Enough for everything that the view can show, and quickly looked through. */
const fewRecords = sampleLedger({ now: new Date(), days: 8 });

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

interface Opened {
  history: HistoryPage;
  backend: TableBackend;
  page: HistoryPage['page'];
}

async function open(
  options: Partial<HistoryPageOptions> = {},
  held: readonly UsageRecord[] = records,
): Promise<Opened & AsyncDisposable> {
  const backend = new TableBackend(held, calendar);
  const history = await HistoryPage.open(browser, { backend, ...options });
  await history.page.locator('.glance, .state').first().waitFor();
  return {
    history,
    backend,
    page: history.page,
    [Symbol.asyncDispose]: async () => {
      // Whatever a test looked at: nothing failed on the way, and the content security policy was never in the way.
      const { complaints } = history;
      await history.close();
      expect(complaints).toEqual([]);
    },
  };
}

const call = (more: Partial<UsageRecord>): UsageRecord => ({
  usage_id: 'new',
  provider: 'openai',
  model: 'gpt-5',
  operation: 'chat',
  input_tokens: 10,
  output_tokens: 5,
  total_tokens: 15,
  cost_usd: 1,
  cost_known: true,
  billing_mode: 'known',
  timestamp: new Date().toISOString(),
  ...more,
});

const STATES: Record<
  string,
  { choices?: Partial<Choices>; held?: UsageRecord[]; steps?: (o: Opened) => Promise<void> }
> = {
  'as it opens': {},
  'added up, as a table': {
    choices: { chart: 'cumulative' },
    steps: ({ page }) => page.getByRole('switch', { name: 'As a table' }).click(),
  },
  'the calendar': { choices: { chart: 'calendar', range: { kind: 'year' } } },
  'two dates, filters and their picker': {
    choices: {
      range: { kind: 'dates', from: '2020-01-01', to: '2099-12-31' },
      values: { provider: ['openai', 'google'] },
    },
    steps: async ({ page }) => {
      await page.getByRole('switch', { name: 'Add a filter' }).click();
      await page.locator('.picker vscode-multi-select').waitFor();
    },
  },
  'an open branch and a record': {
    steps: async ({ page }) => {
      await page.locator('spend-breakdown').getByRole('treegrid').focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowRight');
      await page.locator('tr[aria-level="2"]').first().waitFor();
      await page.locator('.record').nth(1).click();
      await page.locator('.detail').waitFor();
    },
  },
  'another currency, with days that have no rate': {
    steps: async ({ page, backend }) => {
      const day = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10);
      backend.setCurrency(readDisplayCurrency({ currency: 'EUR', rates: { [day]: 0.9 } }) as DisplayCurrency);
      await page.locator('.currency-note').waitFor();
    },
  },
  'what is covered': {
    steps: async ({ page }) => {
      await page.getByRole('button', { name: 'What is covered?' }).click();
      await page.getByRole('row', { name: /Claude Code on, 3 logs/ }).waitFor();
    },
  },
  'nothing recorded yet': { held: [] },
  'no match': { choices: { search: 'nothing is called like this' } },
  'a damaged ledger': {
    steps: async ({ page, backend }) => {
      backend.setState({
        health: 'damaged',
        problems: [{ code: 'truncated', severity: 'error', message: 'The file ends within a record.' }],
      });
      await page.getByRole('alert').waitFor();
    },
  },
  'a ledger with a warning': {
    steps: async ({ page, backend }) => {
      backend.setState({
        problems: [{ code: 'not-committed', severity: 'warning', message: 'The file is immutable.' }],
      });
      const alert = page.getByRole('alert');
      await alert.getByText('The file is immutable.').waitFor();
      expect(await alert.innerText()).toContain('Warning: costs.json');
      expect(await alert.getByRole('button', { name: 'Repair…' }).count()).toBe(0);
    },
  },
  loading: {
    steps: async ({ page, backend }) => {
      backend.setLoaded(false);
      await page.getByText('Reading the ledger').waitFor();
    },
  },
};

/** In the quick form each state is looked at in one of the widths, in turn. */
const statesAt = (width: number): [string, (typeof STATES)[string]][] =>
  Object.entries(STATES).filter((_, i) => LONG || (i % 2 === 0) === width < 400);

// Most of the time of this file, and nothing in them waits for a moment: side by side.
describe.concurrent.each([250, 1400])('is accessible, %i px wide,', (width) => {
  test.each(statesAt(width))('%s', async (name, { choices = {}, held = fewRecords, steps }) => {
    const themes = themesOf(Object.keys(STATES).indexOf(name) + (width < 400 ? 0 : 2), 4);
    await using opened = await open({ width, place: width < 400 ? 'sidebar' : 'panel', choices }, held);
    const { history, page } = opened;
    await steps?.(opened);
    expect(history.complaints.splice(0)).toEqual([]);
    for (const theme of themes) {
      await history.dress(theme);
      const wide = await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
      expect(wide, `${theme}: wider than its place`).toBe(false);
      // Only colours differ between themes; all rules are asked of one.
      const rules = theme === themes[0] ? undefined : ['color-contrast'];
      expect(await accessibilityProblems(page, rules), theme).toEqual([]);
    }
    // axe-core styles the page to look at it, which the policy refuses.
    history.complaints.length = 0;
  });
});

test('the page of coverage by the keyboard: it says what is covered, and leads back', async () => {
  await using opened = await open({ height: 1400 });
  const { page, backend } = opened;
  await page.getByRole('button', { name: 'What is covered?' }).focus();
  await page.keyboard.press('Enter');
  const heading = page.getByRole('heading', { name: 'What is covered?' });
  await heading.waitFor();
  await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('report-title');
  const row = page.getByRole('row', { name: /^Claude Code/ });
  await row.waitFor();
  const cells = await row.getByRole('cell').allInnerTexts();
  expect(cells).toEqual([
    'on, 3 logs',
    expect.stringMatching(/^[\d,]+$/),
    '2026-11-01 to 2026-11-20',
    '4 days',
    '5 days',
  ]);
  expect(
    await page
      .getByRole('row', { name: /^Codex/ })
      .getByRole('cell')
      .allInnerTexts(),
  ).toEqual(['off, 3 logs', 'none yet', '', '', '']);
  await page.getByText('at this pace empty in 40 min').waitFor();
  if (process.env['LLM_SPEND_PICTURES'])
    await page.screenshot({ path: `${process.env['LLM_SPEND_PICTURES']}/coverage.png` });
  await page.getByRole('button', { name: 'Keep logs longer…' }).click();
  await expect.poll(() => backend.actions).toEqual([{ verb: 'keepLogs' }]);
  await page.getByRole('button', { name: 'Back to costs' }).focus();
  await page.keyboard.press('Enter');
  await page.locator('.glance').waitFor();
});

test('the first record of an empty ledger never appears as no match or as nothing spent', async () => {
  await using opened = await open({}, []);
  const { page, backend } = opened;
  await page.evaluate(`globalThis.seen = [];
    new MutationObserver(() => {
      if (document.querySelector('spend-no-match')) seen.push('no match');
      const cost = document.querySelector('.headline-cost')?.textContent.trim();
      if (cost && cost !== seen.at(-1)) seen.push(cost);
    }).observe(document.body, { subtree: true, childList: true, characterData: true })`);
  backend.record(call({ cost_usd: 1.25 }));
  await page.locator('.headline-cost').getByText('$1.25').waitFor();
  expect(await page.evaluate('seen')).toEqual(['$1.25']);
});

test('an empty ledger offers to import first, then to record, the command and the walkthrough', async () => {
  await using opened = await open({}, []);
  const { page, backend } = opened;
  for (const name of Object.values(EMPTY_STATE.actions)) await page.getByRole('button', { name }).click();
  await expect
    .poll(() => backend.actions.map(({ verb }) => verb))
    .toEqual(['import', 'record', 'copyCommand', 'walkthrough']);
});

describe('figures', () => {
  test('equal the records, to the cent in sight and to the nano-dollar on demand', async () => {
    await using opened = await open({ choices: { range: { kind: 'all' } } });
    const known = records.filter(({ cost_known }) => cost_known);
    const nanos = known.reduce((sum, { cost_usd }) => sum + usdToNanos(cost_usd), 0n);
    const cost = opened.page.locator('.headline-cost');
    expect(await cost.locator('.amount').innerText()).toBe(`~${formatUsd(nanos)}`);
    expect(await cost.locator('.unpriced').innerText()).toBe(`${records.length - known.length} unpriced`);
    const exact = (Number(nanos) / 1e9).toFixed(9).replace(/0+$/, '');
    expect((await cost.getAttribute('title'))?.replaceAll(',', '')).toContain(exact);
  });

  test.each([250, 360, 640, 1400])('large ones stand whole, each on one line, %i px wide', async (width) => {
    const large = records.map((record) => ({ ...record, cost_usd: record.cost_usd * 2_000 }));
    await using opened = await open({ width, place: width < 400 ? 'sidebar' : 'panel' }, large);
    const { page } = opened;
    await page.locator('spend-breakdown tbody tr').first().waitFor();
    const wrong = await page.evaluate<string[]>(`
      [...document.querySelectorAll('.card .amount, .card .unpriced, spend-breakdown td .nowrap, spend-breakdown td .unpriced')]
        .filter((each) => {
          const [own, cell] = [each, each.closest('.card, td')].map((one) => one.getBoundingClientRect());
          const lines = new Set([...each.getClientRects()].map(({ bottom }) => Math.round(bottom)));
          return lines.size > 1 || own.left < cell.left || own.right > cell.right;
        })
        .map((each) => each.textContent)`);
    expect(wrong).toEqual([]);
    const cut = await page.evaluate<string[]>(`
      [...document.querySelectorAll('.record .cell-time, .record .cell-cost')]
        .filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.textContent)`);
    expect(cut).toEqual([]);
    expect(await page.locator('spend-breakdown td .unpriced').count()).toBeGreaterThan(1);
  });

  test('stand in the currency that was chosen, with USD where a day has no rate', async () => {
    const day = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString();
    await using opened = await open({ choices: { range: { kind: 'all' } } }, [
      call({ usage_id: 'a', cost_usd: 10, timestamp: day(0) }),
      call({ usage_id: 'b', cost_usd: 4, timestamp: day(10), model: 'gpt-5-mini' }),
      call({ usage_id: 'c', cost_usd: 3, timestamp: day(20) }),
      call({ usage_id: 'd', cost_usd: 0, cost_known: false, timestamp: day(0) }),
    ]);
    const { page, backend } = opened;
    const text = async (selector: string): Promise<string> =>
      (await page.locator(selector).first().innerText()).replaceAll(/\s+/g, ' ');
    await expect.poll(() => text('.headline-cost')).toContain('$17.00 + 1 unpriced');
    await page.locator('.record').first().click();
    await page.locator('.detail').waitFor();
    const rates = { [day(15).slice(0, 10)]: 0.5, [day(5).slice(0, 10)]: 0.9 };
    backend.setCurrency(readDisplayCurrency({ currency: 'EUR', rates }) as DisplayCurrency);
    await expect.poll(() => text('.headline-cost')).toContain('EUR 11.00 + $3.00 not converted + 1 unpriced');
    expect(await text('.currency-note')).toBe('in EUR, at your rates');
    expect(await text('spend-breakdown tbody tr')).toContain('EUR');
    expect(await text('spend-chart')).toContain('EUR');
    expect(await text('.legend-note')).toBe('has unpriced calls and days without a rate');
    expect(await page.locator('.detail').count()).toBe(0);
    const costs = page.locator('.record .cell-cost');
    await expect
      .poll(async () => (await costs.allInnerTexts()).map((cost) => cost.replaceAll(/\s+/g, ' ')).sort())
      .toEqual(['$3.0000', 'EUR 2.0000', 'EUR 9.0000', 'unpriced']);
    await page.locator('.record', { hasText: '9.00' }).click();
    expect(await text('.detail')).toContain('Cost in EUR EUR 9.00 Cost as stored $10.00');
    backend.setCurrency(undefined);
    await expect.poll(() => text('.headline-cost')).toContain('$17.00 + 1 unpriced');
  });

  test('hostile text stays text', async () => {
    const hostile = '<img src=x onerror=alert(1)>\u202E[x](command:evil)';
    await using opened = await open({}, [call({ model: hostile, project: hostile, note: hostile, provider: hostile })]);
    const { page } = opened;
    await page.locator('.record').first().click();
    expect(await page.locator('.cell-model').nth(1).innerText()).toBe(
      '<img src=x onerror=alert(1)>\uFFFD[x](command:evil)',
    );
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('.detail').innerText()).toContain('<img src=x');
  });
});

describe('live', () => {
  test('a new record is shown without a jump and without losing what is selected', async () => {
    await using opened = await open();
    const { page, backend } = opened;
    const scroller = page.locator('.records-scroll');
    await scroller.evaluate((element) => (element.scrollTop = 22 * 400));
    await page.locator('.record[aria-rowindex="405"] .cell-model').filter({ hasText: /./ }).click();
    const selected = page.locator('.record.selected');
    const place = async (): Promise<number> =>
      ((await selected.boundingBox())?.y ?? 0) - ((await scroller.boundingBox())?.y ?? 0);
    const before = await place();
    const text = await selected.innerText();
    backend.record(call({ usage_id: 'n1', cost_usd: 5000 }), call({ usage_id: 'n2' }));
    await expect.poll(() => page.locator('.headline-cost').innerText()).toContain('5,');
    await expect.poll(() => selected.getAttribute('aria-rowindex')).toBe('407');
    expect(await selected.innerText()).toBe(text);
    expect(await place()).toBe(before);
    expect(await page.locator('.updated').innerText()).toBe('Updated just now');
  });

  test('a page that the editor loads again, as old as it is, shows what came meanwhile', async () => {
    await using opened = await open({}, [call({ cost_usd: 2 })]);
    const { page, backend } = opened;
    const headline = page.locator('.headline-cost');
    await expect.poll(() => headline.innerText()).toContain('$2.00');
    backend.record(call({ usage_id: 'meanwhile', cost_usd: 3 }));
    backend.setCurrency(readDisplayCurrency({ currency: 'EUR', rate: 0.5 }) as DisplayCurrency);
    await page.reload();
    await expect.poll(() => headline.innerText()).toMatch(/EUR\s2\.50/);
  });

  test('rows exist only where they are seen', async () => {
    await using opened = await open({ choices: { range: { kind: 'all' } } });
    expect(records.length).toBeGreaterThan(500);
    expect(await opened.page.locator('.record').count()).toBeLessThan(60);
    const grid = opened.page.getByRole('grid');
    await expect.poll(() => grid.getAttribute('aria-rowcount')).toBe(`${records.length + 1}`);
  });
});

describe('choices', () => {
  test('combine as chips, survive a reload, and are reset with one click', async () => {
    await using opened = await open();
    const { page } = opened;
    await page.getByRole('treegrid').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('searchbox').fill('chat');
    const chips = page.locator('.chip');
    await expect.poll(() => chips.allInnerTexts()).toEqual(['Provider: anthropic', 'Search: chat']);
    await page.reload();
    await page.locator('.glance').waitFor();
    expect(await chips.allInnerTexts()).toEqual(['Provider: anthropic', 'Search: chat']);
    await chips.first().click();
    await expect.poll(() => chips.allInnerTexts()).toEqual(['Search: chat']);
    await page.getByRole('button', { name: 'Reset' }).click();
    await expect.poll(() => chips.count()).toBe(0);
    expect(await page.getByRole('searchbox').inputValue()).toBe('');
  });

  test('the chart by keyboard: exact figures are said, Enter filters', async () => {
    // Today has a column from midnight on, but no record of the sample's yet.
    await using opened = await open({ choices: { stack: 'provider' } }, [...records, call({})]);
    const { page } = opened;
    await page.getByRole('application').focus();
    await page.keyboard.press('ArrowLeft');
    const said = page.locator('spend-chart [aria-live]');
    await expect.poll(() => said.innerText()).toMatch(/^\w{3}, \w{3} \d+, \d{4}: ~?\$/);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('.chip').allInnerTexts()).toEqual([expect.stringMatching(/^Provider: /)]);
  });

  test('the picker knows what is filtered by already, and adds to it', async () => {
    await using opened = await open({ choices: { values: { model: ['gpt-5'] } } });
    const { page } = opened;
    await page.getByRole('switch', { name: 'Add a filter' }).click();
    await page.getByRole('combobox', { name: 'Filter by' }).click();
    await page.getByRole('option', { name: 'Model' }).click();
    await page.locator('.picker vscode-multi-select').click();
    const option = (name: string): Locator => page.locator('.picker').getByRole('option', { name, exact: true });
    await expect.poll(() => option('gpt-5').getAttribute('aria-selected')).toBe('true');
    await option('gpt-5-mini').click();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('.chip').allInnerTexts()).toEqual(['Model: gpt-5', 'Model: gpt-5-mini']);
  });

  test('drop-downs by pointer and by keyboard', async () => {
    await using opened = await open();
    const { page } = opened;
    const title = page.locator('.glance h2');
    const range = page.getByRole('combobox', { name: 'Range' });
    await range.click();
    await page.getByRole('option', { name: 'This month' }).click();
    await expect.poll(() => title.textContent()).toBe('This month');
    await page.getByRole('combobox', { name: 'Stacked by' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('option', { name: 'Operation' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('.legend').innerText()).toContain('code-edit');
    // What a list offers follows what another one chose, and so does where its choice stands in it.
    const rows = page.getByRole('combobox', { name: 'Rows', exact: true });
    const within = page.getByRole('combobox', { name: 'Then by', exact: true });
    await rows.click();
    await page.getByRole('option', { name: 'Cost type' }).click();
    await expect.poll(() => rows.textContent()).toContain('Cost type');
    expect(await within.textContent()).toContain('Model');
    await within.focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByRole('option', { name: 'Cost type' }).count()).toBe(0);
  });

  test('a click on a day of the calendar shows that day', async () => {
    await using opened = await open({ choices: { chart: 'calendar', range: { kind: 'year' } } });
    const { page } = opened;
    await page.locator('rect[data-day].heat-4').last().click();
    await page.locator('.date').first().waitFor();
    expect(await page.locator('.date input').first().inputValue()).toBe(
      await page.locator('.date input').last().inputValue(),
    );
  });

  test('the legend switches a series off and on', async () => {
    await using opened = await open();
    const { page } = opened;
    const item = page.locator('.legend-item').first();
    const bars = page.locator('.bar');
    const before = await bars.count();
    await item.click();
    await expect.poll(() => bars.count()).toBeLessThan(before);
    expect(await item.getAttribute('aria-pressed')).toBe('false');
    await item.click();
    await expect.poll(() => bars.count()).toBe(before);
  });
});

describe('records', () => {
  test('by keyboard: select a range, remove it, and take that back', async () => {
    await using opened = await open();
    const { page, backend } = opened;
    const count = page.locator('.records-section h2 .count');
    const before = await count.innerText();
    await page.getByRole('grid').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Shift+ArrowDown');
    await expect.poll(() => page.locator('.record.selected').count()).toBe(3);
    await page.keyboard.press('Delete');
    await page.getByText('Removed 3 records.').waitFor();
    expect(backend.actions.at(-1)).toMatchObject({ verb: 'remove', ids: { length: 3 } });
    await expect.poll(() => count.innerText()).not.toBe(before);
    await page.locator('.toast').getByText('Undo').click();
    await expect.poll(() => count.innerText()).toBe(before);
  });

  test('one in detail: where its cost comes from, copy, open in the ledger', async () => {
    await using opened = await open({}, [call({ billing_mode: 'estimated', price_source: 'genai-prices 0.1.8' })]);
    const { page, backend, history } = opened;
    await page.getByRole('grid').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    const detail = page.getByRole('complementary', { name: 'Record' });
    await detail.getByText('at the prices of genai-prices 0.1.8').waitFor();
    await detail.getByRole('button', { name: 'Open in the ledger' }).click();
    await expect
      .poll(() => backend.actions)
      .toEqual([{ verb: 'openLedger', path: '/ledger/costs.json', usageId: 'new' }]);
    await detail.getByRole('button', { name: 'Copy as JSON' }).click();
    await page.getByText('Copied.').waitFor();
    expect(history.editorActions).toMatchObject(
      [{ verb: 'copy', text: /"usage_id": "new"/ }].map(() => ({ verb: 'copy' })),
    );
  });

  test('sort by their headings', async () => {
    // The dearest of all, which may be older than what is shown at first.
    await using opened = await open({ choices: { range: { kind: 'all' } } });
    const { page } = opened;
    await page.locator('.records-head').getByRole('button', { name: 'Cost' }).click();
    const top = Math.max(...records.filter(({ cost_known }) => cost_known).map(({ cost_usd }) => cost_usd));
    await expect
      .poll(() => page.locator('.record').first().locator('.cell-cost').innerText())
      .toContain(formatUsdInColumn(usdToNanos(top)));
  });

  test('export what is filtered, and the chart as a picture', async () => {
    await using opened = await open({ choices: { values: { provider: ['openai'] }, range: { kind: 'all' } } });
    const { page, backend, history } = opened;
    await page.getByRole('button', { name: 'Export as CSV' }).click();
    await expect
      .poll(() => backend.actions)
      .toEqual([{ verb: 'export', format: 'csv', filter: { values: { provider: ['openai'] } } }]);
    await page.getByRole('button', { name: 'Save as an image' }).click();
    await expect.poll(() => history.editorActions.length).toBe(1);
    const [image] = history.editorActions;
    if (image?.verb !== 'saveImage') throw new Error('no image');
    expect(Buffer.from(image.png, 'base64').subarray(1, 4).toString()).toBe('PNG');
    expect(image.svg).toMatch(/^<svg[^>]* xmlns=/);
    expect(image.svg).not.toContain('var(');
  });
});
