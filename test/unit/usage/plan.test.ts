import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { openLedger } from '../../../src/library/index.ts';
import { costNanos, emptyTotals, valueNanos, type Totals } from '../../../src/usage/query.ts';
import { formatPaidAndPlan, formatTotals } from '../../../src/usage/summary.ts';
import { addRecord } from '../../../src/usage/totals.ts';
import { usage } from './records.ts';

/** What is paid and what a plan covers are never added up. */

const RECORDS = [
  usage({ usage_id: 'a', cost_usd: 12.4, account: 'work', charge: 'metered' }),
  usage({ usage_id: 'b', cost_usd: 300, account: 'home', charge: 'plan', billing_mode: 'estimated' }),
  usage({ usage_id: 'c', cost_usd: 10.000000001, charge: 'credits' }),
  usage({ usage_id: 'd', cost_usd: 0, charge: 'free', account: 'home' }),
  usage({ usage_id: 'e', cost_known: false, charge: 'plan' }),
  usage({ usage_id: 'f', cost_usd: 0.1, price_source: 'genai-prices 1 x/y', billing_mode: 'estimated' }),
];
const EXPECTED = {
  recordedNanos: 12_400_000_000n,
  estimatedNanos: 100_000_000n,
  estimated: 1,
  planNanos: 310_000_000_001n,
  plan: 2,
  unpriced: 1,
};

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llm-spend-plan-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function sum(list: readonly Totals[], part: (totals: Totals) => bigint): bigint {
  return list.reduce((total, each) => total + part(each), 0n);
}

describe.each(['costs.json', 'costs.db'])('in %s', (name) => {
  it('totals keep them apart, and groups by account and charge add up to them', async () => {
    const ledger = openLedger({ ledger: join(folder, name), pricing: false });
    try {
      for (const record of RECORDS) await ledger.track(record);
      const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
      const [all] = await ledger.aggregate({ filter: {}, groupBy: [], calendar });
      expect(all!.totals).toMatchObject(EXPECTED);
      const groups = await ledger.aggregate({ filter: {}, groupBy: ['account', 'charge'], calendar });
      expect(groups.map(({ key }) => key)).toEqual([
        ['home', 'plan'],
        ['home', 'free'],
        ['work', 'metered'],
        [null, 'credits'],
        [null, null],
        [null, 'plan'],
      ]);
      const totals = groups.map((group) => group.totals);
      expect(sum(totals, costNanos)).toBe(costNanos(all!.totals));
      expect(sum(totals, ({ planNanos }) => planNanos)).toBe(all!.totals.planNanos);
      expect(sum(totals, valueNanos)).toBe(322_500_000_001n);
    } finally {
      await ledger.close();
    }
  });
});

test('record by record they are the same', () => {
  const totals = emptyTotals();
  for (const record of RECORDS) addRecord(totals, record);
  expect(totals).toMatchObject(EXPECTED);
  expect(formatTotals(totals)).toBe('~$12.50 + $310.00 plan + 1 unpriced');
  expect(formatPaidAndPlan(totals)).toBe('~$12.50 paid, $310.00 of plan usage at list price, 1 unpriced');
});

test('where a plan covers everything, no zero is shown as what was spent', () => {
  const totals = { ...emptyTotals(), records: 2, plan: 1, planNanos: 5_000_000_000n, unpriced: 1 };
  expect(formatTotals(totals)).toBe('$5.00 plan + 1 unpriced');
  expect(formatTotals({ ...emptyTotals(), records: 1 })).toBe('$0.00');
  expect(formatPaidAndPlan({ ...emptyTotals(), records: 1 })).toBeUndefined();
});
