import type { Change } from './commit.ts';
import { commit } from './commit.ts';
import { refuseForeignFile } from '../../foreignFile.ts';
import type { LedgerVersions } from '../versions.ts';

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
  let isMissing = false;
  const change: Change = {
    plan: async (basis) => {
      const content = await plan(basis);
      isMissing = content === undefined && basis.signature === undefined;
      return content;
    },
    holds,
    applied,
  };
  for (;;) {
    const outcome = await commit(store, change, SETTLE_MS);
    // Without a file no writer can restore anything.
    if (outcome !== 'lost' || isMissing) return;
  }
}
