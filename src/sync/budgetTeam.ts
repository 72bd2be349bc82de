import type { TeamScope } from '../budgets/budget.ts';
import { readBudgets } from '../budgets/budgetFile.ts';
import { budgetStates, type BudgetAnswers } from '../budgets/budgetState.ts';
import type { BudgetTeam, SharedClaim, SharedClaims } from '../budgets/budgetTeam.ts';
import type { TeamCrossings } from '../ledger/postgres/index.ts';
import { LedgerError } from '../ledger/results.ts';
import { openView, type OpenView } from '../library/openView.ts';
import { randomId } from '../system/random.ts';
import type { AggregateQuery, Group } from '../usage/query.ts';
import { localCalendar } from '../usage/time/calendar.ts';
import type { Membership } from './membership.ts';
import { scopedFilter } from './scopedFilter.ts';

/** Sums of the team's ledger, for the budgets of one member. */
export class TeamBudgets implements BudgetTeam {
  readonly claims: SharedClaims;
  readonly #ledger: BudgetAnswers;

  /** @param ledger the team's. */
  constructor(ledger: BudgetAnswers, claims: SharedClaims) {
    this.#ledger = ledger;
    this.claims = claims;
  }

  sums(scope: TeamScope, query: AggregateQuery): Promise<Group[]> {
    return this.#ledger.aggregate({ ...query, filter: scopedFilter(query.filter, scope, this.claims.user) });
  }
}

/** Claims in the team's ledger. The first one connects; most processes never claim. */
export class TeamClaims implements SharedClaims {
  readonly user: string;
  readonly #url: string;
  #crossings: Promise<TeamCrossings> | undefined;

  /** @param url of the team's ledger. @param user my name in the team. */
  constructor(url: string, user: string) {
    this.#url = url;
    this.user = user;
  }

  async claim(id: string, lower: readonly string[], leaseMs: number): Promise<SharedClaim> {
    const crossings = await this.#opened();
    return crossings.claim(id, lower, { holder: randomId(), leaseMs });
  }

  async noteShown(ids: readonly string[]): Promise<void> {
    const crossings = await this.#opened();
    await crossings.noteShown(ids);
  }

  async close(): Promise<void> {
    const crossings = await this.#crossings;
    await crossings?.close();
  }

  #opened(): Promise<TeamCrossings> {
    this.#crossings ??= import('../ledger/postgres/index.ts').then(({ TeamCrossings }) => new TeamCrossings(this.#url));
    return this.#crossings;
  }
}

/** Keeps the team's sums for the budgets that cover several machines, for commands that do not ask the server. Never rejects. */
export async function keepBudgetSums(membership: Membership, now: number): Promise<void> {
  try {
    const budgets = readBudgets().budgets.filter(({ scope }) => scope !== undefined);
    if (budgets.length === 0) return;
    const team = new OpenBudgetTeam(membership);
    try {
      if ((await team.refresh()) !== undefined) return;
      await budgetStates(budgets, { aggregate: () => Promise.resolve([]), team }, now, localCalendar());
    } finally {
      await team.close();
    }
  } catch {
    // The budgets themselves say how old their sums are.
  }
}

/** The team of a command's budgets. Its ledger is read again at each {@link refresh}. */
export class OpenBudgetTeam implements BudgetTeam {
  readonly claims: TeamClaims;
  readonly #opened: OpenView;
  readonly #sums: TeamBudgets;

  constructor({ url, user }: Pick<Membership, 'url' | 'user'>) {
    this.claims = new TeamClaims(url, user);
    this.#opened = openView({ primary: url, imported: false, inkwell: false }, { pricing: false });
    this.#sums = new TeamBudgets(this.#opened.view, this.claims);
  }

  /** @returns why the team's ledger cannot be read; undefined: it can. */
  async refresh(): Promise<LedgerError | undefined> {
    const [state] = await this.#opened.view.refresh();
    if (state?.health !== 'unavailable') return undefined;
    return new LedgerError('io', state.problems[0]?.message ?? `${this.#opened.primary.ledger} cannot be read.`);
  }

  sums(scope: TeamScope, query: AggregateQuery): Promise<Group[]> {
    return this.#sums.sums(scope, query);
  }

  async close(): Promise<void> {
    await Promise.all([this.#opened.view.close(), this.claims.close()]);
  }
}
