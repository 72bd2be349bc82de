import { basename, join } from 'node:path';
import type { Disk } from '../../system/disk.ts';
import { isCorruptName, previousName } from '../../system/sideFiles.ts';

import { resolvePlace } from '../place.ts';
import type { LedgerError, Problem } from '../results.ts';
import type { StoreState } from '../store.ts';
import type { Snapshot } from './columns/segments.ts';

/** Where a database really is: links are followed. */
export type Place = Awaited<ReturnType<typeof resolvePlace>>;

/** Describes what the last look found. */

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

/** @param snapshot undefined when there is no database, or it cannot be read: then `problem` says why. */
export async function describeDatabase(
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
  const problems: Problem[] = [];
  if (snapshot.unreadable > 0) {
    problems.push({
      code: 'unreadable-element',
      severity: 'error',
      message: `${snapshot.unreadable} rows are no usage record; they are counted nowhere.`,
    });
  }
  return {
    ...nothingYet(),
    health: problems.length > 0 ? 'damaged' : 'ok',
    problems,
    records: snapshot.records,
    unreadable: snapshot.unreadable,
    ...sizes(disk, path),
  };
}

/** Of a database that is gone, what is left beside its name. */
export interface Remains {
  /** The name of its copy. */
  previous: string | undefined;
  /** The name under which the database was kept when it was being mended, if that is newer than the copy. */
  aside: string | undefined;
  /** Its log is still there. */
  log: boolean;
}

/** undefined when there is a database, or nothing left of one. */
export async function remainsOf(disk: Disk, { folder, base, path }: Place): Promise<Remains | undefined> {
  if (size(disk, path) > 0) return undefined;
  const copy = join(folder, previousName(base));
  const previous = size(disk, copy) > 0 ? basename(copy) : undefined;
  const since = previous === undefined ? 0n : disk.statSync(copy).mtimeNs;
  const aside = (await namesIn(disk, folder))
    .filter((name) => isKeptDatabase(name, base) && size(disk, join(folder, name)) > 0)
    .map((name) => ({ name, time: disk.statSync(join(folder, name)).mtimeNs }))
    .filter(({ time }) => time > since)
    .reduce<{ name: string; time: bigint } | undefined>(
      (last, each) => (last && last.time > each.time ? last : each),
      undefined,
    );
  const log = size(disk, `${path}-wal`) > 0;
  return previous === undefined && aside === undefined && !log ? undefined : { previous, aside: aside?.name, log };
}

/** Whether this is a database that was damaged, as opposed to its log and to rows that were taken out. */
export function isKeptDatabase(name: string, base: string): boolean {
  return isCorruptName(name, base) && !/-(wal|shm)$|\.rows$/.test(name);
}

export async function namesIn(disk: Disk, folder: string): Promise<string[]> {
  try {
    return await disk.readdir(folder);
  } catch {
    // No folder: then there is nothing in it.
    return [];
  }
}

async function lostFile(disk: Disk, place: Place): Promise<Problem | undefined> {
  const remains = await remainsOf(disk, place);
  if (!remains) return undefined;
  const name = remains.aside ?? remains.previous ?? `${place.base}-wal`;
  return {
    code: 'lost-file',
    severity: 'error',
    message:
      `${place.base} is gone, but ${name} beside it holds records. ` +
      'The next record, or a repair, brings them back.',
    file: join(place.folder, name),
  };
}

/** 0 for no file. */
export function size(disk: Disk, path: string): number {
  try {
    return Number(disk.statSync(path).size);
  } catch {
    return 0;
  }
}

/** What is in the log counts: it is part of the database until it is taken over. */
function sizes(disk: Disk, path: string): { bytes: number; modifiedAt: number | undefined } {
  let modified = 0n;
  let bytes = 0;
  for (const file of [path, `${path}-wal`]) {
    try {
      const stats = disk.statSync(file);
      bytes += Number(stats.size);
      if (stats.mtimeNs > modified) modified = stats.mtimeNs;
    } catch {
      // There is no log when nobody has the database open.
    }
  }
  return { bytes, modifiedAt: modified === 0n ? undefined : Number(modified / 1_000_000n) };
}
