import { basename, join } from 'node:path';
import type { Disk } from '../../system/disk.ts';
import { isCorruptName, previousName } from '../../system/sideFiles.ts';
import { lossProblem } from '../loss.ts';
import { resolvePlace } from '../place.ts';
import type { LedgerError, Problem } from '../results.ts';
import type { StoreState } from '../store.ts';
import type { Snapshot } from './columns/segments.ts';
import { fileSize } from './log.ts';

/** The actual location of a database, after following links. */
export type Place = Awaited<ReturnType<typeof resolvePlace>>;

/** The state before the first check. */

function nothingYet(): StoreState {
  return {
    health: 'missing',
    problems: [],
    records: 0,
    pending: 0,
    unreadable: 0,
    bytes: 0,
    modifiedAt: undefined,
  };
}

/** @param snapshot undefined when there is no database, or it cannot be read: then `problem` has the reason. */
export async function describeDatabase(
  disk: Disk,
  path: string,
  snapshot: Snapshot | undefined,
  problem: LedgerError | undefined,
): Promise<StoreState> {
  const state = await describeFile(disk, path, snapshot, problem);
  if (state.health === 'unavailable') return state;
  const incomplete = await lossProblem(disk, await resolvePlace(disk, path));
  return incomplete === undefined ? state : { ...state, health: 'damaged', problems: [incomplete, ...state.problems] };
}

async function describeFile(
  disk: Disk,
  path: string,
  snapshot: Snapshot | undefined,
  problem: LedgerError | undefined,
): Promise<StoreState> {
  if (problem) {
    const damaged = problem.code === 'damaged';
    return {
      ...nothingYet(),
      health: damaged ? 'damaged' : 'unavailable',
      problems: [{ code: damaged ? 'damaged-database' : 'unavailable', severity: 'error', message: problem.message }],
      ...sizes(disk, path),
    };
  }
  if (!snapshot) {
    const lost = await lostFile(disk, await resolvePlace(disk, path));
    return lost === undefined ? nothingYet() : { ...nothingYet(), health: 'damaged', problems: [lost] };
  }
  const problems = unreadableProblems(snapshot.unreadable);
  return {
    ...nothingYet(),
    health: problems.length > 0 ? 'damaged' : 'ok',
    problems,
    records: snapshot.records,
    unreadable: snapshot.unreadable,
    ...sizes(disk, path),
  };
}

/** @param count number of rows that are not records */
export function unreadableProblems(count: number): Problem[] {
  const message = `${count} rows are not usage records; they are not counted.`;
  return count === 0 ? [] : [{ code: 'unreadable-element', severity: 'error', message }];
}

/** The files left beside a database that is missing. */
export interface Leftovers {
  /** The name of its backup. */
  previous: string | undefined;
  /** The name under which a repair kept the database, if it is newer than the backup. */
  aside: string | undefined;
  /** Whether its log still exists. */
  log: boolean;
}

/** undefined when the database exists, or nothing is left of it. */
export async function leftoversOf(disk: Disk, { folder, base, path }: Place): Promise<Leftovers | undefined> {
  if (fileSize(disk, path) > 0) return undefined;
  const copy = join(folder, previousName(base));
  const previous = fileSize(disk, copy) > 0 ? basename(copy) : undefined;
  const since = previous === undefined ? 0n : disk.statSync(copy).mtimeNs;
  const aside = (await namesIn(disk, folder))
    .filter((name) => isKeptDatabase(name, base) && fileSize(disk, join(folder, name)) > 0)
    .map((name) => ({ name, time: disk.statSync(join(folder, name)).mtimeNs }))
    .filter(({ time }) => time > since)
    .reduce<{ name: string; time: bigint } | undefined>(
      (last, each) => (last && last.time > each.time ? last : each),
      undefined,
    );
  const log = fileSize(disk, `${path}-wal`) > 0;
  return previous === undefined && aside === undefined && !log ? undefined : { previous, aside: aside?.name, log };
}

/** Whether the file is a damaged database that was kept, and not its log or a file of rows. */
export function isKeptDatabase(name: string, base: string): boolean {
  return isCorruptName(name, base) && !/-(wal|shm)$|\.rows$/.test(name);
}

export async function namesIn(disk: Disk, folder: string): Promise<string[]> {
  try {
    return await disk.readdir(folder);
  } catch {
    // The folder does not exist, so it contains nothing.
    return [];
  }
}

async function lostFile(disk: Disk, place: Place): Promise<Problem | undefined> {
  const leftovers = await leftoversOf(disk, place);
  if (!leftovers) return undefined;
  const name = leftovers.aside ?? leftovers.previous ?? `${place.base}-wal`;
  return {
    code: 'lost-file',
    severity: 'error',
    message:
      `${place.base} is missing, but ${name} beside it contains records. ` +
      'The next record, or a repair, restores them.',
    file: join(place.folder, name),
  };
}

/** Includes the log, which is part of the database until it is checkpointed. */
function sizes(disk: Disk, path: string): { bytes: number; modifiedAt: number | undefined } {
  let modified = 0n;
  let bytes = 0;
  for (const file of [path, `${path}-wal`]) {
    try {
      const stats = disk.statSync(file);
      bytes += Number(stats.size);
      if (stats.mtimeNs > modified) modified = stats.mtimeNs;
    } catch {
      // There is no log when no process has the database open.
    }
  }
  return { bytes, modifiedAt: modified === 0n ? undefined : Number(modified / 1_000_000n) };
}

/** The number of the last row at a cursor; undefined if anything but additions happened until the present one. */
export function seqOfCursor(cursor: string, present: string): number | undefined {
  const [contents, seq] = cursor.split('/');
  const [same, last] = present.split('/');
  // The file may be an older copy of the one that had this cursor.
  return contents === same && seq !== undefined && Number(seq) <= Number(last) ? Number(seq) : undefined;
}
