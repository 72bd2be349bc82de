import type { Change } from './commit.ts';
import { commit } from './commit.ts';
import { refuseForeignFile } from '../../foreignFile.ts';
import type { LedgerVersions } from '../versions.ts';
import type { Outcome } from './settle.ts';

/** The dependencies of a change of existing records. */
export interface ChangeContext {
  now: () => number;
  isOwn: (path: string) => boolean;
  /** Commits pending records of this process, so that the change finds them in the file. */
  settleFirst: () => Promise<void>;
}

const SETTLE_MS = 2_000;

/** Commits repeatedly until no writer in flight can restore the old version. */
export async function commitUntil(
  store: LedgerVersions,
  plan: Change['plan'],
  holds: Change['holds'],
  applied?: Change['applied'],
): Promise<void> {
  await refuseForeignFile(store.disk, store.place);
  const change: Change = { plan, holds, applied };
  let outcome: Outcome;
  do outcome = await commit(store, change, SETTLE_MS);
  while (outcome === 'lost');
}
