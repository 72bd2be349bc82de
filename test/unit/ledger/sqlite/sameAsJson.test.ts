import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../../../src/ledger/ledger.ts';
import type { CostChange } from '../../../../src/ledger/results.ts';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import { DIMENSIONS } from '../../../../src/usage/dimensions.ts';
import { BUCKETS, MEASURES, SORT_KEYS, type AggregateQuery, type PageQuery } from '../../../../src/usage/query.ts';
import type { UsageInput } from '../../../../src/usage/record.ts';
import { calendars, filters, groupings, records } from '../../usage/records.ts';

/** Whatever is done to a JSON ledger and to an SQLite ledger alike, they answer alike. */

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
    JSON.stringify(value, (_, each: unknown) =>
      typeof each === 'bigint' ? `${each}n` : each === path ? 'the ledger' : each,
    ),
  ) as T;
}

async function both(use: (json: Ledger, sqlite: Ledger) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'llm-spend-both-'));
  const json = new CostTracker({ ledger: join(folder, 'costs.json'), pricing: false });
  const sqlite = new CostTracker({ ledger: join(folder, 'costs.db'), pricing: false });
  try {
    await use(json, sqlite);
  } finally {
    await Promise.all([json.close(), sqlite.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('a JSON ledger and an SQLite ledger', () => {
  it('answer alike after the same operations', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 8 }),
        fc.array(sums, { minLength: 1, maxLength: 6 }),
        fc.array(pages, { minLength: 1, maxLength: 4 }),
        (steps, questions, listings) =>
          both(async (json, sqlite) => {
            for (const each of steps) {
              expect(await outcome(sqlite, each)).toEqual(await outcome(json, each));
              const [a, b] = [await json.refresh(), await sqlite.refresh()];
              expect(b.records).toBe(a.records);
              for (const question of questions) {
                expect(anonymous(await sqlite.aggregate(question), sqlite.path)).toEqual(
                  anonymous(await json.aggregate(question), json.path),
                );
              }
            }
            for (const listing of listings) {
              expect(anonymous(await sqlite.page(listing), sqlite.path)).toEqual(
                anonymous(await json.page(listing), json.path),
              );
            }
            expect(await sqlite.read()).toEqual(await json.read());
          }),
      ),
      { numRuns: Number(process.env['LLM_SPEND_RUNS'] ?? 40) },
    );
  }, 120_000);

  it('say alike that there is nothing', () =>
    both(async (json, sqlite) => {
      const [a, b] = [await json.refresh(), await sqlite.refresh()];
      expect(b).toEqual(a);
      for (const groupBy of [[], ...[...DIMENSIONS, ...BUCKETS].map((each) => [each])]) {
        const query = { filter: {}, groupBy, calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } };
        expect(await sqlite.aggregate(query)).toEqual(await json.aggregate(query));
      }
      expect(await sqlite.undo()).toBeUndefined();
      expect(await sqlite.clear()).toEqual({ removed: 0, keptIn: undefined });
    }));
});
