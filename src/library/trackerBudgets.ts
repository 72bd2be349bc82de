import { amountPlaces, currencyOf } from '../budgets/budget.ts';
import { readBudgets } from '../budgets/budgetFile.ts';
import { budgetStates, type BudgetState } from '../budgets/budgetState.ts';
import { countedLedgers } from './countedLedgers.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { LedgerState } from '../ledger/results.ts';
import { LedgerView } from '../ledger/view.ts';
import { decimalText } from '../pricing/decimal.ts';
import { Coalescer } from '../system/coalescer.ts';
import type { Scope } from '../usage/dimensions.ts';
import { localCalendar } from '../usage/time/calendar.ts';

/** The state of a budget. Amounts are exact decimal numbers in its currency, as text. */
export interface BudgetStatus {
  name: string;
  /** `USD`, or the code of the budget's currency. */
  currency: string;
  /** The amount of the budget. */
  limit: string;
  spent: string;
  /** `0` once the limit is reached. */
  left: string;
  /** `spent` as a share of `limit`, rounded down to hundredths: 99.999 % is 99.99. */
  percent: number;
  /** The highest level that is reached, in percent; undefined: none. */
  level: number | undefined;
  /** Whether the limit is reached. */
  isOver: boolean;
  /** Whether `spent` is a lower bound, because calls have no known cost or days no exchange rate. */
  isAtLeast: boolean;
  /** The machines whose calls count: this one, all of mine, or the team's. */
  scope: Scope;
  /** For `me` and `team`: when the team's ledger was last asked, as ISO time; undefined: never, or a few minutes ago at most. */
  asOf: string | undefined;
  /** The period, as ISO times. `until` is not part of it. */
  since: string;
  until: string;
}

export interface BudgetReport {
  /** In the order of the file. */
  budgets: BudgetStatus[];
  /** Entries of the file that cannot be used, and ledgers that cannot be read in full: the budgets may be worse than they look. */
  problems: string[];
}

/** Called when a budget reaches a level. */
export type BudgetListener = (budget: BudgetStatus) => void;

/** A burst of records is looked at once. */
const TIMING = { quietMs: 20, maxWaitMs: 200 };

/** The budgets of a tracker. They cover the ledgers that `llm-spend budget check --ledger LEDGER` covers. */
export class TrackerBudgets {
  readonly #tracker: Ledger;
  readonly #open: (ledger: string) => Ledger;
  readonly #now: () => number;
  #view: LedgerView | undefined;
  readonly #stops = new Set<() => void>();
  #isClosed = false;

  /** @param open opens another ledger, to read it. */
  constructor(tracker: Ledger, open: (ledger: string) => Ledger, now: () => number = Date.now) {
    this.#tracker = tracker;
    this.#open = open;
    this.#now = now;
  }

  /** @throws {BudgetFileError} when the file of budgets cannot be read as a whole. */
  async report(): Promise<BudgetReport> {
    const { states, problems } = await this.#states();
    return { budgets: states.map(statusOf), problems };
  }

  /**
   * @param onError receives the reason why the budgets cannot be looked at, the problems of a report, and errors of the listener,
   * each once.
   */
  follow(listener: BudgetListener, onError: (error: Error) => void): { dispose(): void } {
    const reached = new Map<string, number>();
    const known = new Set<string>();
    const tell = (message: string, error = new Error(message)): void => {
      if (known.has(message)) return;
      known.add(message);
      onError(error);
    };
    const looking = new Coalescer(
      async () => {
        const { states, problems } = await this.#states();
        for (const problem of problems) tell(problem);
        for (const state of states) if (isNew(state, reached)) listener(statusOf(state));
      },
      { timing: TIMING, onError: (error) => tell(String(error), error as Error) },
    );
    const watcher = this.#counted().watch(() => looking.request());
    looking.request();
    const stop = (): void => {
      watcher.dispose();
      looking.dispose();
      this.#stops.delete(stop);
    };
    this.#stops.add(stop);
    return { dispose: stop };
  }

  /** Stops following, and closes the other ledgers. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
    await Promise.all((this.#view?.ledgers ?? []).slice(1).map((ledger) => ledger.close()));
  }

  async #states(): Promise<{ states: BudgetState[]; problems: string[] }> {
    const { budgets, problems } = readBudgets();
    if (budgets.length === 0) return { states: [], problems };
    const view = this.#counted();
    const ledgers = await view.refresh();
    const states = await budgetStates(budgets, view, this.#now(), localCalendar());
    return { states, problems: [...problems, ...ledgers.flatMap((state, i) => damageOf(view.ledgers[i]!, state))] };
  }

  #counted(): LedgerView {
    if (this.#isClosed) throw new Error('This tracker is closed.');
    if (this.#view === undefined) {
      const others = countedLedgers({ primary: this.#tracker.ledger }).slice(1);
      this.#view = new LedgerView([this.#tracker, ...others.map(this.#open)]);
    }
    return this.#view;
  }
}

/** Whether the budget has reached a higher level than in any earlier look at this period. */
function isNew({ budget, period, level }: BudgetState, reached: Map<string, number>): boolean {
  if (level === undefined) return false;
  const { name, amount, currency, filter, search, plan, scope } = budget;
  const key = JSON.stringify([name, amount, currency, filter, search, plan, scope, period.key]);
  if ((reached.get(key) ?? 0) >= level) return false;
  reached.set(key, level);
  return true;
}

function damageOf({ ledger }: Ledger, { health, problems }: LedgerState): string[] {
  if (health !== 'damaged' && health !== 'unavailable') return [];
  const reason = problems.find(({ severity }) => severity === 'error')?.message ?? 'the reason is not known';
  return [`${ledger} is ${health}: ${reason}`];
}

function statusOf(state: BudgetState): BudgetStatus {
  const { budget, period, spent, limit, percent, level, isOver, isAtLeast, stale } = state;
  const text = (amount: bigint): string => decimalText(amount, amountPlaces(budget));
  return {
    name: budget.name,
    currency: currencyOf(budget)?.currency ?? 'USD',
    limit: text(limit),
    spent: text(spent),
    left: text(limit > spent ? limit - spent : 0n),
    percent,
    level,
    isOver,
    isAtLeast,
    scope: budget.scope ?? 'machine',
    asOf: stale?.asOf === undefined ? undefined : new Date(stale.asOf).toISOString(),
    since: new Date(period.since).toISOString(),
    until: new Date(period.until).toISOString(),
  };
}
