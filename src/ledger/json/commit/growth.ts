import { join } from 'node:path';
import { readBeside } from '../../../system/beside.ts';
import { unlinkIfThere, writeAll, type Disk, type Signature } from '../../../system/disk.ts';
import { growthName, sideFileName } from '../../../system/sideFiles.ts';
import type { Place } from '../../place.ts';

/**
 * Notes which versions of the ledger's file followed each other by additions only: a JSON array of versions, oldest first, beside
 * the ledger. A reader that knows one of them need not read the bytes that it knows again. The reader that wants the note creates
 * the file; each commit that only adds then extends it. A version that is not in it may be anything, so a missing note costs time
 * and nothing else, and it is not synced.
 */

const MOST_VERSIONS = 200;

/** Identifies a version of the file. */
export function versionText({ dev, ino, size, mtimeNs }: Signature): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`;
}

/** @returns none if the text is damaged. */
export function parseGrowth(text: string): string[] {
  try {
    const versions = JSON.parse(text) as unknown;
    return Array.isArray(versions) && versions.every((each) => typeof each === 'string') ? versions : [];
  } catch {
    return [];
  }
}

/** Called once `to`, which is `from` and further elements, has replaced it. Never rejects. */
export async function noteGrowth(disk: Disk, { folder, base }: Place, from: Signature, to: Signature): Promise<void> {
  const path = join(folder, growthName(base));
  if (!disk.isThereSync(path)) return;
  const temporary = join(folder, sideFileName(base, 'tmp'));
  try {
    const known = parseGrowth((await readBeside(disk, path))?.toString() ?? '');
    const before = known.at(-1) === versionText(from) ? known : [versionText(from)];
    const text = JSON.stringify([...before, versionText(to)].slice(-MOST_VERSIONS));
    // Always a new file, so that a link planted under its name is not followed.
    const fd = await disk.open(temporary, 'wx', 0o600);
    try {
      await writeAll(disk, fd, new TextEncoder().encode(text), 0);
    } finally {
      await disk.close(fd);
    }
    await disk.rename(temporary, path);
  } catch {
    // The next reader reads the whole ledger.
    await unlinkIfThere(disk, temporary).catch(() => undefined);
  }
}
