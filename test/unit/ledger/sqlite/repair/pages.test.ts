import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it } from 'vitest';
import { PAGE_BYTES, Pages } from '../../../../../src/ledger/sqlite/repair/pages.ts';
import type { DamagedRow } from '../../../../../src/ledger/sqlite/repair/rescue.ts';
import type { Row } from '../../../../../src/ledger/sqlite/rows.ts';
import { call } from '../../../../contract/usages.ts';
import { scratch } from '../scratch.ts';

/** Pages read without SQLite say what SQLite says. */

const place = scratch();
const NONE: ReadonlySet<number> = new Set();

async function all<T>(batches: AsyncGenerator<T[]>): Promise<T[]> {
  const rows: T[] = [];
  for await (const batch of batches) rows.push(...batch);
  return rows;
}

async function withPages<T>(path: string, work: (pages: Pages) => Promise<T> | T): Promise<T> {
  const pages = new Pages(path);
  try {
    return await work(pages);
  } finally {
    pages.close();
  }
}

/** The rows that the cells of pages have; those found by their text alone have no number. */
const rowsIn = async (path: string): Promise<DamagedRow[]> =>
  (await withPages(path, (pages) => all(pages.rows(pages.free() ?? NONE)))).filter(({ seq }) => seq !== 0);
const indexedIn = (path: string): Promise<Row[]> =>
  withPages(path, (pages) => all(pages.indexed(pages.free() ?? NONE)));

const NUMBERS = [
  1,
  2,
  127,
  128,
  255,
  256,
  32_767,
  32_768,
  8_388_607,
  8_388_608,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 40,
  2 ** 47 - 1,
];

