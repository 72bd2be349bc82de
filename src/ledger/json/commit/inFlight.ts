import { join } from 'node:path';
import type { Disk } from '../../../system/disk.ts';
import { ageOf, pause, unlinkIfThere } from '../../../system/disk.ts';
import { errno } from '../../../system/errno.ts';
import { isOpenInProcess } from '../../../system/openFiles.ts';
import { liveness } from '../../../system/owner.ts';
import { corruptName, foreignBackupName, isForeignTemporary, parseSideFile } from '../../../system/sideFiles.ts';
import type { Place } from '../../place.ts';

/** Finds writers in flight, which may still replace the ledger by a version based on what they read before ours. */

const QUIESCE_MS = 300;
/** A foreign temporary file not touched for this long does not delay a commit. It does delay settling. */
const FRESH_MS = 5_000;
/** A foreign temporary file not touched for this long is abandoned if no process has it open, ... */
const ABANDONED_MS = 10_000;
/** ... or, where the system does not reveal open files, if it was not touched for this long. */
const SURELY_ABANDONED_MS = 60_000;
/** A foreign temporary file older than this has no writer that could still rename it. */
const FORGOTTEN_MS = 3_600_000;

/** inkwell counts as active for this long after it saved the ledger. */
const ACTIVE_MS = 10_000;

/** The names of the writers in flight at one moment. */
export interface InFlight {
  foreign: Set<string>;
  tokens: Set<string>;
}

export async function writersInFlight(disk: Disk, place: Place): Promise<InFlight> {
  // A single synchronous call: conclusions about the ledger depend on the moment of the listing.
  const names = disk.readdirSync(place.folder);
  const foreign = names.filter(isForeignTemporary);
  const tokens = names.filter((name) => {
    const side = parseSideFile(name, place.base);
    return side?.kind === 'tok' && liveness(side.owner) !== 'dead';
  });
  const ages = await Promise.all(foreign.map((name) => ageOf(disk, join(place.folder, name))));
  return {
    foreign: new Set(foreign.filter((_, i) => ages[i] !== undefined && ages[i] < FORGOTTEN_MS)),
    tokens: new Set(tokens),
  };
}

/** Whether inkwell saved the ledger a moment ago: it makes a backup each time, which keeps the old version's time of change. */
export function isForeignActive(disk: Disk, { folder, base }: Place): boolean {
  const backup = disk.findSync(join(folder, foreignBackupName(base)));
  return backup !== undefined && Math.abs(Date.now() - Number(backup.ctimeMs)) < ACTIVE_MS;
}

/** Waits a moment for foreign writers to finish: they do not see our token, so our commit might be overwritten. */
export async function quiesce(disk: Disk, folder: string): Promise<void> {
  const giveUp = performance.now() + QUIESCE_MS;
  while (performance.now() < giveUp) {
    const names = (await disk.readdir(folder)).filter(isForeignTemporary);
    const ages = await Promise.all(names.map((name) => ageOf(disk, join(folder, name))));
    if (!ages.some((age) => age !== undefined && age < FRESH_MS)) return;
    await pause(1 + Math.random() * 3);
  }
}

/**
 * Moves temporary files of killed foreign writers out of the way. As long as they exist, no commit can settle, because their
 * writers might still rename them. Afterwards they cannot, so a wrong guess does no harm, and the records in such a file remain
 * in a file that `verify` and `repair` read.
 */
export async function setAsideAbandoned(disk: Disk, place: Place, names: readonly string[]): Promise<void> {
  for (const name of names.filter(isForeignTemporary)) {
    const path = join(place.folder, name);
    try {
      if (!(await isAbandoned(disk, place, path))) continue;
      if ((await disk.stat(path)).size === 0n) await unlinkIfThere(disk, path);
      else await disk.rename(path, join(place.folder, corruptName(place.base, Date.now())));
    } catch (error) {
      // Windows returns EPERM, EACCES or EBUSY for a file that its writer has open.
      if (!['ENOENT', 'EPERM', 'EACCES', 'EBUSY'].includes(errno(error) ?? '')) throw error;
    }
  }
}

async function isAbandoned(disk: Disk, place: Place, path: string): Promise<boolean> {
  const stats = await disk.stat(path);
  const age = Math.abs(Date.now() - Number(stats.mtimeMs));
  if (age < ABANDONED_MS) return false;
  // inkwell keeps this file open while writing it, and the ledger (which may have been replaced since) until the rename.
  const replaced = `${place.path} (deleted)`;
  const isOpen = isOpenInProcess(stats.uid, (open) => open === path || open === place.path || open === replaced);
  return isOpen === undefined ? age > SURELY_ABANDONED_MS : !isOpen;
}
