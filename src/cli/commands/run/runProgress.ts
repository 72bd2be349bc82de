import { formatUsd, type Nanos } from '../../../usage/money.ts';
import { say, warn, type Terminal } from '../../output/terminal.ts';
import { counted } from '../../report/numbers.ts';
import type { RunMeter } from './runMeter.ts';
import { t } from '../../language/text.ts';

/** Share of the limit at which the user is warned. */
const WARN_PERCENT = 80n;
/** Totals are shown at most this often, ms. */
const SHOWN_MS = 1_000;

/** Shows on stderr what a run has cost so far, and warns before its limit. */
export class RunProgress {
  readonly #meter: RunMeter;
  readonly #limit: Nanos | undefined;
  readonly #terminal: Terminal;
  /** Whether the command draws on the whole terminal: then the total is in the window's title. */
  readonly #isInteractive: boolean;
  #shownAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #hasWarned = false;
  #hasWarnedOfUnpriced = false;

  constructor(options: { meter: RunMeter; limit: Nanos | undefined; terminal: Terminal; isInteractive: boolean }) {
    this.#meter = options.meter;
    this.#limit = options.limit;
    this.#terminal = options.terminal;
    this.#isInteractive = options.isInteractive;
  }

  update(): void {
    this.#warn();
    if (!this.#terminal.err.isTTY || this.#timer !== undefined) return;
    const wait = Math.max(0, this.#shownAt + SHOWN_MS - performance.now());
    this.#timer = setTimeout(() => this.#show(), wait);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #show(): void {
    this.#timer = undefined;
    this.#shownAt = performance.now();
    const text = t`${this.#amount()} in ${counted(this.#meter.totals.records, 'call')}`;
    if (this.#isInteractive) void this.#terminal.err.raw(`\u001B]2;${text}\u0007`);
    else void say(this.#terminal, text);
  }

  #warn(): void {
    const limit = this.#limit;
    if (limit === undefined) return;
    if (!this.#hasWarned && this.#meter.spent * 100n >= limit * WARN_PERCENT && this.#meter.spent < limit) {
      this.#hasWarned = true;
      void warn(this.#terminal, t`This run is near its limit: ${this.#amount()}.`);
    }
    if (!this.#hasWarnedOfUnpriced && this.#meter.totals.unpriced > 0) {
      this.#hasWarnedOfUnpriced = true;
      void warn(
        this.#terminal,
        t`This run makes calls of unknown cost, so it may pass its limit. See: llm-spend unpriced`,
      );
    }
  }

  #amount(): string {
    const spent = formatUsd(this.#meter.spent);
    return this.#limit === undefined ? spent : t`${spent} of ${formatUsd(this.#limit)}`;
  }
}