/** A ledger with numbers of each size, texts of each length, and each type of cost. */
function fill(db: DatabaseSync): void {
  const insert = db.prepare(
    'INSERT INTO record (seq, usage_id, time_ms, cost_kind, cost_nanos, text) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const costs = [null, 0n, 1n, 2n, 127n, 128n, 40_000n, 9_000_000n, 2n ** 31n, 2n ** 40n, 2n ** 62n];
  const lengths = [10, 100, 3_900, 4_050, 4_070, 4_100, 8_000, 8_200, 20_000];
  for (const [i, seq] of NUMBERS.entries()) {
    const cost = costs[i % costs.length]!;
    const text = JSON.stringify({ ...call(`id-${seq}`), note: 'ä'.repeat(lengths[i % lengths.length]! / 2) });
    insert.run(seq, `id-${seq}`, i === 3 ? -5 : 1.7e12 + i, cost === null ? 'unknown' : 'recorded', cost, text);
  }
}

const bySeq = (a: { seq: unknown }, b: { seq: unknown }): number => Number(a.seq) - Number(b.seq);
const rowsOf = (db: DatabaseSync): unknown[] =>
  db
    .prepare(
      'SELECT seq, usage_id, CAST(time_ms AS TEXT) AS time_ms, cost_kind, CAST(cost_nanos AS TEXT) AS cost_nanos, text FROM record ORDER BY seq',
    )
    .all()
    .map((row) => ({ ...row }));

beforeEach(async () => {
  await place.connection();
  await place.close();
});

describe('the rows on pages', () => {
  it('are those that SQLite finds, of any length and number', async () => {
    const expected = place.prompt((db) => (fill(db), rowsOf(db)));
    expect((await rowsIn(place.path)).toSorted(bySeq)).toEqual(expected);
    expect(expected).toHaveLength(NUMBERS.length);
  });

  it('are found by their texts as well', async () => {
    place.prompt(fill);
    const found = await withPages(place.path, (pages) => all(pages.rows(NONE)));
    const texts = found.filter(({ seq }) => seq === 0).map(({ text }) => (JSON.parse(String(text)) as Row).usage_id);
    // Those that fit on a page.
    expect(texts.toSorted()).toEqual(['id-1', 'id-2', 'id-2147483647', 'id-8388608']);
    expect(found.filter(({ seq, usage_id }) => seq === 0 && usage_id !== '')).toEqual([]);
  });

  it('include those that are still in the log, in their newest version', async () => {
    const db = new DatabaseSync(place.path);
    fill(db);
    db.exec("UPDATE record SET usage_id = 'newer' WHERE seq = 1; PRAGMA wal_checkpoint; ");
    db.exec("UPDATE record SET usage_id = 'newest' WHERE seq = 1; DELETE FROM record WHERE seq = 2");
    const copy = `${place.path}.copy`;
    copyFileSync(place.path, copy);
    copyFileSync(`${place.path}-wal`, `${copy}-wal`);
    const expected = rowsOf(db);
    db.close();
    expect((await rowsIn(copy)).toSorted(bySeq)).toEqual(expected);
    expect((await indexedIn(copy)).find(({ seq }) => seq === 1)?.usage_id).toBe('newest');
  });

  it('of a log that began anew do not include its former frames', async () => {
    const db = new DatabaseSync(place.path);
    db.exec('PRAGMA wal_autocheckpoint = 0');
    fill(db);
    db.exec('PRAGMA wal_checkpoint(RESTART)');
    // The next write begins at the start of the log again, and leaves the frames behind it.
    db.exec("UPDATE record SET usage_id = 'new' WHERE seq = 2");
    const expected = rowsOf(db);
    const copy = `${place.path}.copy`;
    copyFileSync(place.path, copy);
    copyFileSync(`${place.path}-wal`, `${copy}-wal`);
    db.close();
    expect((await rowsIn(copy)).toSorted(bySeq)).toEqual(expected);
  });

  it('are all there without a log, or with one that is cut off', async () => {
    place.prompt(fill);
    const sound = await rowsIn(place.path);
    writeFileSync(`${place.path}-wal`, '');
    expect(await rowsIn(place.path)).toEqual(sound);
    writeFileSync(`${place.path}-wal`, Buffer.alloc(32 + 24 + 100));
    expect(await rowsIn(place.path)).toEqual(sound);
  });

  it('that end with the file are read to its end, with zeros for the rest of its last page', async () => {
    place.prompt(fill);
    const bytes = readFileSync(place.path);
    truncateSync(place.path, bytes.length - 1);
    await withPages(place.path, (pages) => {
      expect(pages.page(1)).toEqual(bytes.subarray(0, PAGE_BYTES));
      expect(pages.page(bytes.length / PAGE_BYTES - 1)).toHaveLength(PAGE_BYTES);
      const last = bytes.subarray(-PAGE_BYTES);
      last[PAGE_BYTES - 1] = 0;
      expect(pages.page(bytes.length / PAGE_BYTES)).toEqual(last);
      expect(pages.page(bytes.length / PAGE_BYTES + 1)).toBeUndefined();
      expect(pages.page(0)).toBeUndefined();
    });
  });
});

describe('the entries of the index', () => {
  it('name each id with its number', async () => {
    place.prompt(fill);
    const found = (await indexedIn(place.path)).toSorted(bySeq);
    expect(found).toEqual(NUMBERS.map((seq) => ({ seq, usage_id: `id-${seq}`, text: '' })));
  });

  it('of another script are read as they are', async () => {
    await place.tracker().trackAll(['Grüße', '日本', 'x'.repeat(200)].map((id) => call(id)));
    await place.close();
    expect((await indexedIn(place.path)).map(({ usage_id }) => usage_id).toSorted()).toEqual(
      ['Grüße', '日本', 'x'.repeat(200)].toSorted(),
    );
  });

  it('with ids that continue on other pages are left out', async () => {
    place.prompt((db) => {
      db.prepare(
        "INSERT INTO record (seq, usage_id, time_ms, cost_kind, cost_nanos, text) VALUES (?, ?, 0, 'unknown', NULL, '{}')",
      ).run(5, 'long'.repeat(1_000));
      db.prepare(
        "INSERT INTO record (seq, usage_id, time_ms, cost_kind, cost_nanos, text) VALUES (?, ?, 0, 'unknown', NULL, '{}')",
      ).run(6, 'short');
    });
    expect((await indexedIn(place.path)).map(({ seq }) => seq)).toEqual([6]);
  });
});

describe('free pages', () => {
  const many = (): void =>
    place.prompt((db) => {
      const insert = db.prepare(
        "INSERT INTO record (seq, usage_id, time_ms, cost_kind, cost_nanos, text) VALUES (?, ?, 0, 'recorded', 1, ?)",
      );
      db.exec('BEGIN');
      for (let seq = 1; seq <= 400; seq++)
        insert.run(seq, `id-${seq}`, JSON.stringify({ ...call(`id-${seq}`), note: 'x'.repeat(3_000) }));
      db.exec('COMMIT');
    });

  it('are those that SQLite counts, and have rows that were removed', async () => {
    many();
    const freed = place.prompt((db) => {
      db.exec('DELETE FROM record WHERE seq > 10');
      return Number(db.prepare('PRAGMA freelist_count').get()!['freelist_count']);
    });
    expect(freed).toBeGreaterThan(300);
    await withPages(place.path, (pages) => expect(pages.free()?.size).toBe(freed));
    expect((await rowsIn(place.path)).map(({ seq }) => seq).toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 10 }, (_, i) => i + 1),
    );
    const everywhere = await withPages(place.path, (pages) => all(pages.rows(NONE)));
    expect(everywhere.length).toBeGreaterThan(100);
    expect((await indexedIn(place.path)).map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 10 }, (_, i) => i + 1),
    );
  });

  it('are none in a file that has none', async () => {
    many();
    await withPages(place.path, (pages) => expect(pages.free()).toEqual(new Set()));
  });

  it.each<[string, (bytes: Buffer, trunk: number) => void]>([
    ['whose header is gone', (bytes) => bytes.fill(0, 0, 1)],
    ['that lead beyond the file', (bytes) => bytes.writeUInt32BE(1e9, 32)],
    ['that lead in a circle', (bytes, trunk) => bytes.writeUInt32BE(trunk, (trunk - 1) * PAGE_BYTES)],
  ])('are unknown in a list %s', async (_, damage) => {
    many();
    place.prompt((db) => db.exec('DELETE FROM record WHERE seq > 10'));
    const bytes = readFileSync(place.path);
    damage(bytes, bytes.readUInt32BE(32));
    writeFileSync(place.path, bytes);
    await withPages(place.path, (pages) => expect(pages.free()).toBeUndefined());
  });

  it('are at most as many as a page can name', async () => {
    many();
    place.prompt((db) => db.exec('DELETE FROM record WHERE seq > 390'));
    const bytes = readFileSync(place.path);
    const trunk = (bytes.readUInt32BE(32) - 1) * PAGE_BYTES;
    bytes.writeUInt32BE(0xffffffff, trunk + 4);
    writeFileSync(place.path, bytes);
    await withPages(place.path, (pages) => expect(pages.free()?.size).toBeLessThanOrEqual(1024));
  });
});

