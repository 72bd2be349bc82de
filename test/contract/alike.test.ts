import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { CostChange } from '../../src/ledger/results.ts';
import { DIMENSIONS } from '../../src/usage/dimensions.ts';
import { BUCKETS, MEASURES, SORT_KEYS, type AggregateQuery, type PageQuery } from '../../src/usage/query.ts';
import type { UsageInput } from '../../src/usage/record.ts';
import { runs } from '../long.ts';
import { calendars, filters, groupings, records } from '../unit/usage/records.ts';
import { STORES } from './stores.ts';

/** After the same operations all stores give the same answers. */

const inputs: fc.Arbitrary<UsageInput> = records.map((record) => {
  const input: Record<string, unknown> = { ...record, cost_usd: Math.min(record.cost_usd, 1_000_000) };
  // What a stored record may have and a caller may not.
  if (input['source'] === '') delete input['source'];
  input['tags'] = record.tags?.filter((tag) => tag !== '') ?? [];
  return input as UsageInput;
});

const ids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'x'), { minLength: 1, maxLength: 4 });

type Step =
  | { do: 'track'; usages: UsageInput[] }
  | { do: 'remove'; ids: string[] }
  | { do: 'setCosts'; changes: CostChange[] }
  | { do: 'clear' }
  | { do: 'undo' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.array(inputs, { maxLength: 8 }).map((usages) => ({ do: 'track' as const, usages })) },
  { weight: 2, arbitrary: ids.map((each) => ({ do: 'remove' as const, ids: each })) },
  {
    weight: 2,
    arbitrary: ids.map((each) => ({
      do: 'setCosts' as const,
      changes: each.map((usageId): CostChange => ({
        usageId,
        fields: { cost_usd: 0.5, cost_known: true, billing_mode: 'estimated', price_source: 'custom: x' },
      })),
    })),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'clear' as const }) },
  { weight: 3, arbitrary: fc.constant({ do: 'undo' as const }) },
);

async function outcome(ledger: Ledger, each: Step): Promise<unknown> {
  try {
    switch (each.do) {
      case 'track':
        return await ledger.trackAll(each.usages);
      case 'remove': {
        const { removed, missing } = await ledger.remove(each.ids);
        return { removed: removed.map(({ usage_id }) => usage_id).sort(), missing: missing.sort() };
      }
      case 'setCosts': {
        const { changed, missing, differing } = await ledger.setCosts(each.changes);
        return { changed: changed.length, missing: missing.sort(), differing: differing.sort() };
      }
      case 'clear':
        return (await ledger.clear()).removed;
      case 'undo': {
        const undone = await ledger.undo();
        return undone && { ...undone, at: 'then' };
      }
    }
  } catch (error) {
    return String(error);
  }
}

const pages: fc.Arbitrary<PageQuery> = fc.record({
  filter: filters,
  sort: fc.constantFrom(...SORT_KEYS),
  descending: fc.boolean(),
  offset: fc.integer({ min: 0, max: 6 }),
  limit: fc.integer({ min: 0, max: 6 }),
});
const sums: fc.Arbitrary<AggregateQuery> = fc.record({
  filter: filters,
  groupBy: groupings,
  calendar: calendars,
  top: fc.option(fc.record({ count: fc.integer({ min: 1, max: 4 }), by: fc.constantFrom(...MEASURES) }), {
    nil: undefined,
  }),
});

/** The ledger of each has its own path; everything else must be equal. */
function anonymous<T>(value: T, path: string): T {
  return JSON.parse(
    JSON.stringify({ value }, (_, each: unknown) =>
      typeof each === 'bigint' ? `${each}n` : each === path ? 'the ledger' : each,
    ),
  ) as T;
}

/** A ledger in each store, the first of which the others are compared with. */
async function together(use: (ledgers: readonly [Ledger, ...Ledger[]]) => Promise<void>): Promise<void> {
  const places = STORES.map((row) => row.make());
  const ledgers = places.map((place) => place.open());
  try {
    await use(ledgers as [Ledger, ...Ledger[]]);
  } finally {
    await Promise.all(ledgers.map((ledger) => ledger.close()));
    for (const place of places) place.dispose();
  }
}

/** Expects that all ledgers give the same answer. */
async function alike(
  ledgers: readonly [Ledger, ...Ledger[]],
  answer: (ledger: Ledger) => Promise<unknown>,
): Promise<void> {
  const [first, ...others] = ledgers;
  const expected = anonymous(await answer(first), first.ledger);
  for (const other of others) expect(anonymous(await answer(other), other.ledger)).toEqual(expected);
}

describe('ledgers in all stores', () => {
  it('answer alike after the same operations', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 8 }),
        fc.array(sums, { minLength: 1, maxLength: 6 }),
        fc.array(pages, { minLength: 1, maxLength: 4 }),
        (steps, questions, listings) =>
          together(async (ledgers) => {
            for (const each of steps) {
              await alike(ledgers, (ledger) => outcome(ledger, each));
              await alike(ledgers, async (ledger) => (await ledger.refresh()).records);
              for (const question of questions) await alike(ledgers, (ledger) => ledger.aggregate(question));
            }
            for (const listing of listings) await alike(ledgers, (ledger) => ledger.page(listing));
            await alike(ledgers, (ledger) => ledger.read());
          }),
      ),
      { numRuns: runs(12) },
    );
  });

  it('say alike that there is nothing', () =>
    together(async (ledgers) => {
      await alike(ledgers, (ledger) => ledger.refresh());
      for (const groupBy of [[], ...[...DIMENSIONS, ...BUCKETS].map((each) => [each])]) {
        const query = { filter: {}, groupBy, calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } };
        await alike(ledgers, (ledger) => ledger.aggregate(query));
      }
      await alike(ledgers, (ledger) => ledger.undo());
      await alike(ledgers, (ledger) => ledger.clear());
    }));
});
