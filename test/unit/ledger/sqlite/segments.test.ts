import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SEGMENT_SPAN } from '../../../../src/ledger/sqlite/columns/columnNumbers.ts';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import { DIMENSIONS } from '../../../../src/usage/dimensions.ts';
import { BUCKETS, SORT_KEYS, type AggregateQuery, type PageQuery } from '../../../../src/usage/query.ts';
import type { UsageRecord } from '../../../../src/usage/record.ts';
import { UsageTable } from '../../../../src/columns/table.ts';
import { runs } from '../../../long.ts';
import { valuesOf } from '../../columns/naive.ts';
import { calendars, filters, groupings, records } from '../../usage/records.ts';

/**
 * More records than fit into a segment: sealed and stale segments and the tail must give the answers of a single table in
 * memory.
 */

const COUNT = 2 * SEGMENT_SPAN + 700;

/** As read after being stored: a total of 0 counts as missing. */
function sample(count: number, seed: number, firstId: number): UsageRecord[] {
  return fc.sample(records, { numRuns: count, seed }).map((record, i) => {
    const total_tokens = record.total_tokens || record.input_tokens + record.output_tokens;
    return { ...record, total_tokens, usage_id: `id-${firstId + i}` };
  });
}

const history = sample(COUNT, 7, 0);
const questions = fc.sample(fc.record({ filter: filters, groupBy: groupings, calendar: calendars }), {
  numRuns: runs(8, 60),
  seed: 1,
}) as AggregateQuery[];
const single = [...DIMENSIONS, ...BUCKETS].map((each): AggregateQuery => ({
  filter: {},
  groupBy: [each],
  calendar: { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 },
}));
/** By each dimension with one of its values, and by amounts: each filter reads other columns. */
const filtered: AggregateQuery[] = [
  ...DIMENSIONS.filter((dimension) => dimension !== 'ledger').map((dimension) => {
    const values = history.flatMap((record) => valuesOf({ ledger: '', record }, dimension));
    return { values: { [dimension]: [values.find((value) => value !== null) ?? null] } };
  }),
  ...['cost>=0.01', 'tokens<100', '-model:a'].map((search) => ({ search })),
].map((filter): AggregateQuery => ({ filter, groupBy: [], calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } }));
/** By each key, from either end: some of the rows come from each segment. */
const sorted: PageQuery[] = SORT_KEYS.flatMap((sort) =>
  [true, false].map((descending) => ({ filter: {}, sort, descending, offset: 3, limit: 40 })),
);
/** A page reads the columns of its filter alone, where a sum reads those of the costs in any case. */
const filteredPages: PageQuery[] = filtered.map(({ filter }) => ({
  filter,
  sort: 'time',
  descending: false,
  offset: 3,
  limit: 40,
}));
const listings: PageQuery[] = fc.sample(
  fc.record({
    filter: filters,
    sort: fc.constantFrom(...SORT_KEYS),
    descending: fc.boolean(),
    offset: fc.integer({ min: 0, max: COUNT }),
    limit: fc.integer({ min: 0, max: 50 }),
  }),
  { numRuns: runs(8, 60), seed: 2 },
);

let folder: string;
let ledger: CostTracker;
let table: UsageTable;
/** A ledger with the whole history, as it stands on the disk. */
let written: Buffer;
beforeAll(async () => {
  start();
  await adopt(history);
  await ledger.close();
  written = readFileSync(ledger.path);
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => start());
afterEach(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(): void {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-segments-'));
  ledger = new CostTracker({ ledger: join(folder, 'costs.db'), pricing: false });
  table = new UsageTable();
  table.addLedger(ledger.path);
}

/** Opens a ledger that has the whole history already. */
async function reopen(): Promise<void> {
  writeFileSync(ledger.path, written);
  addToTable(history);
  await ledger.refresh();
}

function addToTable(some: readonly UsageRecord[]): void {
  for (const record of some) table.add(0, record, Number(record.usage_id.slice(3)));
}

async function adopt(some: readonly UsageRecord[]): Promise<void> {
  await ledger.adopt(some.map((record) => ({ record, text: JSON.stringify(record) })));
  addToTable(some);
  await ledger.refresh();
}

async function compare(): Promise<void> {
  for (const question of [...single, ...filtered, ...questions]) {
    expect(await ledger.aggregate(question)).toEqual(table.aggregate(question));
  }
  for (const listing of [...sorted, ...filteredPages, ...listings]) {
    const page = await ledger.page(listing);
    const expected = table.select(listing);
    expect(page.total).toBe(expected.total);
    expect(page.rows.map(({ record }) => record.usage_id)).toEqual(expected.rows.map(({ usageId }) => usageId));
  }
}

describe('segments', () => {
  it('answer alike when records were removed from them, before and after they are sealed anew', async () => {
    await reopen();
    const ids = history.filter((_, i) => i % 97 === 0).map(({ usage_id }) => usage_id);
    await ledger.remove(ids);
    for (const id of ids) table.remove(0, id);
    await compare();
    await ledger.close();
    ledger = new CostTracker({ ledger: ledger.path, pricing: false });
    await ledger.refresh();
    await compare();
  });

  it('answer as a table in memory, and take new records into kept answers', async () => {
    await adopt(history);
    await compare();
    const more = sample(SEGMENT_SPAN, 9, COUNT);
    for (const count of [1, 2, 300, SEGMENT_SPAN - 303]) {
      await adopt(more.splice(0, count));
      for (const question of single) expect(await ledger.aggregate(question)).toEqual(table.aggregate(question));
    }
    await compare();
  });

  it('leave out what another ledger counts', async () => {
    await reopen();
    const ids = new Set(history.filter((_, i) => i % 3 === 0).map(({ usage_id }) => usage_id));
    await ledger.exclude(ids);
    for (const id of ids) table.hide(0, id, true);
    await compare();
    await ledger.exclude(new Set());
    for (const id of ids) table.hide(0, id, false);
    await compare();
  });
});
