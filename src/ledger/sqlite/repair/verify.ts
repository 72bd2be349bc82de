import { join } from 'node:path';
import type { Disk } from '../../../system/disk.ts';
import { isClearedName, isCorruptName, lockName, parseSideFile, previousName } from '../../../system/sideFiles.ts';

import type { Problem, SideFileRole, Verification } from '../../results.ts';
import { LedgerError } from '../../results.ts';
import type { StoreState } from '../../store.ts';
import { Connection } from '../connection.ts';
import { codeOf } from '../engine.ts';
import { keptAside } from './aside.ts';
import { findings } from './repair.ts';
import { untrueSegments } from '../columns/segments.ts';
import { slicer, steps } from '../slices.ts';
import type { Place } from '../state.ts';
import { namesIn, size } from '../state.ts';

/** Findings of an integrity check that are told. */
const MOST_FINDINGS = 20;

/** Checks the whole database, and explains what belongs to it. Changes nothing. */
export async function verifyDatabase(
  disk: Disk,
  place: Place,
  label: string,
  state: StoreState,
): Promise<Verification> {
  const problems: Problem[] = [...state.problems];
  const readable = state.health === 'ok' || problems.some(({ code }) => code === 'unreadable-element');
  const found = readable ? await findings(disk, place.path, MOST_FINDINGS) : [];
  for (const finding of found) {
    problems.push({ code: 'damaged-database', severity: 'error', message: `SQLite finds: ${finding}` });
  }
  if (readable && found.length === 0) {
    const count = await countedWrongly(disk, place);
    const message = `The sums of ${count} records are not what their rows say. A repair makes them anew.`;
    if (count > 0) problems.push({ code: 'damaged-database', severity: 'error', message });
  }
  const files: Verification['files'] = [];
  for (const name of (await namesIn(disk, place.folder)).sort()) {
    const file = roleOf(name, place.base);
    if (!file) continue;
    const path = join(place.folder, name);
    const records = file.isDatabase ? await recordsIn(disk, path) : undefined;
    files.push({
      path,
      role: file.role,
      bytes: size(disk, path),
      ...(records === undefined ? {} : { records }),
      meaning: file.meaning,
    });
    if (isRows(name, place.base)) {
      problems.push({
        code: 'kept-aside',
        severity: 'warning',
        message: `${name} holds rows that cannot be read as records. Delete the file when you no longer need it.`,
        file: path,
      });
    }
  }
  problems.push(...(await keptDatabases(disk, place)));
  const damaged = problems.some(({ severity }) => severity === 'error');
  return {
    path: label,
    health: state.health === 'unavailable' ? 'unavailable' : damaged ? 'damaged' : state.health,
    problems,
    records: state.records,
    pending: 0,
    unreadable: state.unreadable,
    bytes: state.bytes,
    files,
  };
}

/** The damaged databases that were kept aside. One with records that the ledger lacks is an error: no number covers them. */
async function keptDatabases(disk: Disk, place: Place): Promise<Problem[]> {
  const connection = await openReadable(disk, place.path);
  if (!connection) return [];
  try {
    return (await keptAside(disk, connection)).map(({ name, rows }) => ({
      code: 'kept-aside',
      severity: rows.length > 0 ? 'error' : 'warning',
      message:
        rows.length > 0
          ? `${name} holds ${rows.length} records that are not in the ledger. A repair brings them back.`
          : `${name} is a damaged database. Each of its records, by usage_id, is in the ledger or was removed on purpose; delete the file when you no longer need it.`,
      file: join(place.folder, name),
    }));
  } finally {
    await connection.close();
  }
}

/** undefined also for one of another program, of a newer version, or too damaged to open. */
async function openReadable(disk: Disk, path: string): Promise<Connection | undefined> {
  try {
    return await Connection.open(disk, path);
  } catch (error) {
    if (codeOf(error) === undefined && !(error instanceof LedgerError)) throw error;
    return undefined;
  }
}

/** Records whose columns do not say what their rows say. */
async function countedWrongly(disk: Disk, place: Place): Promise<number> {
  const connection = await Connection.open(disk, place.path);
  if (!connection) return 0;
  try {
    const untrue = await steps(untrueSegments(connection), slicer());
    return untrue.reduce((sum, { records }) => sum + records, 0);
  } finally {
    await connection.close();
  }
}

function isRows(name: string, base: string): boolean {
  return isCorruptName(name, base) && name.endsWith('.rows');
}

interface Role {
  role: SideFileRole;
  meaning: string;
  isDatabase?: boolean;
}

function roleOf(name: string, base: string): Role | undefined {
  if (name === base) return { role: 'ledger', meaning: 'the ledger itself', isDatabase: true };
  if (name === `${base}-wal`) {
    return { role: 'journal', meaning: 'records that are durable and on their way into the database' };
  }
  if (name === `${base}-shm`) return { role: 'lock', meaning: 'what those share who have the database open' };
  if (name === lockName(base)) return { role: 'lock', meaning: 'held while a damaged database is mended' };
  if (name === previousName(base)) {
    return { role: 'previous', meaning: 'the ledger as it was when it was last copied', isDatabase: true };
  }
  if (isCorruptName(name, base)) {
    return { role: 'kept-aside', meaning: 'what could not be read, kept when the ledger was mended' };
  }
  if (isClearedName(name, base)) {
    return { role: 'cleared', meaning: 'everything that a clear took out, for undo', isDatabase: true };
  }
  if (parseSideFile(name, base)) return { role: 'token', meaning: 'a copy being made' };
  return undefined;
}

async function recordsIn(disk: Disk, path: string): Promise<number | undefined> {
  const connection = await openReadable(disk, path);
  try {
    return (connection?.first('SELECT count(*) AS records FROM record') as { records: number } | undefined)?.records;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  } finally {
    await connection?.close();
  }
}
