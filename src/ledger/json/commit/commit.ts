import { fsyncFolder } from '../../../system/disk.ts';
import { acquireLock } from '../../../system/lock.ts';
import { LedgerError } from '../../results.ts';
import type { Content } from '../file.ts';
import type { LedgerIndex } from '../index.ts';
import type { LedgerBasis, LedgerVersions } from '../versions.ts';
import type { HeldVersion } from './heldVersion.ts';
import { releaseVersion } from './heldVersion.ts';
import type { Outcome } from './settle.ts';
import { settle } from './settle.ts';
import { Token } from './token.ts';

/** How long a commit retries when foreign writers keep replacing the ledger. */
const ATTEMPTS_MS = 4_000;

/**
 * A change of the ledger. It may be planned several times, because another writer may change the ledger between read and write.
 */
export interface Change {
  /** Computes the new content; undefined when there is nothing to write. May first make data durable elsewhere. */
  plan: (basis: LedgerBasis) => Promise<Content | undefined>;
  /** Called once the content has replaced the ledger. */
  applied?: ((basis: LedgerBasis) => Promise<void>) | undefined;
  /** Whether a version of the ledger contains the result of this change. */
  holds: (index: LedgerIndex) => Promise<boolean>;
}

/**
 * One commit: read, plan, write, settle, as described in `docs/ledger-protocol.md`.
 * @param settleMs how long to wait for writers in flight before the outcome is `waiting`.
 * @throws a system error or {@link LedgerError}; then the ledger is unchanged and no token is left.
 */
export async function commit(store: LedgerVersions, change: Change, settleMs: number): Promise<Outcome> {
  const { disk, place } = store;
  let written: HeldVersion | undefined;
  const unlock = await acquireLock(disk, place.folder, place.base);
  try {
    try {
      written = await store.alone(() => write(store, change));
    } finally {
      await unlock();
    }
    if (written) await fsyncFolder(disk, place.folder);
    return await settle(store, written, change.holds, settleMs);
  } finally {
    await releaseVersion(disk, written);
  }
}

/** @returns the version put in place; undefined when the plan had nothing to write. */
async function write(store: LedgerVersions, { plan, applied }: Change): Promise<HeldVersion | undefined> {
  const giveUp = performance.now() + ATTEMPTS_MS;
  do {
    const token = await Token.publish(store.disk, store.place);
    let basis: LedgerBasis | undefined;
    try {
      basis = await store.basis();
      const content = await plan(basis);
      if (!content) return undefined;
      const version = await token.replaceLedger(basis, content);
      if (version) {
        try {
          await store.applied(basis, content, version.signature);
          await applied?.(basis);
          return version;
        } catch (error) {
          await releaseVersion(store.disk, version).catch(() => undefined);
          throw error;
        }
      }
    } finally {
      await releaseVersion(store.disk, basis?.held).catch(() => undefined);
      await token.withdraw();
    }
  } while (performance.now() < giveUp);
  throw new LedgerError('busy', `Other programs keep rewriting ${store.place.path}. The commit will be retried.`);
}