it('pages that another page names come before the others', async () => {
  place.prompt((db) => {
    const insert = db.prepare(
      "INSERT INTO record (seq, usage_id, time_ms, cost_kind, cost_nanos, text) VALUES (?, ?, 0, 'recorded', 1, ?)",
    );
    for (let seq = 1; seq <= 40; seq++)
      insert.run(seq, `id-${seq}`, JSON.stringify({ ...call(`id-${seq}`), note: 'x'.repeat(600) }));
  });
  const bytes = readFileSync(place.path);
  const at = bytes.indexOf('"usage_id":"id-33"');
  // A former version of a page, in a place that no other page names and that comes first in the order of pages.
  const old = Buffer.from(bytes.subarray(at - (at % PAGE_BYTES), at - (at % PAGE_BYTES) + PAGE_BYTES));
  old.write('FORMER', old.indexOf('xxxxxx'));
  writeFileSync(place.path, Buffer.concat([bytes, old]));
  const found = await rowsIn(place.path);
  const first = new Map(found.toReversed().map((row) => [row.seq, row]));
  expect(found.length).toBeGreaterThan(first.size);
  expect([...first.values()].filter(({ text }) => String(text).includes('FORMER'))).toEqual([]);
  expect(found.slice(0, 40).map(({ seq }) => seq)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
});
