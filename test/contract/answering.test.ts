import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LedgerState } from '../../src/ledger/results.ts';
import { LedgerView } from '../../src/ledger/view.ts';
import { SORT_KEYS, type AggregateQuery, type PageQuery } from '../../src/usage/query.ts';
import type { UsageRecord } from '../../src/usage/record.ts';
import { runs } from '../long.ts';
import * as naive from '../unit/columns/naive.ts';
import { calendars, filters, groupings, instant, records } from '../unit/usage/records.ts';
import { contractPlace, STORES, type StoreRow } from './stores.ts';
import { withoutPassword } from '../fixtures/postgres.ts';
import { call, stored } from './usages.ts';

const asked = { filter: filters, calendar: calendars };
const sums: fc.Arbitrary<AggregateQuery> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ ...asked, groupBy: groupings }) },
  fc.record({
    ...asked,
    groupBy: groupings.map((by) => ['interval' as const, ...by]),
    intervals: fc.array(instant, { maxLength: 6 }).map((bounds) => bounds.toSorted((a, b) => a - b)),
  }),
);
const pages: fc.Arbitrary<PageQuery> = fc.record({
  filter: filters,
  sort: fc.constantFrom(...SORT_KEYS),
  descending: fc.boolean(),
  offset: fc.integer({ min: 0, max: 6 }),
  limit: fc.integer({ min: 0, max: 6 }),
});
const batches = fc.array(fc.uniqueArray(records, { selector: ({ usage_id: id }) => id, maxLength: 12 }), {
  minLength: 1,
  maxLength: 3,
});

/** Adds the records of each batch that the ledger does not have yet, as an import does. */
async function fill(row: StoreRow, given: readonly UsageRecord[][]) {
  const place = row.make();
  const ledger = place.open();
  for (const batch of given) await ledger.adopt(batch.map(stored));
  const rows = new Map<string, naive.Row>();
  for (const usage of given.flat()) {
    if (rows.has(usage.usage_id)) continue;
    // As every reader finds it: where the total is missing or 0, it is the sum.
    rows.set(usage.usage_id, { ledger: withoutPassword(place.name), record: stored(usage).record });
  }
  return { place, ledger, rows: [...rows.values()] };
}

