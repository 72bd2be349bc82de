import { fsyncFolder, pause } from '../../../system/disk.ts';
import type { LedgerIndex } from '../index.ts';
import type { LedgerVersions } from '../versions.ts';
import type { HeldVersion } from './heldVersion.ts';
import { isVersionAt, releaseVersion, syncVersion } from './heldVersion.ts';
import { writersInFlight } from './inFlight.ts';

/** `lost`: the ledger lacks the result of the change, commit again. `waiting`: a writer is still in flight. */
export type Outcome = 'settled' | 'lost' | 'waiting';

const POLL_MS = 5;

/**
 * Waits until no writer in flight can replace the ledger by an older version.
 *
 * A writer listed after us has read the current file, so our version is safe only if it was in place both before and after the
 * listing: if it appeared in between, a writer that started before it may still put a version in place that lacks it.
 * @param written the version that this process put in place, if it wrote one.
 */
export async function settle(
  store: LedgerVersions,
  written: HeldVersion | undefined,
  holds: (index: LedgerIndex) => Promise<boolean>,
  budgetMs: number,
): Promise<Outcome> {
  const { disk, place } = store;
  const giveUp = performance.now() + budgetMs;
  /** The latest version found to contain the result of the change. */
  let found: HeldVersion | undefined;
  /** Whether there was no file, and the change needed none: its records were removed before they were committed. */
  let needsNoFile = false;
  try {
    for (;;) {
      const listed = await writersInFlight(disk, place);
      // Tokens of others cannot displace our own version: they were revoked before it was written, or their writers read it.
      if (written && listed.foreign.size === 0 && isVersionAt(disk, place.path, written)) return 'settled';
      const alone = listed.foreign.size === 0 && listed.tokens.size === 0;
      if (found && alone && isVersionAt(disk, place.path, found)) {
        // Another process wrote this version, and may not have made it durable.
        await syncVersion(disk, place.path, found);
        await fsyncFolder(disk, place.folder);
        if (found.fd !== undefined || isVersionAt(disk, place.path, found)) return 'settled';
      }
      if (needsNoFile && alone && !disk.isThereSync(place.path)) return 'settled';
      const there = await store.alone(async () => {
        const before = found;
        found = await store.heldVersion();
        await releaseVersion(disk, before);
        needsNoFile = written === undefined && found === undefined;
        return (needsNoFile || store.index.intact) && (await holds(store.index));
      });
      if (!there) return 'lost';
      for (;;) {
        if (performance.now() > giveUp) return 'waiting';
        if (alone) break;
        await pause(POLL_MS);
        const now = await writersInFlight(disk, place);
        const names = [...now.foreign, ...now.tokens];
        if (!names.some((name) => listed.foreign.has(name) || listed.tokens.has(name))) break;
      }
    }
  } finally {
    await releaseVersion(disk, found);
  }
}
