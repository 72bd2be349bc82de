import { writeFileAtomically } from '../../../system/atomicFile.ts';
import type { Disk } from '../../../system/disk.ts';
import { previousName } from '../../../system/sideFiles.ts';
import { lossNote, lossPath } from '../../loss.ts';
import type { Leftovers, Place } from '../state.ts';
import type { Rebuilt } from './rebuild.ts';

/** Says loudly what an automatic repair did not find: see `ledger/loss.ts`. */

const MAX_NAMED = 3;

/**
 * Writes the note, unless nothing seems to be missing.
 * @param leftovers the files that were left of a missing database; undefined for a damaged one.
 */
export async function noteLoss(
  disk: Disk,
  place: Place,
  { rebuilt, leftovers, now }: { rebuilt: Rebuilt; leftovers: Leftovers | undefined; now: number },
): Promise<void> {
  const at = new Date(now).toISOString();
  const text =
    leftovers === undefined ? damagedText(place.base, rebuilt, at) : missingText(place.base, rebuilt, leftovers, at);
  if (text === undefined) return;
  await writeFileAtomically(lossPath(place), lossNote({ at, text }), { disk, ledger: place.path });
}

function damagedText(
  base: string,
  { lost, unreadable, recovered, rescued, fromBackup }: Rebuilt,
  at: string,
): string | undefined {
  const missing: string[] = [];
  if (lost.length > 0) {
    missing.push(lostText(lost));
  } else if (unreadable > 0) missing.push(`${unreadable} of its rows could not be read`);
  if (recovered + rescued === 0) {
    missing.push(
      fromBackup > 0
        ? `none of its records could be read, and ${fromBackup} were restored from ${previousName(base)}`
        : 'none of its records could be read',
    );
  }
  if (missing.length === 0) return undefined;
  return `${base} was damaged and was recovered on ${at}: ${missing.join('; ')}. The file as it was is kept in ${base}.corrupt.<time>.`;
}

function missingText(
  base: string,
  { recovered, fromBackup }: Rebuilt,
  { aside }: Leftovers,
  at: string,
): string | undefined {
  // The database that a repair was about to replace is whole.
  if (aside !== undefined) return undefined;
  const sources = [
    ...(recovered > 0 ? [`${base}-wal: ${recovered}`] : []),
    ...(fromBackup > 0 ? [`${previousName(base)}: ${fromBackup}`] : []),
  ];
  if (sources.length === 0) return undefined;
  return `${base} was gone and was restored on ${at} (${sources.join('; ')}). Records that were only in it are missing.`;
}

/** Says how many records were found nowhere, with the first ids. */
export function lostText(lost: readonly string[]): string {
  const shown = lost.slice(0, MAX_NAMED).join(', ');
  return `${lost.length} of its records could not be read (${shown}${lost.length > MAX_NAMED ? ', …' : ''})`;
}
