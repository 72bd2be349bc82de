export interface RefreshTiming {
  /** Runs after this long without another request, ms. */
  quietMs: number;
  /** Runs at the latest this long after the first request, however many follow, ms. */
  maxWaitMs: number;
}

/**
 * Turns bursts of requests into few runs that never overlap. What was requested while a run was on its way is looked at by
 * another run after it, so the last state always lands.
 */
export class CoalescingRefresher {
  readonly #run: () => Promise<void>;
  readonly #onError: (error: unknown) => void;
  readonly #timing: RefreshTiming;
  #timer: NodeJS.Timeout | undefined;
  /** When the oldest request that no run has seen yet came in. */
  #firstRequest: number | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #disposed = false;

  /** @param onError hears what a run threw; the next request runs as if nothing had happened. */
  constructor(run: () => Promise<void>, onError: (error: unknown) => void, timing: RefreshTiming) {
    this.#run = run;
    this.#onError = onError;
    this.#timing = timing;
  }

  /** Asks for a run some time soon. */
  request(): void {
    if (this.#disposed) return;
    this.#firstRequest ??= Date.now();
    // While a run is on its way, its end looks at what is waiting.
    if (this.#running === undefined) this.#schedule();
  }

  /** Runs now, or right after the run that is on its way. Resolves once a run has ended that began after this call. */
  now(): Promise<void> {
    if (this.#disposed) return Promise.resolve();
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#disposed ? undefined : (this.#running ?? this.#start());
    });
    return this.#next;
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    const waited = Date.now() - (this.#firstRequest ?? Date.now());
    const delay = Math.max(0, Math.min(this.#timing.quietMs, this.#timing.maxWaitMs - waited));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#start(), delay);
  }

  #start(): Promise<void> {
    clearTimeout(this.#timer);
    this.#firstRequest = undefined;
    this.#running = this.#settle();
    return this.#running;
  }

  /** Never rejects. */
  async #settle(): Promise<void> {
    try {
      await this.#run();
    } catch (error) {
      this.#onError(error);
    }
    this.#running = undefined;
    if (this.#firstRequest !== undefined && !this.#disposed) this.#schedule();
  }
}
