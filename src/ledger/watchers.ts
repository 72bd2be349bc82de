import { watchLedger } from '../system/watch.ts';

/** Those who want to know when the file of a ledger may have changed. */
export class Watchers {
  readonly #path: string;
  readonly #callbacks = new Set<() => void>();

  constructor(path: string) {
    this.#path = path;
  }

  get areThere(): boolean {
    return this.#callbacks.size > 0;
  }

  /** See {@link Store.watch}. */
  add(onChange: () => void): { dispose(): void } {
    this.#callbacks.add(onChange);
    const watcher = watchLedger(this.#path, async () => onChange());
    return {
      dispose: () => {
        watcher.dispose();
        this.#callbacks.delete(onChange);
      },
    };
  }

  /** For changes that this process made itself. */
  notify(): void {
    for (const onChange of this.#callbacks) onChange();
  }
}
