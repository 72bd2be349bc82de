export interface CoalescerTiming {
  /** A run starts after this long without another request, ms. */
  quietMs: number;
  /** It starts at most this long after the first request, however many follow, ms. */
  maxWaitMs: number;
  /** Minimum time between the starts of two requested runs, ms. Default: 0. */
  intervalMs?: number;
}

const AT_ONCE: CoalescerTiming = { quietMs: 0, maxWaitMs: 0 };

export interface CoalescerOptions {
  /** When requested runs start. Default: in the next turn of the event loop. */
  timing?: CoalescerTiming;
  /** Called with the error of a requested run. By default such errors are dropped. */
  onError?: (error: unknown) => void;
}

/**
 * Coalesces bursts of requests into few runs, one at a time. A request that arrives during a run causes another run after it,
 * so the latest state is always processed.
 */
export class Coalescer<T = void> {
  readonly #run: () => Promise<T>;
  readonly #timing: CoalescerTiming;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  /** Time of the oldest request that no run has covered. */
  #firstRequest: number | undefined;
  #lastStart = Number.NEGATIVE_INFINITY;
  #running: Promise<T> | undefined;
  #next: Promise<T> | undefined;
  #disposed = false;

  constructor(run: () => Promise<T>, { timing = AT_ONCE, onError = () => undefined }: CoalescerOptions = {}) {
    this.#run = run;
    this.#timing = timing;
    this.#onError = onError;
  }

  /** Requests a run soon. */
  request(): void {
    if (this.#disposed) return;
    this.#firstRequest ??= performance.now();
    // The end of a run schedules the next one.
    if (this.#running === undefined) this.#schedule();
  }

  /**
   * Runs now, or right after the current run. Resolves with the result of a run that started after this call, and rejects
   * with its error. Calls that share a run share its result.
   */
  now(): Promise<T> {
    if (this.#running === undefined) return this.#start();
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#running ?? this.#start();
      });
    return this.#next;
  }

  /** Resolves when the current run has ended, or at once if there is none. Never rejects. */
  async idle(): Promise<void> {
    await this.#running?.catch(() => undefined);
  }

  /** Prevents further requested runs. */
  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    const { quietMs, maxWaitMs, intervalMs = 0 } = this.#timing;
    const now = performance.now();
    const soon = Math.min(quietMs, maxWaitMs - (now - (this.#firstRequest ?? now)));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => void this.#start().catch(this.#onError),
      Math.max(0, soon, this.#lastStart + intervalMs - now),
    );
  }

  #start(): Promise<T> {
    clearTimeout(this.#timer);
    this.#firstRequest = undefined;
    this.#lastStart = performance.now();
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#firstRequest !== undefined && !this.#disposed) this.#schedule();
    });
    return this.#running;
  }
}
