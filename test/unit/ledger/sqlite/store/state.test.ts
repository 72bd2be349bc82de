import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LedgerError } from '../../../../../src/ledger/results.ts';
import { fileSize, hasLog, linkLog, logOf, moveLogAside, unlinkLog } from '../../../../../src/ledger/sqlite/log.ts';
import {
  describeDatabase,
  isKeptDatabase,
  leftoversOf,
  namesIn,
  seqOfCursor,
} from '../../../../../src/ledger/sqlite/state.ts';
import { nodeDisk } from '../../../../../src/system/nodeDisk.ts';
import { call } from '../../../../contract/usages.ts';
import { scratch } from '../scratch.ts';

const scratched = scratch();
const at = (name: string): string => join(scratched.folder, name);
/** A file of some bytes that was written at this second. */
function put(name: string, seconds = 1_000, text = 'bytes'): void {
  writeFileSync(at(name), text);
  utimesSync(at(name), seconds, seconds);
}
const leftovers = (): ReturnType<typeof leftoversOf> =>
  leftoversOf(nodeDisk, { folder: scratched.folder, base: 'costs.db', path: scratched.path });

describe('what is left of a database that is gone', () => {
  it('is nothing where there never was one, or where it still is', async () => {
    expect(await leftovers()).toBeUndefined();
    put('costs.db.prev');
    put('costs.db');
    expect(await leftovers()).toBeUndefined();
  });

  it('is its backup', async () => {
    put('costs.db.prev');
    expect(await leftovers()).toEqual({ previous: 'costs.db.prev', aside: undefined, log: false });
    // An empty file is no database.
    put('costs.db', 1_000, '');
    expect(await leftovers()).toMatchObject({ previous: 'costs.db.prev' });
    put('costs.db.prev', 1_000, '');
    expect(await leftovers()).toBeUndefined();
  });

  it('is its log', async () => {
    put('costs.db-wal');
    expect(await leftovers()).toEqual({ previous: undefined, aside: undefined, log: true });
    put('costs.db-wal', 1_000, '');
    expect(await leftovers()).toBeUndefined();
  });

  it('is the newest one that a repair kept, if it is newer than the backup', async () => {
    put('costs.db.corrupt.1-a', 2_000);
    put('costs.db.corrupt.2-b', 3_000);
    put('costs.db.corrupt.3-c', 1_500);
    put('costs.db.corrupt.4-d', 9_000, '');
    put('costs.db.corrupt.5-e-wal', 9_000);
    put('costs.db.corrupt.5-e-shm', 9_000);
    put('costs.db.corrupt.6-f.rows', 9_000);
    put('other.db.corrupt.7-g', 9_000);
    expect(await leftovers()).toEqual({ previous: undefined, aside: 'costs.db.corrupt.2-b', log: false });
    put('costs.db.prev', 2_500);
    expect(await leftovers()).toMatchObject({ previous: 'costs.db.prev', aside: 'costs.db.corrupt.2-b' });
    put('costs.db.prev', 3_000);
    expect(await leftovers()).toEqual({ previous: 'costs.db.prev', aside: undefined, log: false });
  });

  it('has names of kept databases, and not of what belongs to them', () => {
    const names = ['costs.db.corrupt.1', 'costs.db.corrupt.1-wal', 'costs.db.corrupt.1-shm', 'costs.db.corrupt.1.rows'];
    expect(names.map((name) => isKeptDatabase(name, 'costs.db'))).toEqual([true, false, false, false]);
    expect(isKeptDatabase('costs.db.cleared.1', 'costs.db')).toBe(false);
    expect(isKeptDatabase('costs.db.corrupt.1-walk', 'costs.db')).toBe(true);
  });

  it('is nothing in a folder that is not there', async () => {
    expect(await namesIn(nodeDisk, at('none'))).toEqual([]);
    put('a');
    expect(await namesIn(nodeDisk, scratched.folder)).toEqual(['a']);
  });
});

