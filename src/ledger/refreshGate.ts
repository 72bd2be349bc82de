/** Runs one refresh at a time. Calls that arrive during a run share one more run, which starts after it. */
export class RefreshGate<T> {
  readonly #run: () => Promise<T>;
  #running: { current: Promise<T>; next: Promise<T> | undefined } | undefined;

  constructor(run: () => Promise<T>) {
    this.#run = run;
  }

  /** Resolves with the result of a refresh that started after this call. */
  refresh(): Promise<T> {
    if (!this.#running) {
      const current = this.#run().finally(() => {
        const next = this.#running?.next;
        this.#running = next ? { current: next, next: undefined } : undefined;
        void next?.finally(() => (this.#running = undefined)).catch(() => undefined);
      });
      this.#running = { current, next: undefined };
      return current;
    }
    this.#running.next ??= this.#running.current.catch(() => undefined).then(() => this.#run());
    return this.#running.next;
  }

  /** Waits for the current refresh. Never rejects. */
  async settled(): Promise<void> {
    await this.#running?.current.catch(() => undefined);
  }
}
