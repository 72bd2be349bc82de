import { Ledger } from '../ledger/ledger.ts';
import { openStore } from '../ledger/open.ts';
import type { CostSource, PricingOptions } from '../pricing/costSource.ts';
import { assignByUserRules } from '../rules/ruleFile.ts';
import type { Disk } from '../system/disk.ts';
import { expandPath, resolveLedgerPath } from '../system/paths.ts';
import { TrackerBudgets, type BudgetListener, type BudgetReport } from './trackerBudgets.ts';

export interface CostTrackerOptions {
  /**
   * The ledger: a path or a URL. A leading `~` is the home folder; relative paths start at the working folder. The extension
   * selects the store: `.json` (an array that any program can read), or `.db` and `.sqlite` (SQLite, for large histories).
   * Default: see {@link resolveLedgerPath}.
   */
  ledger?: string | undefined;
  /** The recording program, stored as `source` in records that do not name one. */
  source?: string | undefined;
  /** Accept only records that inkwell can read. Default: true if the ledger is inkwell's own. */
  strict?: boolean | undefined;
  /**
   * Prices usage that has no cost. Default: the user's own prices (`prices.json` beside the default ledger), then the price
   * table, like the command. `false`: such usage is recorded as unpriced.
   */
  pricing?: CostSource | PricingOptions | false | undefined;
  /** The clock, ms since the epoch. */
  now?: (() => number) | undefined;
  /**
   * Whether later processes of the same user (`llm-spend undo`) can undo additions of this object: `each` addition separately,
   * or all of them `together` once this object is closed. Default: only this object can.
   */
  noteAdditions?: 'each' | 'together' | undefined;
  /** The working folder of the calls, which the user's rules (`llm-spend rules`) may go by. Default: not known. */
  folder?: string | undefined;
  /** The file system; tests pass one that fails. */
  disk?: Disk | undefined;
}

/** A ledger for use in programs: records and reads LLM costs. */
export class CostTracker extends Ledger {
  readonly #budgets: TrackerBudgets;

  /**
   * @throws {TypeError} for an unknown option, or a ledger that is not a string.
   * @throws {LedgerError} `unsupported` when no store supports a ledger of that name.
   */
  constructor(options: CostTrackerOptions = {}) {
    checkOptions(options);
    const { ledger, disk, now, source, strict, pricing, noteAdditions, folder } = options;
    const name = ledger === undefined ? resolveLedgerPath() : expandPath(ledger);
    super(openStore(name, { disk, now }), {
      source,
      strict,
      now,
      disk,
      noteAdditions,
      pricing: costSourceOf(pricing),
      assign: assignByUserRules(folder),
    });
    this.#budgets = new TrackerBudgets(this, (other) => new CostTracker({ ledger: other, pricing: false }), now);
  }

  /**
   * Returns the current state of the user's budgets (`budgets.json`). They cover this ledger, the imported usage beside it, and inkwell's ledger,
   * in the time zone of this process.
   * @throws {Error} when `budgets.json` cannot be read as a whole; the message names the line.
   */
  budgets(): Promise<BudgetReport> {
    return this.#budgets.report();
  }

  /**
   * Calls `listener` for each budget that has reached a level already, and each time that one reaches a higher level of its period,
   * whichever process recorded the usage: within about a second of the record. Unlike the warnings of windows and
   * `llm-spend watch`, every tracker is called. To stop before a call, ask {@link budgets}.
   * @param onError receives, once each, the reasons why budgets cannot be checked. Default: a warning of the process.
   */
  onBudget(
    listener: BudgetListener,
    onError: (error: Error) => void = (error) => process.emitWarning(error),
  ): { dispose(): void } {
    return this.#budgets.follow(listener, onError);
  }

  override async close(): Promise<void> {
    await this.#budgets.close();
    await super.close();
  }
}

const OPTIONS: Readonly<Record<keyof CostTrackerOptions, true>> = {
  ledger: true,
  source: true,
  strict: true,
  pricing: true,
  now: true,
  noteAdditions: true,
  folder: true,
  disk: true,
};

/** A misspelt option must not be ignored: `{ path: '...' }` would record into the user's default ledger. */
function checkOptions(options: CostTrackerOptions): void {
  const known = Object.keys(OPTIONS).join(', ');
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`CostTracker: the options must be an object. Known options: ${known}.`);
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(OPTIONS, name)) {
      throw new TypeError(`CostTracker: unknown option ${JSON.stringify(name)}. Known options: ${known}.`);
    }
  }
  const { ledger } = options;
  if (ledger !== undefined && (typeof ledger !== 'string' || ledger.trim() === '')) {
    throw new TypeError('CostTracker: the option "ledger" must be a path or a URL (a non-empty string).');
  }
}

/** Prices are half a megabyte, so they are loaded when the first usage needs one. */
function costSourceOf(pricing: CostTrackerOptions['pricing']): CostSource | undefined {
  if (pricing === false) return undefined;
  if (pricing && 'costsOf' in pricing) return pricing;
  let source: Promise<CostSource> | undefined;
  return {
    costsOf: async (usages) => (await (source ??= loadPrices(pricing))).costsOf(usages),
  };
}

/** @throws {TypeError} when the program's own prices are unusable. */
async function loadPrices(pricing: PricingOptions | undefined): Promise<CostSource> {
  const { UserPrices, givenPrices } = await import('../prices/index.ts');
  return pricing ? givenPrices(pricing) : new UserPrices();
}