describe.each(STORES)('questions to a $title ledger', (row) => {
  const place = contractPlace(row);

  it('are answered with the same totals as by plain arithmetic, by every instance', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.array(sums, { minLength: 1, maxLength: 8 }), async (given, questions) => {
        const { place, ledger, rows } = await fill(row, given);
        const other = place.open();
        try {
          await ledger.refresh();
          for (const query of questions) {
            const expected = naive.aggregate(rows, query);
            expect(await ledger.aggregate(query)).toEqual(expected);
            expect(await other.aggregate(query)).toEqual(expected);
          }
        } finally {
          await Promise.all([ledger.close(), other.close()]);
          place.dispose();
        }
      }),
      { numRuns: runs(8) },
    );
  });

  it('are answered with the same pages as by sorting a list', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.array(pages, { minLength: 1, maxLength: 8 }), async (given, questions) => {
        const { place, ledger, rows } = await fill(row, given);
        try {
          for (const query of questions) {
            const matching = naive.sorted(
              rows.filter((each) => naive.matches(each, query.filter)),
              query.sort,
            );
            const page = await ledger.page(query);
            expect(page.total).toBe(matching.length);
            // Records that are equal in the key and in time may come in any order: their keys must not.
            const keys = (all: readonly naive.Row[]): unknown[] => all.map((each) => keyOf(each, query.sort));
            const ordered = query.descending ? matching.toReversed() : matching;
            expect(keys(page.rows)).toEqual(keys(ordered.slice(query.offset, query.offset + query.limit)));
            for (const { record } of page.rows) {
              expect(rows.find(({ record: { usage_id: id } }) => id === record.usage_id)).toMatchObject({
                record: { cost_usd: record.cost_usd, model: record.model, timestamp: record.timestamp },
              });
            }
          }
        } finally {
          await ledger.close();
          place.dispose();
        }
      }),
      { numRuns: runs(8) },
    );
  });

  it('cover what another instance changed once they are refreshed', async () => {
    const ledger = place.open();
    const other = place.open();
    expect((await other.summary()).records).toBe(0);
    await ledger.trackAll([call('a'), call('b')]);
    expect(await other.refresh()).toMatchObject({ records: 2, problems: [] });
    expect(await other.summary()).toMatchObject({ records: 2, recordedNanos: 1_000_000_000n });
    expect(await ledger.flush(120_000)).toBe(true);
    const { version } = await other.refresh();
    expect((await other.refresh()).version).toBe(version);
    await ledger.remove(['a']);
    expect((await other.refresh()).version).toBeGreaterThan(version);
    expect((await other.summary()).records).toBe(1);
    expect([...(await other.holds(['a', 'b', 'c']))]).toEqual(['b']);
    expect(await other.has('a')).toBe(false);
  });

  it('are asked again by those who watch, when another instance writes', async () => {
    const watching = place.open();
    await watching.refresh();
    const sees = (records: number): Promise<LedgerState> =>
      new Promise((resolve) => {
        const watcher = watching.watch((state) => {
          if (state.records !== records) return;
          watcher.dispose();
          resolve(state);
        });
      });
    const two = sees(2);
    await place.open().trackAll([call('a'), call('b')]);
    expect((await two).problems).toEqual([]);
    const one = sees(1);
    await place.open().remove(['a']);
    expect((await one).records).toBe(1);
  });

  it('can be about what was added since a cursor, where the store can tell', async () => {
    const ledger = place.open();
    await ledger.trackAll([call('a'), call('b')]);
    await ledger.refresh();
    expect((await collect(await ledger.addedSince(undefined)))?.toSorted()).toEqual(['a', 'b']);
    const { cursor } = ledger;
    await place.open().track(call('c'));
    await ledger.refresh();
    expect(ledger.cursor).not.toBe(cursor);
    const added = await collect(await ledger.addedSince(cursor));
    expect([undefined, 'c']).toContain(added?.join());
    await place.open().remove(['a']);
    await ledger.refresh();
    expect(await ledger.addedSince(cursor)).toBeUndefined();
  });

  it('leave out excluded records also when a look is under way', async () => {
    const ledger = place.open();
    await ledger.trackAll([call('a'), call('b'), call('c')]);
    for (let i = 0; i < 10; i++) {
      const other = place.open();
      await other.track(call(`${i}`));
      await other.close();
      const looking = ledger.refresh();
      await ledger.exclude(new Set(i % 2 === 0 ? ['a'] : ['a', 'b']));
      await looking;
      expect((await ledger.summary()).records).toBe(i + 1 + (i % 2 === 0 ? 2 : 1));
    }
  });

  it('leave out what another ledger of the same view counts', async () => {
    const first = row.make();
    const second = row.make();
    const ledgers = [first.open(), second.open()] as const;
    const view = new LedgerView(ledgers);
    try {
      await ledgers[0].trackAll([call('a'), call('both')]);
      await ledgers[1].trackAll([call('both'), call('b')]);
      await view.refresh();
      expect((await view.summary()).records).toBe(3);
      await ledgers[1].exclude(new Set(['both']));
      expect((await ledgers[1].summary()).records).toBe(1);
      const other = second.open();
      await other.track(call('c'));
      await other.close();
      await ledgers[1].refresh();
      expect((await ledgers[1].summary()).records).toBe(2);
      await ledgers[1].exclude(new Set());
      expect((await ledgers[1].summary()).records).toBe(3);
    } finally {
      await view.close();
      first.dispose();
      second.dispose();
    }
  });
});

async function collect(ids: AsyncIterable<readonly string[]> | undefined): Promise<string[] | undefined> {
  if (!ids) return undefined;
  const all: string[] = [];
  for await (const batch of ids) all.push(...batch);
  return all;
}

function keyOf({ record }: naive.Row, sort: PageQuery['sort']): unknown {
  const time = Date.parse(record.timestamp);
  switch (sort) {
    case 'time':
      return time;
    case 'cost':
      return [record.cost_known ? record.cost_usd : 'unknown', time];
    case 'tokens':
      return [record.total_tokens, time];
    case 'input':
      return [record.input_tokens, time];
    case 'output':
      return [record.output_tokens, time];
    case 'provider':
    case 'model':
    case 'operation':
    case 'project':
      return [record[sort] ?? '', time];
  }
}
