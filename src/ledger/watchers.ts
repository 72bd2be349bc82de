import { watchLedger } from '../system/watch.ts';

/** Listeners for possible changes of a ledger's file. */
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

  /** Notifies listeners of changes made by this process. */
  notify(): void {
    for (const onChange of this.#callbacks) onChange();
  }
}
