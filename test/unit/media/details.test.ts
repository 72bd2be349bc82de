import { describe, expect, test } from 'vitest';
import { loosened } from '../../../media/model/alternatives.ts';
import { breakdownRows, pathId } from '../../../media/model/breakdown.ts';
import { sized } from '../../../media/model/columnChoice.ts';
import { Format } from '../../../media/model/format.ts';
import { provenance } from '../../../media/model/names.ts';
import { closedRange } from '../../../media/model/range.ts';
import { fieldText, recordCost, recordFields, recordJson } from '../../../media/model/record.ts';
import { labelled } from '../../../media/model/scale.ts';
import { chartModel } from '../../../media/model/series.ts';
import { sum } from '../../../media/model/totals.ts';
import { DEFAULT_CHOICES } from '../../../src/protocol/choices.ts';
import type { RecordRow } from '../../../src/protocol/messages.ts';
import { emptyTotals, type Group, type Totals } from '../../../src/usage/query.ts';

/** Small rules of the page's model that mutation testing found without a test. */

const format = new Format('en-US', 'UTC');
const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
const now = Date.parse('2026-11-23T14:30:00Z');
const record = {
  usage_id: 'u1',
  provider: 'openai',
  model: 'gpt-5',
  operation: 'chat',
  input_tokens: 1_000,
  output_tokens: 10,
  total_tokens: 1_010,
  cost_usd: 0.5,
  cost_known: true,
  billing_mode: 'estimated',
  timestamp: '2026-11-20T10:00:00.000Z',
} satisfies RecordRow['record'];
const totals = (usd: number, more: Partial<Totals> = {}): Totals => ({
  ...emptyTotals(),
  records: 1,
  recordedNanos: BigInt(usd * 1e9),
  ...more,
});

describe('the details of a record', () => {
  const rows = (more: object): Map<string, string> =>
    new Map(
      recordFields({ record: { ...record, ...more } } as RecordRow, 'L', format).map(({ name, value }) => [
        name,
        value,
      ]),
    );

  test('have no line for a value that is absent, empty or an empty list', () => {
    const there = rows({ project: 'site', tags: ['a', 'b'], reasoning_tokens: 0 });
    expect([there.get('Project'), there.get('Tags')]).toEqual(['site', 'a, b']);
    for (const nothing of [undefined, null, '']) expect(rows({ project: nothing }).has('Project')).toBe(false);
    expect(rows({ tags: [] }).has('Tags')).toBe(false);
    expect(rows({ strange: { a: 1 } }).get('strange')).toBe('{"a":1}');
  });

  test('as one line', () => {
    expect([undefined, null, '', [], 0, 'x', ['a', 'b'], [1], false].map((value) => fieldText(value, format))).toEqual([
      '',
      '',
      '',
      '',
      '0',
      'x',
      'a, b',
      '[1]',
      'false',
    ]);
  });

  test('say whether the cost is an estimate, and of which prices', () => {
    const cost = (more: object): [string, string] => {
      const row = { record: { ...record, ...more } } as RecordRow;
      return [recordCost(row, format), provenance(row.record)];
    };
    const estimate = 'Estimated by the program that recorded it.';
    expect(cost({})[1]).toBe(estimate);
    expect(cost({ price_source: 7 })[1]).toBe(estimate);
    expect(cost({ price_source: '' })[1]).toBe(estimate);
    expect(cost({ price_source: 'the list' })[1]).toBe('Estimated from its tokens at the prices of the list.');
    const reported = { billing_mode: 'provider_reported' };
    expect(cost(reported)).toEqual(['$0.5000', 'Reported by the program that recorded the call.']);
    expect(cost({ ...reported, price_source: '' })[0]).toBe('$0.5000');
    expect(cost({ ...reported, price_source: 'the list' })[0]).toBe('~$0.5000');
    expect(cost({ cost_known: false })).toEqual(['unpriced', 'Price unknown. Not included in totals.']);
  });
});