describe('the state of a database', () => {
  const describeNow = (problem?: LedgerError) => describeDatabase(nodeDisk, scratched.path, undefined, problem);

  it('that was never there is empty', async () => {
    expect(await describeNow()).toEqual({
      health: 'missing',
      problems: [],
      records: 0,
      pending: 0,
      unreadable: 0,
      bytes: 0,
      modifiedAt: undefined,
    });
  });

  it.each([
    ['its backup', ['costs.db.prev'], 'costs.db.prev'],
    ['the one kept by a repair', ['costs.db.corrupt.1-a', 'costs.db.prev'], 'costs.db.corrupt.1-a'],
    ['its log', ['costs.db-wal'], 'costs.db-wal'],
  ])('that is gone names %s', async (_, names, expected) => {
    for (const [i, name] of names.entries()) put(name, 5_000 - i);
    expect(await describeNow()).toMatchObject({
      health: 'damaged',
      problems: [
        {
          code: 'lost-file',
          severity: 'error',
          message: `costs.db is missing, but ${expected} beside it contains records. The next record, or a repair, restores them.`,
          file: at(expected),
        },
      ],
    });
  });

  it('that cannot be read has the reason, its size and its time', async () => {
    put('costs.db', 5_000, 'x'.repeat(10));
    put('costs.db-wal', 7_000, 'x'.repeat(5));
    const damaged = new LedgerError('damaged', 'It is damaged.');
    expect(await describeNow(damaged)).toEqual({
      health: 'damaged',
      problems: [{ code: 'damaged-database', severity: 'error', message: 'It is damaged.' }],
      records: 0,
      pending: 0,
      unreadable: 0,
      bytes: 15,
      modifiedAt: 7_000_000,
    });
    put('costs.db', 9_000, 'x');
    expect(await describeNow(new LedgerError('busy', 'It is busy.'))).toMatchObject({
      health: 'unavailable',
      problems: [{ code: 'unavailable', severity: 'error', message: 'It is busy.' }],
      bytes: 6,
      modifiedAt: 9_000_000,
    });
  });

  it('that cannot be looked at has no size and no time', async () => {
    const problem = new LedgerError('io', 'It failed.');
    expect(await describeNow(problem)).toMatchObject({ health: 'unavailable', bytes: 0, modifiedAt: undefined });
  });

  it('with a note of a loss is damaged, and the note comes first', async () => {
    await scratched.tracker().track(call('a'));
    await scratched.close();
    put('costs.db.incomplete', 1, JSON.stringify({ at: '2026-11-01', text: 'Some are missing.' }));
    scratched.prompt((db) => db.exec("UPDATE record SET text = '[]'"));
    expect(await scratched.tracker().refresh()).toMatchObject({
      health: 'damaged',
      records: 0,
      unreadable: 1,
      problems: [
        { code: 'incomplete', message: expect.stringContaining('Some are missing. ') as string },
        { code: 'unreadable-element', message: '1 rows are not usage records; they are not counted.' },
      ],
    });
    const { problems } = await describeNow(new LedgerError('no-access', 'Not for you.'));
    expect(problems.map(({ code }) => code)).toEqual(['unavailable']);
  });

  it('counts a row that is no record once, whatever comes behind it', async () => {
    const ledger = scratched.tracker();
    await ledger.trackAll([call('a'), call('b')]);
    scratched.prompt((db) => db.exec("UPDATE record SET text = '[]' WHERE usage_id = 'b'"));
    const reader = scratched.tracker();
    for (const id of ['c', 'd', 'e']) {
      expect((await reader.refresh()).unreadable).toBe(1);
      await ledger.track(call(id));
    }
    expect(await reader.refresh()).toMatchObject({ unreadable: 1, records: 4, health: 'damaged' });
  });
});

describe('a cursor', () => {
  it('says from which row on records were added', () => {
    expect(seqOfCursor('1.0/5', '1.0/9')).toBe(5);
    expect(seqOfCursor('1.0/9', '1.0/9')).toBe(9);
    expect(seqOfCursor('1.0/0', '1.0/9')).toBe(0);
  });

  it('of other contents, or of more than there is, says nothing', () => {
    expect(seqOfCursor('1.1/5', '1.0/9')).toBeUndefined();
    expect(seqOfCursor('1.0/10', '1.0/9')).toBeUndefined();
    expect(seqOfCursor('1.0', '1.0/9')).toBeUndefined();
    expect(seqOfCursor('', '')).toBeUndefined();
    expect(seqOfCursor('', '1.0/9')).toBeUndefined();
  });
});

describe('the log of a database', () => {
  it('has the size of its file, which may be missing', () => {
    expect([fileSize(nodeDisk, at('none')), hasLog(nodeDisk, scratched.path)]).toEqual([0, false]);
    put('costs.db-wal', 1, '');
    expect(hasLog(nodeDisk, scratched.path)).toBe(false);
    put('costs.db-wal', 1, 'abc');
    expect([fileSize(nodeDisk, logOf(scratched.path)), hasLog(nodeDisk, scratched.path)]).toEqual([3, true]);
  });

  it('is moved aside without its index', async () => {
    put('costs.db-wal');
    put('costs.db-shm');
    const aside = await moveLogAside(nodeDisk, scratched.path, 1_234);
    expect(aside.startsWith(at('costs.db.corrupt.1234-'))).toBe(true);
    expect(scratched.files()).toEqual([`${aside.slice(scratched.folder.length + 1)}-wal`]);
  });

  it('gets a second name, and loses its first one with its index', async () => {
    await linkLog(nodeDisk, scratched.path, at('kept.db'));
    expect(scratched.files()).toEqual([]);
    put('costs.db-wal');
    put('costs.db-shm');
    await linkLog(nodeDisk, scratched.path, at('kept.db'));
    expect(scratched.files()).toEqual(['costs.db-shm', 'costs.db-wal', 'kept.db-wal']);
    await expect(linkLog(nodeDisk, scratched.path, at('kept.db'))).rejects.toMatchObject({ code: 'EEXIST' });
    await unlinkLog(nodeDisk, scratched.path);
    expect(scratched.files()).toEqual(['kept.db-wal']);
    await unlinkLog(nodeDisk, scratched.path);
    mkdirSync(at('costs.db-wal'));
    await expect(unlinkLog(nodeDisk, scratched.path)).rejects.toThrow();
    rmSync(at('costs.db-wal'), { recursive: true });
  });
});
