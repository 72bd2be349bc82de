import { realpathSync, statSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import { Coalescer } from './coalescer.ts';

/** Polling covers lost events (network drives, containers, a machine that sleeps). Checking an unchanged ledger is cheap. */
const POLL_MS = 1_000;
/** A commit is a burst of events: journal, token, rename. */
const TIMING = { quietMs: 15, maxWaitMs: 15 };

/**
 * Calls `look` soon after any process may have changed the ledger's file or one of its journals, and every `pollMs`. Watches
 * the folder, because a commit replaces the file; polling finds a folder that does not exist yet. If the file is a link,
 * watches the folders of both ends.
 */
export function watchLedger(
  path: string,
  look: () => Promise<unknown>,
  { pollMs = POLL_MS }: { pollMs?: number } = {},
): { dispose(): void } {
  const looks = new Coalescer(look, { timing: TIMING });
  const watched = new WatchedFolders(path, () => {
    // The event may have created a folder that must be watched.
    watched.update();
    looks.request();
  });
  const poll = (): void => {
    watched.update();
    looks.request();
  };
  poll();
  const timer = setInterval(poll, pollMs);
  return {
    dispose: () => {
      clearInterval(timer);
      watched.dispose();
      looks.dispose();
    },
  };
}

interface WatchedFolder {
  watcher: FSWatcher;
  /** Identifies the folder, since another one may take over its name. */
  inode: bigint;
}

/** The watchers of one ledger, keyed by the path of its file or of the file that it links to. */
class WatchedFolders {
  readonly #path: string;
  readonly #onEvent: () => void;
  readonly #watched = new Map<string, WatchedFolder>();

  constructor(path: string, onEvent: () => void) {
    this.#path = path;
    this.#onEvent = onEvent;
  }

  /** Watches the folders that exist now and stops watching those that have disappeared. */
  update(): void {
    const files = new Set([this.#path, realPath(this.#path)]);
    for (const [file, { inode }] of this.#watched) {
      if (!files.has(file) || inodeOf(dirname(file)) !== inode) this.#release(file);
    }
    for (const file of files) if (!this.#watched.has(file)) this.#add(file);
  }

  dispose(): void {
    for (const file of this.#watched.keys()) this.#release(file);
  }

  #add(file: string): void {
    const inode = inodeOf(dirname(file));
    if (inode === undefined) return;
    const base = basename(file);
    try {
      const watcher = watch(dirname(file), (_, name) => {
        if (name === null || isOfLedger(name, base)) this.#onEvent();
      });
      watcher.on('error', () => this.#release(file));
      this.#watched.set(file, { watcher, inode });
    } catch {
      // The folder disappeared, or the system has no more watchers: the next poll retries.
    }
  }

  #release(file: string): void {
    this.#watched.get(file)?.watcher.close();
    this.#watched.delete(file);
  }
}

/** The file, SQLite's log beside it, and our journals, but not the tokens and locks that come and go with each commit. */
function isOfLedger(name: string, base: string): boolean {
  return name === base || name === `${base}-wal` || (name.startsWith(`.${base}.`) && name.endsWith('.journal'));
}

/** Returns the path itself when the file does not exist. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function inodeOf(folder: string): bigint | undefined {
  try {
    return statSync(folder, { bigint: true }).ino;
  } catch {
    return undefined;
  }
}
