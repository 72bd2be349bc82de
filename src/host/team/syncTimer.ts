/** Ledgers are compared periodically, because notifications of changes can be missed. */
const EVERY_MS = 60_000;
/** The first pause after a failure. Each further one is twice as long. */
const FIRST_PAUSE_MS = 5_000;
/** The longest pauses: a network that is back is to be noticed soon; a refused password is not to be sent again and again. */
const LONGEST_PAUSE_MS = { unreachable: 60_000, refused: 10 * 60_000 };

/** Schedules the synchronisations in the background: periodically, and after failures with growing pauses. */
export class SyncTimer {
  readonly #run: () => void;
  #timer: NodeJS.Timeout;
  #failures = 0;
  #isPaused = false;

  constructor(run: () => void) {
    this.#run = run;
    this.#timer = setTimeout(() => this.resume(), EVERY_MS);
  }

  /** Whether a failure was too recent for another attempt. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#wait(EVERY_MS, false);
  }

  /** @param isUnreachable whether the server could not be reached, which can change at any moment. */
  failed(isUnreachable: boolean): void {
    const longest = isUnreachable ? LONGEST_PAUSE_MS.unreachable : LONGEST_PAUSE_MS.refused;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, longest);
    this.#failures++;
    // With jitter, so that the machines of a team do not all return at once.
    this.#wait(pause * (0.5 + Math.random() / 2), true);
  }

  /** Ends a pause, and runs now. */
  resume(): void {
    this.#wait(EVERY_MS, false);
    this.#run();
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }

  #wait(ms: number, isPaused: boolean): void {
    clearTimeout(this.#timer);
    this.#isPaused = isPaused;
    this.#timer = setTimeout(() => this.resume(), ms);
  }
}
