import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Events are hints and may be lost (network drives, containers): a look at the disk this often costs almost nothing. */
const POLL_MS = 1_000;
const DEBOUNCE_MS = 15;

/**
 * Calls `look` soon after anything may have changed at the ledger or its journals. Watches the folder, because a commit
 * replaces the file; a folder that is not there yet is found by polling.
 */
export function watchLedger(path: string, look: () => Promise<unknown>): { dispose(): void } {
  const folder = dirname(path);
  const base = basename(path);
  let watcher: ReturnType<typeof watch> | undefined;
  let debounce: NodeJS.Timeout | undefined;
  const soon = (): void => {
    debounce ??= setTimeout(() => {
      debounce = undefined;
      void look().catch(() => undefined);
    }, DEBOUNCE_MS);
  };
  const start = (): void => {
    if (watcher) return;
    try {
      watcher = watch(folder, (_, name) => {
        if (
          name === null ||
          name === base ||
          name === `${base}-wal` ||
          (name.startsWith(`.${base}.`) && name.endsWith('.journal'))
        )
          soon();
      });
      watcher.on('error', () => {
        watcher?.close();
        watcher = undefined;
      });
    } catch {
      // The folder is not there yet: the next poll tries again.
    }
  };
  start();
  soon();
  const poll = setInterval(() => {
    start();
    soon();
  }, POLL_MS);
  return {
    dispose: () => {
      watcher?.close();
      clearTimeout(debounce);
      clearInterval(poll);
    },
  };
}
