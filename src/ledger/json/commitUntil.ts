import type { Change } from './commit/commit.ts';
import { commit } from './commit/commit.ts';
import { refuseForeignFile } from '../foreignFile.ts';
import type { LedgerVersions } from './versions.ts';

/** What a change of records that stand in the ledger already needs of its process. */
export interface ChangeContext {
  now: () => number;
  isOwn: (path: string) => boolean;
  /** Commits what waits in this process, so that the change finds it in the file. */
  settleFirst: () => Promise<void>;
}

const SETTLE_MS = 2_000;

/** Commits again until no writer in flight can bring the old version back. */
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
    // Without a file there is nothing that could come back.
    if (outcome !== 'lost' || isMissing) return;
  }
}
