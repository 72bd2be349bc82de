import type { LedgerIndex } from './index.ts';
import type { Applied, LedgerStore, Plan } from './store.ts';

/** What a change of records that stand in the ledger already needs of its process. */
export interface ChangeContext {
  now: () => number;
  isOwn: (path: string) => boolean;
  /** Commits what waits in this process, so that the change finds it in the file. */
  settleFirst: () => Promise<void>;
}

const SETTLE_MS = 2_000;

/** Commits again until nobody in flight can bring the old version back. */
export async function commitUntil(
  store: LedgerStore,
  plan: Plan,
  holds: (index: LedgerIndex) => Promise<boolean>,
  applied?: Applied,
): Promise<void> {
  for (;;) {
    let nothing = false;
    const committed = await store.commit(async (basis) => {
      const content = await plan(basis);
      nothing = content === undefined && basis.signature === undefined;
      return content;
    }, applied);
    // No file, and nothing that should stand in one.
    if (nothing) return;
    try {
      if ((await store.settled(committed, holds, SETTLE_MS)) !== 'lost') return;
    } finally {
      if (committed) await store.disk.close(committed.fd);
    }
  }
}
