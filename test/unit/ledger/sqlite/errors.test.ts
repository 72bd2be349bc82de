import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { explainSqlite, isBusy, isDamage, isUnwritable } from '../../../../src/ledger/sqlite/engine.ts';
import { LedgerError } from '../../../../src/ledger/results.ts';

/** As `node:sqlite` throws it. Its extended codes have further bits above the primary one. */
const failure = (errcode: number): Error =>
  Object.assign(new Error('as SQLite says it'), { code: 'ERR_SQLITE_ERROR', errcode });

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-errors-'));
  path = join(folder, 'costs.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('an error of SQLite is explained', () => {
  it.each([
    ['SQLITE_BUSY', 5, 'busy', 'is locked by another program'],
    ['SQLITE_BUSY_SNAPSHOT', 517, 'busy', 'is locked by another program'],
    ['SQLITE_LOCKED', 6, 'busy', 'is locked by another program'],
    [
      'SQLITE_CORRUPT',
      11,
      'damaged',
      'cannot be read as a database (as SQLite says it). See: llm-spend repair --dry-run',
    ],
    ['SQLITE_CORRUPT_INDEX', 779, 'damaged', 'cannot be read as a database'],
    ['SQLITE_NOTADB', 26, 'damaged', 'cannot be read as a database'],
    ['SQLITE_FULL', 13, 'disk-full', 'is full. Free some space'],
    ['SQLITE_READONLY', 8, 'no-access', 'No permission for'],
    ['SQLITE_PERM', 3, 'no-access', 'No permission for'],
    ['SQLITE_CANTOPEN', 14, 'no-access', 'No permission for'],
    ['SQLITE_IOERR', 10, 'io', 'as SQLite says it'],
    ['SQLITE_CONSTRAINT', 19, 'io', 'as SQLite says it'],
  ])('%s', (_, errcode, code, text) => {
    const cause = failure(errcode);
    const explained = explainSqlite(cause, path);
    expect(explained).toBeInstanceOf(LedgerError);
    expect(explained.code).toBe(code);
    expect(explained.message).toContain(text);
    expect(explained.message).toContain(path);
  });

  it('and those of the system and of ours are, too', () => {
    expect(explainSqlite(Object.assign(new Error('x'), { code: 'ENOSPC' }), path)).toMatchObject({ code: 'disk-full' });
    expect(explainSqlite(new Error('x'), path)).toMatchObject({ code: 'io', message: `${path}: x` });
    const ours = new LedgerError('closed', 'It is closed.');
    expect(explainSqlite(ours, path)).toBe(ours);
  });

  it('and told apart from those of others with a number in them', () => {
    const kinds = (error: unknown): boolean[] => [isBusy(error), isDamage(error), isUnwritable(error)];
    expect(kinds(failure(5))).toEqual([true, false, false]);
    expect(kinds(failure(11))).toEqual([false, true, false]);
    expect(kinds(failure(14))).toEqual([false, false, true]);
    expect(kinds(Object.assign(new Error('x'), { errcode: 5 }))).toEqual([false, false, false]);
    expect(kinds(undefined)).toEqual([false, false, false]);
  });
});
