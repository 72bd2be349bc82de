import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ownerText, thisOwner } from '../../../../../src/system/owner.ts';
import { call } from '../../../../contract/usages.ts';
import { scratch } from '../scratch.ts';

/** The words in which verify and repair speak of a SQLite ledger, and the records and files that they keep. */

const NOW = Date.parse('2026-11-05T00:00:00Z');
const place = scratch();
const { record, ids } = place;
const at = (name: string): string => join(place.folder, name);
const verify = () => place.tracker().verify();
const repair = (dryRun = false) => place.tracker({ now: () => NOW }).repair({ dryRun });
/** Overwrites the beginning of the file, which makes it a damaged database. */
function spoilHeader(bytes = 100): void {
  const content = readFileSync(place.path);
  content.fill(0xa5, 0, bytes);
  writeFileSync(place.path, content);
}
const spoilText = (id: string, text = '[]'): unknown =>
  place.prompt((db) => db.prepare('UPDATE record SET text = ? WHERE usage_id = ?').run(text, id));

describe('verify', () => {
  it('names each file of a ledger, with its meaning and its records', async () => {
    await record('a', 'b');
    await place.tracker().clear();
    await record('c');
    const kept = readFileSync(place.path);
    writeFileSync(at('costs.db.corrupt.1-a'), kept);
    writeFileSync(at('costs.db.corrupt.1-a-wal'), '');
    writeFileSync(at('costs.db.corrupt.2-b.rows'), '{}\n');
    writeFileSync(at(`.costs.db.${ownerText(thisOwner())}-abc.tmp`), 'half');
    mkdirSync(at('costs.db.lock'));
    writeFileSync(at('costs.db.incomplete'), '{}');
    writeFileSync(at('notes.txt'), 'mine');
    const { files, problems, health, path, pending, records } = await verify();
    const cleared = place.files('.cleared.')[0];
    expect(
      files.map(({ path: each, role, records: count, meaning }) => [basename(each), role, count, meaning]),
    ).toEqual([
      [`.costs.db.${ownerText(thisOwner())}-abc.tmp`, 'token', undefined, 'a copy being made'],
      ['costs.db', 'ledger', 1, 'the ledger itself'],
      ['costs.db-shm', 'lock', undefined, 'shared memory of the processes that have the database open'],
      ['costs.db-wal', 'journal', undefined, 'durable records that are not in the main database file yet'],
      [cleared, 'cleared', 2, 'the records removed by a clear, for undo'],
      ['costs.db.corrupt.1-a', 'kept-aside', undefined, 'unreadable bytes, kept when the ledger was repaired'],
      ['costs.db.corrupt.1-a-wal', 'kept-aside', undefined, 'unreadable bytes, kept when the ledger was repaired'],
      ['costs.db.corrupt.2-b.rows', 'kept-aside', undefined, 'unreadable bytes, kept when the ledger was repaired'],
      ['costs.db.incomplete', 'incomplete', undefined, 'a note that records may be missing since a recovery'],
      ['costs.db.lock', 'lock', undefined, 'lock while a damaged database is being repaired'],
      ['costs.db.prev', 'previous', 2, 'the last backup of the ledger'],
    ]);
    expect(files.find(({ role }) => role === 'ledger')?.bytes).toBe(kept.length);
    expect([path, pending, records, health]).toEqual([place.path, 0, 1, 'damaged']);
    expect(
      problems.map(({ code, severity, message, file }) => [code, severity, message, file && basename(file)]),
    ).toEqual([
      [
        'incomplete',
        'error',
        expect.stringContaining('costs.db was recovered, and records may be missing.'),
        'costs.db.incomplete',
      ],
      [
        'kept-aside',
        'warning',
        'costs.db.corrupt.2-b.rows contains rows that cannot be read as records. Delete the file when you no longer need it.',
        'costs.db.corrupt.2-b.rows',
      ],
      [
        'kept-aside',
        'warning',
        'costs.db.corrupt.1-a is a damaged database. Each of its records, by usage_id, is in the ledger or was removed on purpose; delete the file when you no longer need it.',
        'costs.db.corrupt.1-a',
      ],
    ]);
  });

  it('changes nothing, and makes nothing', async () => {
    expect(await verify()).toMatchObject({ health: 'missing', records: 0, files: [], problems: [] });
    expect(place.files()).toEqual([]);
  });

  it('says what SQLite finds, at most twenty times', async () => {
    await record(...Array.from({ length: 50 }, (_, i) => `id-${i}`));
    const bytes = readFileSync(place.path);
    for (let page = 0; page < bytes.length; page += 4096) {
      // The index of ids names others than the rows have.
      if (bytes[page] !== 0x0a) continue;
      for (let i = bytes.indexOf('id-', page); i !== -1 && i < page + 4096; i = bytes.indexOf('id-', i + 1))
        bytes[i] = 0x78;
    }
    writeFileSync(place.path, bytes);
    const { health, problems } = await verify();
    expect(health).toBe('damaged');
    expect(problems).toHaveLength(20);
    expect(problems[0]).toEqual({
      code: 'damaged-database',
      severity: 'error',
      message: 'SQLite finds: row 1 missing from index sqlite_autoindex_record_1',
    });
    expect(problems.filter(({ message }) => !message.startsWith('SQLite finds: '))).toEqual([]);
  });

  it('finds records in a kept database that the ledger lacks, and a repair restores them', async () => {
    await record('a', 'b', 'c');
    copyFileSync(place.path, at('costs.db.corrupt.1-a'));
    place.prompt((db) => db.exec("DELETE FROM record WHERE usage_id <> 'a'"));
    await place.tracker().remove(['a']);
    await place.close();
    const { problems, health } = await verify();
    expect([health, problems]).toEqual([
      'damaged',
      [
        {
          code: 'kept-aside',
          severity: 'error',
          message: 'costs.db.corrupt.1-a holds 2 records that are not in the ledger. A repair restores them.',
          file: at('costs.db.corrupt.1-a'),
        },
      ],
    ]);
    const expected = { actions: ['records restored from costs.db.corrupt.1-a: 2'], keptIn: undefined };
    expect(await repair(true)).toEqual({ ...expected, records: 0, recovered: 0 });
    expect(await ids()).toEqual([]);
    expect(await repair()).toEqual({ ...expected, records: 2, recovered: 2 });
    expect(await ids()).toEqual(['b', 'c']);
    expect(await repair()).toEqual({ actions: [], records: 2, recovered: 0, keptIn: undefined });
  });

  it('restores a record that several kept databases have once, from the first', async () => {
    await record('a', 'b', 'c');
    copyFileSync(place.path, at('costs.db.corrupt.2-b'));
    await record('d');
    copyFileSync(place.path, at('costs.db.corrupt.1-a'));
    place.prompt((db) => db.exec("DELETE FROM record WHERE usage_id IN ('b', 'd')"));
    const { problems } = await verify();
    expect(problems.map(({ message }) => message.replace(/ that are not.*/, ''))).toEqual([
      'costs.db.corrupt.1-a holds 2 records',
      'costs.db.corrupt.2-b holds 1 records',
    ]);
    expect(await repair()).toMatchObject({ records: 4, recovered: 2 });
    expect((await ids()).toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect((await verify()).problems.map(({ severity }) => severity)).toEqual(['warning', 'warning']);
  });

  it('knows that cleared records are no loss', async () => {
    await record('a', 'b');
    copyFileSync(place.path, at('costs.db.corrupt.1-a'));
    await place.tracker().clear();
    const { problems } = await verify();
    expect(problems.map(({ severity }) => severity)).toEqual(['warning']);
    expect((await repair()).actions).toEqual([]);
    expect(await ids()).toEqual([]);
  });
});

describe('a repair of rows that are no records', () => {
  it('keeps them in a file, takes them from the backup where it has them, and says so', async () => {
    await record('a', 'b', 'c', 'd');
    spoilText('b');
    spoilText('d', '{"model":');
    const plan = ['rows that are not records, taken out: 2'];
    expect((await repair(true)).actions.slice(0, 1)).toEqual(plan);
    expect(place.files('.corrupt.')).toEqual([]);
    const done = await repair();
    const [name] = place.files('.rows');
    expect(name).toMatch(new RegExp(String.raw`^costs\.db\.corrupt\.${NOW}-[0-9a-f]{6}\.rows$`));
    expect(done).toMatchObject({ records: 4, recovered: 2, keptIn: at(name!) });
    expect(done.actions.slice(0, 2)).toEqual([
      `rows that are not records, taken out and kept in ${name}: 2`,
      'of these, restored from costs.db.prev: 2',
    ]);
    expect(readFileSync(at(name!), 'utf8')).toBe(
      '{"usage_id":"b","text":"[]"}\n{"usage_id":"d","text":"{\\"model\\":"}\n',
    );
    expect((await ids()).toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect(await place.tracker().verify()).toMatchObject({
      health: 'ok',
      problems: [{ code: 'kept-aside', severity: 'warning' }],
    });
  });

  it('without a backup makes records of what is left of them', async () => {
    await record('a', 'b');
    rmSync(at('costs.db.prev'));
    spoilText('b', '{"provider":"openai","model":"gpt-5","operation":"chat","proj');
    const { records, recovered, actions } = await repair();
    expect([records, recovered, actions.length]).toEqual([2, 1, 2]);
    const [, second] = await place.tracker().read();
    expect(second).toMatchObject({ usage_id: 'b', model: 'gpt-5', cost_usd: 0.5, tags: ['damaged'] });
  });

  it('of another program are taken out for good', async () => {
    await record('a');
    place.prompt((db) =>
      db.exec(
        "INSERT INTO record (seq, usage_id, time_ms, cost_kind, cost_nanos, text) VALUES (9, 'theirs', 0, 'unknown', NULL, 'note')",
      ),
    );
    expect(await repair()).toMatchObject({ records: 1, recovered: 0 });
    expect(await ids()).toEqual(['a']);
    expect((await repair()).actions).toEqual([]);
  });

  it('of a ledger that is sound does nothing', async () => {
    await record('a');
    expect(await repair()).toEqual({ actions: [], records: 1, recovered: 0, keptIn: undefined });
    expect(place.files('.corrupt.')).toEqual([]);
  });

  it('of no ledger makes none', async () => {
    expect(await repair()).toEqual({ actions: [], records: 0, recovered: 0, keptIn: undefined });
    expect(await repair(true)).toEqual({ actions: [], records: 0, recovered: 0, keptIn: undefined });
    expect(place.files()).toEqual([]);
  });
});

describe('a repair of a damaged file', () => {
  it('says each step, planned and done, and keeps the file as it was', async () => {
    await record('a', 'b', 'c');
    rmSync(at('costs.db.prev'));
    spoilHeader();
    const damaged = readFileSync(place.path);
    expect(await repair(true)).toEqual({
      actions: [
        'former file kept in costs.db.corrupt.<time>',
        'records read from the damaged file: 3',
        'costs.db rewritten; records in it: 3',
      ],
      records: 3,
      recovered: 3,
      keptIn: undefined,
    });
    expect(readFileSync(place.path)).toEqual(damaged);
    const { keptIn, ...done } = await repair();
    expect(basename(keptIn!)).toMatch(new RegExp(String.raw`^costs\.db\.corrupt\.${NOW}-[0-9a-f]{6}$`));
    expect(done).toEqual({
      actions: [
        `former file kept in ${basename(keptIn!)}`,
        'records read from the damaged file: 3',
        'costs.db rewritten; records in it: 3',
      ],
      records: 3,
      recovered: 3,
    });
    expect(readFileSync(keptIn!)).toEqual(damaged);
    expect(await ids()).toEqual(['a', 'b', 'c']);
    expect(place.files('.lock')).toEqual([]);
    expect(place.files().filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('takes the rest from the backup, apart from what was removed', async () => {
    await record('a', 'b', 'c');
    await place.tracker().remove(['c']);
    await place.close();
    writeFileSync(place.path, Buffer.alloc(readFileSync(place.path).length, 0xa5));
    const { actions, records, recovered } = await repair();
    // Nobody knows any more that one was removed.
    expect(actions.slice(1)).toEqual([
      'records read from the damaged file: 0',
      'records restored from costs.db.prev: 3',
      'costs.db rewritten; records in it: 3',
    ]);
    expect([records, recovered]).toEqual([3, 3]);
  });

  it('takes nothing from a backup that is damaged too', async () => {
    await record('a', 'b');
    spoilHeader();
    writeFileSync(at('costs.db.prev'), 'no database '.repeat(500));
    expect(await repair()).toMatchObject({ records: 2, recovered: 2 });
    expect(await ids()).toEqual(['a', 'b']);
  });

  it('of a ledger that is gone restores its backup', async () => {
    await record('a', 'b');
    rmSync(place.path);
    expect(await repair(true)).toMatchObject({
      actions: [
        'records read from the damaged file: 0',
        'records restored from costs.db.prev: 2',
        'costs.db rewritten; records in it: 2',
      ],
      keptIn: undefined,
    });
    expect(place.files('costs.db')).toEqual(['costs.db.prev']);
    expect(await repair()).toMatchObject({ records: 2, keptIn: undefined });
    expect(await ids()).toEqual(['a', 'b']);
  });

  it('leaves the database of another program alone', async () => {
    place.prompt((db) => db.exec('CREATE TABLE theirs (a)'));
    const before = readFileSync(place.path);
    await expect(repair()).rejects.toMatchObject({ code: 'unsupported' });
    await expect(repair(true)).rejects.toMatchObject({ code: 'unsupported' });
    expect(readFileSync(place.path)).toEqual(before);
    expect(place.files()).toEqual(['costs.db']);
  });
});

describe('a record that meets a damaged database', () => {
  beforeEach(async () => {
    await record('a', 'b');
  });
  const incomplete = async (): Promise<string[]> =>
    (await verify()).problems.flatMap(({ code, message }) => (code === 'incomplete' ? [message] : []));

  it('says nothing where all was found', async () => {
    spoilHeader();
    await record('c');
    expect(await incomplete()).toEqual([]);
    expect(await ids()).toEqual(['a', 'b', 'c']);
  });

  it('says that nothing was found', async () => {
    rmSync(at('costs.db.prev'));
    writeFileSync(place.path, Buffer.alloc(readFileSync(place.path).length, 0xa5));
    // A trace of an earlier repair: it was a ledger.
    writeFileSync(at('costs.db.corrupt.1-a.rows'), '');
    await place.tracker({ now: () => NOW }).track(call('c'));
    expect((await incomplete())[0]).toContain(
      'costs.db was damaged and was recovered on 2026-11-05T00:00:00.000Z: none of its records could be read. The file as it was is kept in costs.db.corrupt.<time>.',
    );
  });

  it('says from where a database that was gone came back', async () => {
    rmSync(place.path);
    await place.tracker({ now: () => NOW }).track(call('c'));
    expect((await incomplete())[0]).toContain(
      'costs.db was gone and was restored on 2026-11-05T00:00:00.000Z (costs.db.prev: 2). Records that were only in it are missing.',
    );
  });

  it('says nothing where the database that a repair had kept is whole', async () => {
    writeFileSync(at('costs.db.corrupt.1-a'), readFileSync(place.path));
    rmSync(place.path);
    rmSync(at('costs.db.prev'));
    await record('c');
    expect(await incomplete()).toEqual([]);
    expect(await ids()).toEqual(['a', 'b', 'c']);
  });
});
