/** How often watchers ask the server for changes, ms. NOTIFY would not reach them through every proxy and engine. */
const INTERVAL_MS = 500;
/** The same while the server cannot be reached. */
const UNREACHABLE_MS = 15_000;

/** Calls listeners at intervals: each then reads the ledger's row, which is cheap. */
export class Polling {
  /** Whether the server answered last. */
  isReachable = true;
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  add(onChange: () => void): { dispose(): void } {
    this.#listeners.add(onChange);
    this.#schedule();
    return {
      dispose: () => {
        this.#listeners.delete(onChange);
        if (this.#listeners.size === 0) this.close();
      },
    };
  }

  /** Notifies listeners of changes made by this process. */
  notify(): void {
    for (const onChange of this.#listeners) onChange();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.notify();
        if (this.#listeners.size > 0) this.#schedule();
      },
      this.isReachable ? INTERVAL_MS : UNREACHABLE_MS,
    );
  }
}
