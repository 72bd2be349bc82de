import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { foldTop } from '../../../src/columns/foldGroups.ts';
import { SEGMENT_ROWS } from '../../../src/columns/segment.ts';
import { UsageTable } from '../../../src/columns/table.ts';
import { emptyTotals, type AggregateQuery, type Group, type Totals } from '../../../src/usage/query.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { addTokens, compareTokens, tokenSum } from '../../../src/usage/tokenSum.ts';
import { addTotals } from '../../../src/usage/totals.ts';
import { usage } from '../usage/records.ts';

vi.setConfig({ testTimeout: 120_000 });

const LARGEST = Number.MAX_SAFE_INTEGER;
const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
const everything: AggregateQuery = { filter: {}, groupBy: [], calendar };

const SUMS = [
  ['inputTokens', 'input_tokens'],
  ['outputTokens', 'output_tokens'],
  ['totalTokens', 'total_tokens'],
  ['cacheReadTokens', 'cache_read_tokens'],
  ['cacheWriteTokens', 'cache_write_tokens'],
  ['reasoningTokens', 'reasoning_tokens'],
  ['guessedTokens', 'estimated_tokens'],
] as const satisfies readonly (readonly [keyof Totals, keyof UsageRecord])[];

/** The oracle: all counts as bigints. */
function bigSums(records: readonly UsageRecord[]): bigint[] {
  return SUMS.map(([, field]) => records.reduce((sum, record) => sum + BigInt(record[field] ?? 0), 0n));
}

const bigSumsOf = (totals: Totals): bigint[] => SUMS.map(([name]) => BigInt(totals[name]));

/** Sums are numbers exactly if they are safe integers. */
function expectUsual(totals: Totals): void {
  for (const [name] of SUMS) {
    const sum = totals[name];
    expect(typeof sum, `${name} = ${sum}`).toBe(sum > LARGEST ? 'bigint' : 'number');
  }
}

const count = fc.oneof(
  fc.nat(1_000_000),
  fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 51, 2 ** 52, 2 ** 52 + 1, LARGEST - 1, LARGEST),
  fc.maxSafeNat(),
);

const largeRecords = fc
  .array(
    fc.record({
      model: fc.constantFrom('a', 'b', 'c'),
      tags: fc.constantFrom<string[]>([], ['x'], ['x', 'y']),
      input_tokens: count,
      output_tokens: count,
      total_tokens: count,
      cache_read_tokens: count,
      cache_write_tokens: count,
      reasoning_tokens: count,
      estimated_tokens: count,
    }),
    { maxLength: 40 },
  )
  .map((all) => all.map((fields, i) => usage({ ...fields, usage_id: `id-${i}` })));

function tableOf(records: readonly UsageRecord[]): UsageTable {
  const table = new UsageTable();
  const ledger = table.addLedger('first');
  for (const [i, record] of records.entries()) table.add(ledger, record, i);
  return table;
}

const groupsBy = (records: readonly UsageRecord[], keyOf: (record: UsageRecord) => readonly string[]) => {
  const groups = new Map<string, UsageRecord[]>();
  for (const record of records) {
    for (const key of keyOf(record)) groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  return groups;
};

describe('two sums', () => {
  it('add up and compare as bigints do, and are numbers while these are safe integers', () => {
    const sum = fc.oneof(count.map(BigInt), fc.bigInt({ min: 0n, max: 2n ** 80n }));
    fc.assert(
      fc.property(sum, sum, (a, b) => {
        const added = addTokens(tokenSum(a), tokenSum(b));
        expect(BigInt(added)).toBe(a + b);
        expect(typeof added).toBe(a + b > BigInt(LARGEST) ? 'bigint' : 'number');
        expect(compareTokens(tokenSum(a), tokenSum(b))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });
});

describe('sums of token counts beyond 2^53', () => {
  it('are exact in a grand total and in groups, also of records that came after the first answer', () => {
    fc.assert(
      fc.property(largeRecords, fc.nat(40), (records, first) => {
        const table = tableOf(records.slice(0, first));
        const byModel: AggregateQuery = { ...everything, groupBy: ['model'] };
        const byTag: AggregateQuery = { ...everything, groupBy: ['tag'] };
        for (const query of [everything, byModel, byTag]) table.aggregate(query);
        for (const [i, record] of records.slice(first).entries()) table.add(0, record, first + i);

        const [all] = table.aggregate(everything);
        expect(bigSumsOf(all!.totals)).toEqual(bigSums(records));
        expectUsual(all!.totals);
        for (const [query, expected] of [
          [byModel, groupsBy(records, ({ model }) => [model])],
          [byTag, groupsBy(records, ({ tags = [] }) => (tags.length === 0 ? ['null'] : tags))],
        ] as const) {
          const found = table.aggregate(query).map(({ key, totals }) => [String(key[0]), bigSumsOf(totals)] as const);
          const truth = [...expected].map(([key, rows]) => [key, bigSums(rows)] as const);
          expect(new Map(found)).toEqual(new Map(truth));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are exact where small values are folded by their tokens', () => {
    fc.assert(
      fc.property(largeRecords, (records) => {
        const query: AggregateQuery = { ...everything, groupBy: ['tag', 'model'] };
        const top = { count: 1, by: 'tokens' } as const;
        const plain = tableOf(records).aggregate(query);
        const inOne = tableOf(records).aggregate({ ...query, top });
        expect(inOne).toEqual(foldTop(plain, top));
        const total = (groups: readonly Group[]): bigint[] => {
          const sum = emptyTotals();
          for (const { totals } of groups) addTotals(sum, totals);
          return bigSumsOf(sum);
        };
        expect(total(inOne)).toEqual(
          bigSums(records.flatMap((record) => (record.tags?.length === 2 ? [record, record] : record))),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('are exact of a million records that each fit 32 bits, with sums taken on the way', () => {
    const records = 2 * SEGMENT_ROWS + 3;
    const table = new UsageTable();
    const ledger = table.addLedger('first');
    const largest = 2 ** 32 - 1;
    for (let i = 0; i < records; i++) {
      const record = usage({ usage_id: `id-${i}`, input_tokens: largest, output_tokens: 1, total_tokens: largest });
      table.add(ledger, record, i);
    }
    // Each tag of a record counts it once more: sixty-four tags make two segments as large as two million records.
    const [all] = table.aggregate(everything);
    expect(all!.totals.inputTokens).toBe(records * largest);
    const tagged = new UsageTable();
    tagged.addLedger('first');
    const tags = Array.from({ length: 64 }, (_, i) => `tag ${i}`);
    for (let i = 0; i < records; i++) {
      tagged.add(0, usage({ usage_id: `id-${i}`, input_tokens: largest, tags }), i);
    }
    const byTag = tagged.aggregate({ ...everything, groupBy: ['tag'] });
    expect(byTag.map(({ totals }) => totals.inputTokens)).toEqual(tags.map(() => records * largest));
  });
});