test('a cost in another currency stands beside the one that is stored', () => {
  const euros = new Format('en-US', 'UTC', { code: 'EUR', note: '' });
  const row = { record: { ...record, charge: 'plan' }, amount: String(42n * 10n ** 19n) } as unknown as RecordRow;
  const spaced = (text: string): string => text.replaceAll(/\s/g, ' ');
  expect(spaced(recordCost(row, euros))).toBe('~EUR 0.4200 plan');
  expect(recordCost({ record: row.record } as RecordRow, euros)).toBe('~$0.5000 plan');
  const lines = recordFields(row, 'L', euros).map(({ name, value }) => [name, spaced(value)]);
  expect(lines.slice(1, 3)).toEqual([
    ['Cost in EUR', 'EUR 0.42 plan'],
    ['Cost as stored', '$0.50 plan'],
  ]);
  expect(lines.at(-1)).toEqual(['Ledger', 'L']);
  expect(JSON.parse(recordJson(row.record))).toEqual(row.record);
  expect(recordJson(row.record).split('\n')[1]).toBe('  "usage_id": "u1",');
});

test('a plan is named beside the cost only if it covers something', () => {
  expect(format.costTexts(totals(2)).plan).toBeUndefined();
  const covered = totals(2, { records: 2, plan: 1, planNanos: 3_000_000_000n });
  expect(format.costTexts(covered)).toEqual({ plan: '$3.00 plan', known: '$2.00' });
});

test('the rest of a breakdown is its last row in any order, and tokens are ordered by number', () => {
  const groups: Group[] = [
    { key: ['many'], totals: totals(1, { totalTokens: 900 }) },
    { key: [null], rest: 4, totals: totals(9, { totalTokens: 5_000 }) },
    { key: ['few'], totals: totals(2, { totalTokens: 80 }) },
  ];
  const names = (by: 'cost' | 'tokens' | 'name' | 'records', descending: boolean): (string | null)[] =>
    breakdownRows(
      { levels: ['model'], breakdownSort: { by, descending }, measure: 'cost' },
      {
        children: new Map([[pathId([]), { groups, slots: new Map() }]]),
        expanded: new Set(),
        grand: sum(groups.map((each) => each.totals)),
      },
      (_, value) => value ?? '',
    ).map(({ value }) => value);
  expect(names('tokens', true)).toEqual(['many', 'few', null]);
  expect(names('tokens', false)).toEqual(['few', 'many', null]);
  expect(names('cost', true)).toEqual(['few', 'many', null]);
  expect(names('name', true)).toEqual(['many', 'few', null]);
});

test('the width of one column changes, not that of the others', () => {
  expect(sized([{ key: 'time', width: 80 }, { key: 'cost' }], 'cost', 99)).toEqual([
    { key: 'time', width: 80 },
    { key: 'cost', width: 99 },
  ]);
});

test('labels fit, and the last one is always there', () => {
  const shown = (count: number, pixels: number): number[] =>
    Array.from({ length: count }, (_, i) => i).filter(labelled(count, pixels, 10));
  expect(shown(4, 40)).toEqual([0, 1, 2, 3]);
  expect(shown(4, 39)).toEqual([1, 3]);
  expect(shown(10, 21)).toEqual([3, 9]);
  expect(shown(0, 40)).toEqual([]);
  expect(shown(500, 10)).toEqual([499]);
});

test('a series of a chart has the totals of all its groups', () => {
  const group = (day: string, usd: number): Group => ({ key: [day, 'gpt-5'], totals: totals(usd) });
  const range = { since: Date.parse('2026-11-20T00:00:00Z'), until: Date.parse('2026-11-22T00:00:00Z') };
  const { series } = chartModel(
    { groups: [group('2026-11-20', 1), group('2026-11-21', 2)], slots: new Map() },
    range,
    { bucket: 'day', measure: 'cost' },
    calendar,
  );
  expect(series.map((each) => [each.value, each.totals.recordedNanos])).toEqual([['gpt-5', 3_000_000_000n]]);
});

test('a range begins today if the day of its first record cannot be read', () => {
  const today = Date.parse('2026-11-23T00:00:00Z');
  expect(closedRange({}, { first: 'no day' }, now, calendar).since).toBe(today);
  expect(closedRange({}, {}, now, calendar).since).toBe(today);
});

test('each term of the search can be left out', () => {
  const ways = loosened({ ...DEFAULT_CHOICES, search: 'model:opus cost>1' });
  expect(ways.flatMap(({ label, changes }) => ('search' in changes ? [[label, changes.search]] : []))).toEqual([
    ['Without model:opus', 'cost>1'],
    ['Without cost>1', 'model:opus'],
  ]);
});
