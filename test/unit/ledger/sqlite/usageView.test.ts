import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CostTracker } from '../../../../src/library/index.ts';
import { FIELDS } from '../../../../src/usage/fields.ts';

/** The view `usage` of an SQLite ledger, for the SQL prompt. */

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-view-'));
  path = join(folder, 'costs.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function withTracker<T>(work: (tracker: CostTracker) => Promise<T>): Promise<T> {
  const tracker = new CostTracker({ ledger: path, pricing: false });
  try {
    return await work(tracker);
  } finally {
    await tracker.close();
  }
}

function select(sql: string): unknown[] {
  const db = new DatabaseSync(path);
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

const columns = (): unknown[] =>
  select("SELECT name FROM pragma_table_info('usage')").map((row) => (row as { name: string }).name);

it('has a column for each field', async () => {
  await withTracker((tracker) =>
    tracker.track({
      provider: 'p',
      model: 'm',
      operation: 'o',
      usage_id: 'a',
      commit: 'c0ffee',
      user: 'ann',
      tags: ['x'],
    }),
  );
  expect(select('SELECT "commit", "user", account, input_tokens, total_tokens FROM usage')).toMatchObject([
    { commit: 'c0ffee', user: 'ann', account: null, input_tokens: 0, total_tokens: 0 },
  ]);
  const elsewhere = ['cost_usd', 'tags'];
  expect(columns()).toEqual(
    expect.arrayContaining(FIELDS.map(({ name }) => name).filter((name) => !elsewhere.includes(name))),
  );
});

it('of a ledger that version 0.1.0 made gets the new fields with the first record, and not by reading', async () => {
  copyFileSync(join(import.meta.dirname, '../../../golden/0.1.0/sqlite-changed/files/costs.db'), path);
  const before = columns();
  await withTracker((tracker) => tracker.summary());
  expect(columns()).toEqual(before);
  await withTracker((tracker) => tracker.track({ provider: 'p', model: 'm', operation: 'o', account: 'work' }));
  expect(columns()).toEqual(
    expect.arrayContaining([
      ...before,
      'commit',
      'account',
      'user',
      'charge',
      'machine',
      'agent',
      'service_tier',
      'request_id',
      'estimated_tokens',
    ]),
  );
  expect(select('SELECT count(*) AS n FROM usage WHERE account IS NOT NULL')).toEqual([{ n: 1 }]);
  // Version 0.1.0 must still accept the file.
  expect(select('PRAGMA user_version')).toEqual([{ user_version: 1 }]);
});

it('of a later version stays', async () => {
  await withTracker((tracker) => tracker.track({ provider: 'p', model: 'm', operation: 'o' }));
  const wider = [...columns(), 'of_a_later_version'];
  const db = new DatabaseSync(path);
  db.exec(
    `DROP VIEW usage; CREATE VIEW usage AS SELECT ${wider.map((name) => `1 AS "${String(name)}"`).join()} FROM record`,
  );
  db.close();
  await withTracker((tracker) => tracker.track({ provider: 'p', model: 'm', operation: 'o' }));
  expect(columns()).toEqual(wider);
});

it('is made anew where its text is damaged, and nothing else fails for it', async () => {
  const call = { provider: 'p', model: 'm', operation: 'o' };
  await withTracker((tracker) => tracker.track({ ...call, usage_id: 'a' }));
  const whole = columns();
  const db = new DatabaseSync(path, { defensive: false });
  db.exec(`PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = replace(sql, 'time_ms', 'tame_ms') WHERE name = 'usage'`);
  db.close();
  await withTracker((tracker) => tracker.track({ ...call, usage_id: 'b' }));
  await withTracker((tracker) => tracker.repair());
  expect(select('SELECT usage_id FROM usage ORDER BY seq')).toEqual([{ usage_id: 'a' }, { usage_id: 'b' }]);
  expect(columns()).toEqual(whole);
});
