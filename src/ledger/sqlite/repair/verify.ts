import { join } from 'node:path';
import type { Disk } from '../../../system/disk.ts';
import {
  incompleteName,
  isClearedName,
  isCorruptName,
  lockName,
  parseSideFile,
  previousName,
} from '../../../system/sideFiles.ts';
import { mountedProblem } from '../../place.ts';
import type { Problem, SideFileRole, Verification } from '../../results.ts';
import { LedgerError } from '../../results.ts';
import type { StoreState } from '../../store.ts';
import { Connection } from '../connection.ts';
import { codeOf } from '../engine.ts';
import { keptAside, type KeptAside } from './aside.ts';
import { contradictions, contradictionText } from './badRows.ts';
import { findings } from './findings.ts';
import { lostText } from './loss.ts';
import { checkSegments, type CheckedSegments } from '../columns/segments.ts';
import { slicer, steps } from '../../../system/slices.ts';
import type { Place } from '../state.ts';
import { namesIn, unreadableProblems } from '../state.ts';
import { fileSize } from '../log.ts';

/** Maximum number of reported findings of an integrity check. */
const MOST_FINDINGS = 20;

/** Checks the whole database and describes its files. Changes nothing. */
export async function verifyDatabase(
  disk: Disk,
  place: Place,
  label: string,
  state: StoreState,
): Promise<Verification> {
  const { problems, unreadable } = await checkContents(disk, place, state);
  const files: Verification['files'] = [];
  for (const name of (await namesIn(disk, place.folder)).sort()) {
    const file = roleOf(name, place.base);
    if (!file) continue;
    const path = join(place.folder, name);
    const records = file.isDatabase ? await recordsIn(disk, path) : undefined;
    files.push({
      path,
      role: file.role,
      bytes: fileSize(disk, path),
      ...(records === undefined ? {} : { records }),
      meaning: file.meaning,
    });
    if (isRows(name, place.base)) {
      problems.push({
        code: 'kept-aside',
        severity: 'warning',
        message: `${name} contains rows that cannot be read as records. Delete the file when you no longer need it.`,
        file: path,
      });
    }
  }
  const mounted = mountedProblem(place.path);
  if (mounted) problems.push(mounted);
  problems.push(...(await keptDatabases(disk, place)));
  const damaged = problems.some(({ severity }) => severity === 'error');
  return {
    path: label,
    health: state.health === 'unavailable' ? 'unavailable' : damaged ? 'damaged' : state.health,
    problems,
    records: state.records,
    pending: 0,
    unreadable,
    bytes: state.bytes,
    files,
  };
}

/** Adds the findings of SQLite; if there are none, compares the records with the columns and sums that were made of them. */
async function checkContents(
  disk: Disk,
  place: Place,
  state: StoreState,
): Promise<{ problems: Problem[]; unreadable: number }> {
  const { problems, unreadable } = state;
  const damage = (message: string): Problem => ({ code: 'damaged-database', severity: 'error', message });
  if (!problems.every(({ code }) => code === 'unreadable-element' || code === 'incomplete')) {
    return { problems: [...problems], unreadable };
  }
  const found = await findings(disk, place.path, MOST_FINDINGS);
  if (found.length > 0) {
    return { problems: [...problems, ...found.map((finding) => damage(`SQLite finds: ${finding}`))], unreadable };
  }
  const { untrue, twofold, ...sealed } = await compared(disk, place.path);
  // The state knows only those that are not in a segment yet.
  const noRecords = unreadable + sealed.unreadable;
  const wrong = untrue.reduce((sum, { records }) => sum + records, 0);
  return {
    problems: [
      ...problems.filter(({ code }) => code !== 'unreadable-element'),
      ...unreadableProblems(noRecords),
      ...(wrong === 0 ? [] : [damage(`The sums of ${wrong} records differ from their rows. A repair rebuilds them.`)]),
      ...(twofold === 0 ? [] : [damage(contradictionText(twofold))]),
    ],
    unreadable: noRecords,
  };
}

/**
 * Damaged databases that were kept aside. One with records that the ledger lacks is an error, because no total includes them.
 */
async function keptDatabases(disk: Disk, place: Place): Promise<Problem[]> {
  const connection = await openReadable(disk, place.path);
  if (!connection) return [];
  try {
    return (await keptAside(disk, connection)).map((kept) => ({
      code: 'kept-aside',
      severity: kept.rows.length > 0 ? 'error' : 'warning',
      message: keptText(kept),
      file: join(place.folder, kept.name),
    }));
  } finally {
    await connection.close();
  }
}

function keptText({ name, rows, lost, unreadable }: KeptAside): string {
  if (rows.length > 0)
    return `${name} holds ${rows.length} records that are not in the ledger. A repair restores them.`;
  const missing =
    lost.length > 0 ? lostText(lost) : unreadable > 0 ? `${unreadable} of its rows could not be read` : '';
  return missing === ''
    ? `${name} is a damaged database. Each of its records, by usage_id, is in the ledger or was removed on purpose; delete the file when you no longer need it.`
    : `${name} is a damaged database. ${missing}. Delete the file when you no longer need it.`;
}

/** undefined also for a database of another program or of a newer version, or one too damaged to open. */
async function openReadable(disk: Disk, path: string): Promise<Connection | undefined> {
  try {
    return await Connection.open(disk, path);
  } catch (error) {
    if (codeOf(error) === undefined && !(error instanceof LedgerError)) throw error;
    return undefined;
  }
}

/** Compares the records with the segments and with their own columns. */
async function compared(disk: Disk, path: string): Promise<CheckedSegments & { twofold: number }> {
  const connection = await Connection.open(disk, path);
  if (!connection) return { untrue: [], unreadable: 0, twofold: 0 };
  try {
    const checked = await steps(checkSegments(connection), slicer());
    return { ...checked, twofold: (await contradictions(disk, connection)).length };
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
    return { role: 'journal', meaning: 'durable records that are not in the main database file yet' };
  }
  if (name === `${base}-shm`)
    return { role: 'lock', meaning: 'shared memory of the processes that have the database open' };
  if (name === lockName(base)) return { role: 'lock', meaning: 'lock while a damaged database is being repaired' };
  if (name === previousName(base)) {
    return { role: 'previous', meaning: 'the last backup of the ledger', isDatabase: true };
  }
  if (name === incompleteName(base)) {
    return { role: 'incomplete', meaning: 'a note that records may be missing since a recovery' };
  }
  if (isCorruptName(name, base)) {
    return { role: 'kept-aside', meaning: 'unreadable bytes, kept when the ledger was repaired' };
  }
  if (isClearedName(name, base)) {
    return { role: 'cleared', meaning: 'the records removed by a clear, for undo', isDatabase: true };
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
