import { join } from 'node:path';
import { readBeside } from '../system/beside.ts';
import { unlinkIfThere, type Disk } from '../system/disk.ts';
import { incompleteName } from '../system/sideFiles.ts';
import type { Place } from './place.ts';
import type { Problem } from './results.ts';

/**
 * A note beside the ledger: an automatic recovery may not have found every record. It stays until the user runs a repair or
 * deletes it, so that the remaining figures are not taken for complete.
 */

export interface Loss {
  /** ISO 8601. */
  at: string;
  /** A sentence for the user: the event, and the records that may be missing. */
  text: string;
}

export const lossPath = ({ folder, base }: Place): string => join(folder, incompleteName(base));

/** The note as a problem of the ledger; undefined when there is none. Costs one stat in that case. */
export async function lossProblem(disk: Disk, place: Place): Promise<Problem | undefined> {
  const file = lossPath(place);
  if (!disk.isThereSync(file)) return undefined;
  const text = await textOf(disk, file, place.base);
  const message =
    `${text} ` +
    '"llm-spend repair" (in the editor: Repair Ledger) searches again, accepts the result and ends this warning.';
  return { code: 'incomplete', severity: 'error', message, file };
}

async function textOf(disk: Disk, file: string, base: string): Promise<string> {
  try {
    const loss = JSON.parse((await readBeside(disk, file))?.toString('utf8') ?? '') as Loss;
    if (typeof loss.text === 'string') return loss.text;
  } catch {
    // A note that was cut off still says that something may be missing.
  }
  return `${base} was recovered, and records may be missing.`;
}

/** Ends the warning: the user has accepted the result of a repair. */
export async function forgetLoss(disk: Disk, place: Place): Promise<void> {
  await unlinkIfThere(disk, lossPath(place));
}

export function lossNote(loss: Loss): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(loss));
}
