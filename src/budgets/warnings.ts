import type { Calendar } from '../usage/query.ts';
import { alertsFolder } from './alertsFolder.ts';
import type { BudgetAnswers, BudgetState } from './budgetState.ts';
import { TEAM_MS } from './budgetTeam.ts';
import {
  claimCrossing,
  leaseEnd,
  LEASE_MS,
  sharedWarningId,
  snoozedUntil,
  reportUnreported,
  type ClaimedCrossing,
} from './claims.ts';
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
  /** To be called once the message is on its way. Resolves when other machines know of it. Never throws, never rejects. */
  shown: () => Promise<void>;
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
  const retry = (at: number): void => {
    retryAt = Math.min(retryAt ?? at, at);
  };
  if (answers.team !== undefined && states.some(({ budget, stale }) => budget.scope !== undefined && !stale)) {
    const { claims } = answers.team;
    const reporting = reportUnreported((ids) => claims.noteShown(ids), folder);
    await withTimeout(reporting, TEAM_MS).catch(() => undefined);
  }
  for (const state of states) {
    if (state.level === undefined || snoozedUntil(state, now, folder) !== undefined) continue;
    // A process that knows only the kept sums leaves the message to one that follows the team.
    if (state.budget.scope !== undefined && answers.team === undefined) continue;
    const claimed = claimCrossing(state, now, folder, leaseMs);
    if (claimed === undefined) {
      const end = leaseEnd(state, now, folder, leaseMs);
      if (end !== undefined) retry(end);
      continue;
    }
    const shared = await share(state, claimed, options);
    if (shared.leftMs !== undefined) retry(now + shared.leftMs + 1);
    if (shared.shown === undefined) continue;
    const { level, lowerAt } = claimed;
    const { shown } = shared;
    const causes = driverOf(state, answersFor(state, answers), lowerAt, calendar);
    const driver = await withTimeout(causes, DRIVER_MS).catch(() => undefined);
    warnings.push({ state, level, driver, shown });
  }
  return { warnings, retryAt };
}

/** The answers about the records that a budget covers. */
function answersFor({ budget: { scope } }: BudgetState, answers: BudgetAnswers): BudgetAnswers {
  const { team } = answers;
  if (scope === undefined || team === undefined) return answers;
  return { aggregate: (query) => team.sums(scope, query) };
}

/** `shown` is set when this process has to show the warning; `leftMs`, when another machine may fail to show it until then. */
interface Shared {
  shown?: () => Promise<void>;
  leftMs?: number;
}

/**
 * Claims a warning among the machines that share its budget. While they cannot be reached, each of them warns once, and
 * reports that to the others later.
 */
async function share(state: BudgetState, claimed: ClaimedCrossing, options: WarningOptions): Promise<Shared> {
  const { budget } = state;
  const { answers, leaseMs = LEASE_MS } = options;
  if (budget.scope === undefined || answers.team === undefined) return { shown: async () => claimed.shown() };
  const { claims } = answers.team;
  const idOf = (level: number): string => sharedWarningId(state, level, claims.user);
  const id = idOf(claimed.level);
  const lower = budget.levels.filter((each) => each < claimed.level).map(idOf);
  try {
    const claim = await withTimeout(claims.claim(id, lower, leaseMs), TEAM_MS);
    if (claim === undefined) return { shown: async () => claimed.shown(id) };
    if (claim.kind === 'shown') claimed.shown();
    if (claim.kind === 'held') claimed.release();
    if (claim.kind !== 'mine') return claim.kind === 'held' ? { leftMs: claim.leftMs } : {};
  } catch {
    return { shown: async () => claimed.shown(id) };
  }
  return {
    shown: async () => {
      // Another process must not show it, whatever the server says.
      claimed.shown(id);
      await claims.noteShown([id]).then(
        () => claimed.shown(),
        () => undefined,
      );
    },
  };
}
