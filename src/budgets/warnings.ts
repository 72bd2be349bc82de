import type { Calendar } from '../usage/query.ts';
import { alertsFolder } from './alertsFolder.ts';
import type { BudgetAnswers, BudgetState } from './budgetState.ts';
import { claimCrossing, leaseEnd, LEASE_MS, snoozedUntil } from './claims.ts';
import { driverOf, type Driver } from './mainCause.ts';
import { withTimeout } from '../system/withTimeout.ts';

/** How long a claimed warning waits for its driver, ms: it must be shown within a second. */
const DRIVER_MS = 300;

/** A warning that this process, of all windows and commands, has to show. */
export interface BudgetWarning {
  state: BudgetState;
  level: number;
  /** The project, model or session behind most of the cost; undefined: there is none. */
  driver: Driver | undefined;
  /** To be called once the message is on its way. Never throws. */
  shown: () => void;
}

export interface WarningOptions {
  answers: BudgetAnswers;
  calendar: Calendar;
  now: number;
  /** Default: the user's folder. */
  folder?: string;
  leaseMs?: number;
}

export interface DueWarnings {
  warnings: BudgetWarning[];
  /** When to look again, because another process has claimed a warning and not shown it yet, ms since the epoch. */
  retryAt: number | undefined;
}

/** Claims the warnings of the levels that budgets have reached. Those that are snoozed wait. */
export async function dueWarnings(states: readonly BudgetState[], options: WarningOptions): Promise<DueWarnings> {
  const { answers, calendar, now, folder = alertsFolder(), leaseMs = LEASE_MS } = options;
  const warnings: BudgetWarning[] = [];
  let retryAt: number | undefined;
  for (const state of states) {
    if (state.level === undefined || snoozedUntil(state, now, folder) !== undefined) continue;
    const claimed = claimCrossing(state, now, folder, leaseMs);
    if (claimed === undefined) {
      const end = leaseEnd(state, now, folder, leaseMs);
      if (end !== undefined) retryAt = Math.min(retryAt ?? end, end);
      continue;
    }
    const { level, lowerAt, shown } = claimed;
    const driver = await withTimeout(driverOf(state, answers, lowerAt, calendar), DRIVER_MS).catch(() => undefined);
    warnings.push({ state, level, driver, shown });
  }
  return { warnings, retryAt };
}
