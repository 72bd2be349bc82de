import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { COLUMN_NUMBERS, SEGMENT_SPAN } from '../../../../src/ledger/sqlite/columns/columnNumbers.ts';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import type { Dimension, Group } from '../../../../src/usage/query.ts';
import type { UsageRecord } from '../../../../src/usage/record.ts';

// On a busy machine thousands of records take a while.
vi.setConfig({ testTimeout: 60_000 });

/** The numbers of version 0.1.0. Never change a line of this list; add new ones below. */
const NUMBERS_OF_0_1_0 = {
  time: 0,
  cost: 1,
  input: 2,
  output: 3,
  total: 4,
  cacheRead: 5,
  cacheWrite: 6,
  reasoning: 7,
  provider: 8,
  model: 9,
  operation: 10,
  project: 11,
  branch: 12,
  session: 13,
  source: 14,
  episode: 15,
  tags: 16,
  costKind: 17,
  seq: 18,
  bigCosts: 19,
};

describe('column numbers', () => {
  it('are those of version 0.1.0, and new ones after them', () => {
    expect(COLUMN_NUMBERS).toMatchObject(NUMBERS_OF_0_1_0);
    const added = Object.entries(COLUMN_NUMBERS).filter(([column]) => !(column in NUMBERS_OF_0_1_0));
    expect(added.filter(([, number]) => number < 20 || number > 63)).toEqual([]);
  });

  it('are each given once', () => {
    const numbers = Object.values(COLUMN_NUMBERS);
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

describe('segments that a version with fewer columns sealed', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'llm-spend-columns-'));
    path = join(folder, 'costs.db');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const record = (i: number): UsageRecord => ({
    usage_id: `id-${i}`,
    provider: 'claude',
    model: 'sonnet',
    operation: 'chat',
    input_tokens: i,
    output_tokens: 1,
    total_tokens: i + 1,
    cost_usd: 0.001,
    cost_known: true,
    billing_mode: 'known',
    timestamp: new Date(1.7e12 + i * 1000).toISOString(),
    episode_title: `episode ${i % 3}`,
    ...(i % 2 === 0 ? { branch: 'main' } : {}),
    ...(i === 3 ? { commit: 'c0ffee' } : {}),
    ...(i === 5 ? { estimated_tokens: 2 ** 33 } : {}),
  });

  /** One record has its field name written with an escape, as JSON allows. */
  const textOf = (each: UsageRecord): string => JSON.stringify(each).replace('"commit"', String.raw`"\u0063ommit"`);

  async function withLedger<T>(work: (ledger: CostTracker) => Promise<T>): Promise<T> {
    const ledger = new CostTracker({ ledger: path, pricing: false });
    try {
      return await work(ledger);
    } finally {
      await ledger.close();
    }
  }

  const by = (ledger: CostTracker, dimension: Dimension): Promise<Group[]> =>
    ledger.aggregate({ filter: {}, groupBy: [dimension], calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } });

  function withDatabase<T>(work: (db: DatabaseSync) => T): T {
    const db = new DatabaseSync(path);
    try {
      return work(db);
    } finally {
      db.close();
    }
  }

  const blobs = (db: DatabaseSync): unknown => db.prepare('SELECT * FROM segment_column ORDER BY key').all();
  const newest = Math.max(...Object.values(COLUMN_NUMBERS));

  it('give the same sums, are sound, and are sealed again by whoever watches the ledger', async () => {
    const records = Array.from({ length: 2 * SEGMENT_SPAN + 10 }, (_, i) => record(i));
    const before = await withLedger(async (ledger) => {
      await ledger.adopt(records.map((each) => ({ record: each, text: textOf(each) })));
      return [await by(ledger, 'episode'), await by(ledger, 'commit')];
    });
    const whole = withDatabase((db) => {
      const all = blobs(db);
      const { changes } = db
        .prepare('DELETE FROM segment_column WHERE key % 64 IN (?, ?, ?)')
        .run(newest, COLUMN_NUMBERS.episode, COLUMN_NUMBERS.commit);
      expect(changes).toBe(6);
      return all;
    });

    await withLedger(async (ledger) => {
      expect((await by(ledger, 'provider')).map(({ totals }) => totals.guessedTokens)).toEqual([2 ** 33]);
      expect([await by(ledger, 'episode'), await by(ledger, 'commit')]).toEqual(before);
      const { rows } = await ledger.page({
        filter: { values: { episode: ['episode 1'] } },
        sort: 'time',
        descending: true,
        offset: 0,
        limit: 1,
      });
      expect(rows.map(({ record: { usage_id } }) => usage_id)).toEqual([`id-${2 * SEGMENT_SPAN + 8}`]);
      expect(await ledger.verify()).toMatchObject({ health: 'ok', problems: [] });
    });
    expect(withDatabase(blobs)).not.toEqual(whole);

    await withLedger(async (ledger) => {
      const watching = ledger.watch(() => undefined);
      await ledger.refresh();
      await vi.waitFor(() => expect(withDatabase(blobs)).toEqual(whole), { timeout: 60_000 });
      watching.dispose();
      expect([await by(ledger, 'episode'), await by(ledger, 'commit')]).toEqual(before);
    });
  });

  it('are told from damaged ones', async () => {
    const records = Array.from({ length: SEGMENT_SPAN }, (_, i) => record(i));
    await withLedger((ledger) => ledger.adopt(records.map((each) => ({ record: each, text: JSON.stringify(each) }))));
    withDatabase((db) => {
      db.prepare('DELETE FROM segment_column WHERE key = ?').run(newest);
      db.prepare('UPDATE segment_column SET data = (SELECT data FROM segment_column WHERE key = ?) WHERE key = ?').run(
        COLUMN_NUMBERS.output,
        COLUMN_NUMBERS.input,
      );
    });
    await withLedger(async (ledger) => {
      expect((await ledger.verify()).problems.map(({ message }) => message)).toEqual([
        'The sums of 4096 records differ from their rows. A repair rebuilds them.',
      ]);
      await ledger.repair();
      expect(await ledger.verify()).toMatchObject({ health: 'ok', problems: [] });
    });
  });
});
