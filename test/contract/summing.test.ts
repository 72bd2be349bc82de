import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { AggregateQuery } from '../../src/usage/query.ts';
import type { UsageInput, UsageRecord } from '../../src/usage/record.ts';
import { DIMENSIONS } from '../../src/usage/dimensions.ts';
import { contractPlace, STORES } from './stores.ts';
import { call } from './usages.ts';

/** Stores may keep sums beside the records: after each change they are those of the records that are left. */

const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
const usages = [
  call('a', { project: 'site', tags: ['x', 'y'], user: 'ann' }),
  call('b', { timestamp: '2026-11-01T23:59:59.999Z', model: 'gpt-5-mini', cost_usd: 0.25, cache_read_tokens: 7 }),
  call('c', { timestamp: '2026-11-02T00:00:00.000Z', project: 'shop', charge: 'plan', cost_usd: 2 }),
  unpriced(call('d', { timestamp: '2026-10-01T08:30:00.000Z', provider: 'unknown', model: 'nobody-knows' })),
];

function unpriced(usage: UsageInput): UsageInput {
  delete usage.cost_usd;
  return usage;
}

describe.each(STORES)('the sums of a $title ledger', (row) => {
  const place = contractPlace(row);

  const ask = (ledger: Ledger, groupBy: AggregateQuery['groupBy']) =>
    ledger.aggregate({ filter: {}, groupBy, calendar });
  /** Checks that the answers to all questions are those that the records give. */
  async function expectSums(expected: Record<string, number>): Promise<void> {
    const ledger = place.open();
    await ledger.flush();
    const records = await ledger.read();
    expect(Object.fromEntries(records.map(({ usage_id: id, cost_usd: cost }) => [id, cost]))).toEqual(expected);
    const of = (all: readonly UsageRecord[], name: string): number =>
      all.reduce((sum, record) => sum + ((record[name] as number | undefined) ?? 0), 0);
    const summary = await ledger.summary();
    expect(summary.records).toBe(records.length);
    expect(summary.inputTokens).toBe(of(records, 'input_tokens'));
    for (const groupBy of [...DIMENSIONS, 'hour', 'day', 'month'] as const) {
      if (groupBy === 'tag') continue;
      const groups = await ask(ledger, [groupBy]);
      const sum = (name: 'records' | 'outputTokens' | 'cacheReadTokens'): number =>
        groups.reduce((all, { totals }) => all + Number(totals[name]), 0);
      expect([groupBy, sum('records')]).toEqual([groupBy, records.length]);
      expect(sum('outputTokens')).toBe(of(records, 'output_tokens'));
      expect(sum('cacheReadTokens')).toBe(of(records, 'cache_read_tokens'));
      expect(groups.some(({ totals }) => totals.records === 0)).toBe(false);
    }
    expect((await ledger.verify()).problems).toEqual([]);
    expect((await ledger.repair({ dryRun: true })).actions).toEqual([]);
  }

  it('are right after each change, and after it was undone', async () => {
    const ledger = place.open();
    await ledger.trackAll(usages);
    const all = { a: 0.5, b: 0.25, c: 2, d: 0 };
    await expectSums(all);
    await place.open().remove(['b', 'd']);
    await expectSums({ a: 0.5, c: 2 });
    await place.open().undo();
    await expectSums(all);
    await place.open().setCosts([
      { usageId: 'a', fields: { cost_usd: 9, cost_known: true } },
      { usageId: 'd', fields: { cost_usd: 1, cost_known: true, billing_mode: 'estimated' } },
    ]);
    await expectSums({ a: 9, b: 0.25, c: 2, d: 1 });
    await place.open().undo();
    await expectSums(all);
  });

  it('begin anew after a clear, and are those of before after its undo', async () => {
    await place.open().trackAll(usages);
    await place.open().clear();
    await expectSums({});
    const ledger = place.open();
    await ledger.track(call('new', { project: 'site' }));
    await expectSums({ new: 0.5 });
    await place.open().undo();
    await place.open().undo();
    expect((await place.open().read()).map(({ usage_id: id }) => id)).toContain('a');
    const after = place.open();
    expect((await after.summary()).records).toBe((await after.read()).length);
    expect((await after.verify()).problems).toEqual([]);
  });

  it('name the groups, with the tokens and costs of each', async () => {
    const ledger = place.open();
    await ledger.trackAll(usages);
    const groups = async (...by: AggregateQuery['groupBy']) =>
      (await ask(ledger, by)).map(({ key, totals }) => [...key, totals.records, Number(totals.inputTokens)]);
    expect(await groups('project')).toEqual(
      expect.arrayContaining([
        ['site', 1, 1000],
        ['shop', 1, 1000],
        [null, 2, 2000],
      ]),
    );
    expect(await groups('day')).toEqual([
      ['2026-10-01', 1, 1000],
      ['2026-11-01', 2, 2000],
      ['2026-11-02', 1, 1000],
    ]);
    expect(await groups('tag')).toEqual(
      expect.arrayContaining([
        ['x', 1, 1000],
        ['y', 1, 1000],
        [null, 3, 3000],
      ]),
    );
    expect(await groups('day', 'project')).toEqual(
      expect.arrayContaining([
        ['2026-11-01', 'site', 1, 1000],
        ['2026-11-02', 'shop', 1, 1000],
      ]),
    );
    expect(await groups('hour')).toHaveLength(4);
    expect(await ledger.summary()).toMatchObject({
      records: 4,
      recordedNanos: 750_000_000n,
      plan: 1,
      planNanos: 2_000_000_000n,
      unpriced: 1,
      cacheReadTokens: 7,
    });
  });
});
