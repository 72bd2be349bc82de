import { join } from 'node:path';
import type { Disk } from '../../../system/disk.ts';
import { ageOf, pause } from '../../../system/disk.ts';
import { liveness } from '../../../system/owner.ts';
import { isForeignTemporary, parseSideFile } from '../../../system/sideFiles.ts';
import type { Place } from '../../place.ts';

/** Writers that may still replace the ledger by a version that they read before ours. */

const QUIESCE_MS = 300;
/** A foreign temporary file that was not touched for this long does not delay a commit. It does delay settling. */
const FRESH_MS = 5_000;
/** A foreign temporary file older than this has no writer that could still rename it. */
const FORGOTTEN_MS = 3_600_000;

/** The names of the writers in flight at one moment. */
export interface InFlight {
  foreign: Set<string>;
  tokens: Set<string>;
}

export async function writersInFlight(disk: Disk, place: Place): Promise<InFlight> {
  // In one call: the moment of the list decides what a later look at the ledger proves.
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

/** Waits a moment for foreign writers to finish: they do not see our token, so a commit of ours may displace theirs. */
export async function quiesce(disk: Disk, folder: string): Promise<void> {
  const giveUp = performance.now() + QUIESCE_MS;
  while (performance.now() < giveUp) {
    const names = (await disk.readdir(folder)).filter(isForeignTemporary);
    const ages = await Promise.all(names.map((name) => ageOf(disk, join(folder, name))));
    if (!ages.some((age) => age !== undefined && age < FRESH_MS)) return;
    await pause(1 + Math.random() * 3);
  }
}
