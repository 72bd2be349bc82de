import { accessSync, constants, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type * as sqlite from 'node:sqlite';
import { builtinSqlite } from '../../system/builtinSqlite.ts';
import { errno } from '../../system/errno.ts';
import { explain } from '../errors.ts';
import { LedgerError } from '../results.ts';

/** `node:sqlite`, if the runtime has it: Node since 22.13, and the editor since 1.101 (Electron 35). */

export type Database = sqlite.DatabaseSync;
export type Statement = sqlite.StatementSync;
export type SQLInputValue = sqlite.SQLInputValue;
/** A row: the value of each column. */
export type Cells = Record<string, sqlite.SQLOutputValue>;

type Engine = typeof sqlite;
let engine: Engine | undefined;

/** @throws {LedgerError} `unsupported`, with a remedy. */
export function sqliteEngine(): Engine {
  engine ??= builtinSqlite();
  if (engine === undefined) {
    throw new LedgerError(
      'unsupported',
      `A ledger that ends in .db or .sqlite needs SQLite, which Node.js ${process.versions.node} does not include. ` +
        'Run it with Node.js 22.13 or newer, or name a ledger that ends in .json.',
    );
  }
  return engine;
}

/** The primary result codes of SQLite that we distinguish: https://sqlite.org/rescode.html */
export const CODE = {
  error: 1,
  perm: 3,
  busy: 5,
  locked: 6,
  readonly: 8,
  ioerr: 10,
  corrupt: 11,
  full: 13,
  cantopen: 14,
  constraint: 19,
  notadb: 26,
} as const;

/** The primary code of an SQLite error; undefined for any other error. */
export function codeOf(error: unknown): number | undefined {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode & 0xff : undefined;
}

export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code === CODE.busy || code === CODE.locked;
}

export function isDamage(error: unknown): boolean {
  const code = codeOf(error);
  return code === CODE.corrupt || code === CODE.notadb || isUnknownFormat(error);
}

/** SQLite has no code for a header with the number of a format that does not exist. */
function isUnknownFormat(error: unknown): boolean {
  return codeOf(error) === CODE.error && /^unsupported file format$/.test((error as Error).message);
}

/** The error that SQLite throws for a damaged database, for damage that only we notice. */
export function damageError(message: string): Error {
  return Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode: CODE.corrupt });
}

/** Whether the file or its folder cannot be written, or the file cannot be opened at all. */
export function isUnwritable(error: unknown): boolean {
  const code = codeOf(error);
  return code === CODE.readonly || code === CODE.perm || code === CODE.cantopen;
}

/** Converts an error of SQLite or the system to one that names the file, the problem and the remedy. */
export function explainSqlite(error: unknown, path: string): LedgerError {
  if (error instanceof LedgerError) return error;
  if (isUnwritable(error)) {
    return explain(Object.assign(new Error('no access', { cause: error }), { code: whyUnwritable(path) }), path);
  }
  const code = isUnknownFormat(error) ? CODE.corrupt : codeOf(error);
  switch (code) {
    case undefined:
      return explain(error, path);
    case CODE.ioerr:
      return explain(isFull(path) ? { code: 'ENOSPC' } : error, path);
    case CODE.full:
      return explain(Object.assign(new Error('full', { cause: error }), { code: 'ENOSPC' }), path);
    case CODE.busy:
    case CODE.locked:
      return new LedgerError('busy', `${path} is locked by another program. Close that program and try again.`, {
        cause: error,
      });
    case CODE.corrupt:
    case CODE.notadb:
      return new LedgerError(
        'damaged',
        `${path} cannot be read as a database (${(error as Error).message}). See: llm-spend repair --dry-run`,
        { cause: error },
      );
    default:
      return explain(error, path);
  }
}

/** SQLite reports a general error when its shared memory, 32 KB beside the database, does not fit on the disk. */
function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize < 64 * 1024;
  } catch {
    return false;
  }
}

/** SQLite does not distinguish a read-only disk from a folder without write permission; the system does. */
function whyUnwritable(path: string): string {
  try {
    accessSync(dirname(path), constants.W_OK);
    return 'EACCES';
  } catch (error) {
    return errno(error) === 'EROFS' ? 'EROFS' : 'EACCES';
  }
}
