import type { AggregateQuery, Group } from '../usage/query.ts';
import type { TeamScope } from './budget.ts';

/** The budgets of this machine do not wait longer for a server that has fallen silent, ms. */
export const TEAM_MS = 5_000;

/** The team's part of budgets that cover several machines. */
export interface BudgetTeam {
  /** Sums over the records of the scope. @throws {Error} when the server cannot be used. */
  sums(scope: TeamScope, query: AggregateQuery): Promise<Group[]>;
  readonly claims: SharedClaims;
}

/** Claims of warnings that several machines share: one of them shows the message. */
export interface SharedClaims {
  /**
   * @param id see `sharedWarningId`.
   * @param lower the ids of the lower levels, which the message speaks of, too.
   * @throws {Error} when the server cannot be used.
   */
  claim(id: string, lower: readonly string[], leaseMs: number): Promise<SharedClaim>;
  /** @throws {Error} when the server cannot be used. */
  noteShown(ids: readonly string[]): Promise<void>;
  /** My name in the team. */
  readonly user: string;
}

/** `held`: another machine has claimed it, and may still show it for `leftMs`. */
export type SharedClaim = { kind: 'mine' } | { kind: 'shown' } | { kind: 'held'; leftMs: number };
