import type { Budget } from '../../budgets/budget.ts';
import type { BudgetTeam } from '../../budgets/budgetTeam.ts';
import type { OpenBudgetTeam } from '../../sync/budgetTeam.ts';
import { readMembership, type Membership } from '../../sync/membership.ts';
import { ledgerPath, type LedgerFlag } from '../arguments/ledgerPath.ts';
import { t } from '../language/text.ts';

/** After a failure, the team's ledger is not asked again for this time, ms: each attempt can take seconds. */
const PAUSE_MS = 30_000;

/** The team as the budgets of a command need it. */
export interface Followed {
  /** undefined: no budget covers several machines, or this machine is in no team. */
  team?: BudgetTeam | undefined;
  /** Why the sums of the team may be out of date. */
  problem?: string | undefined;
}

/** Follows the team's ledger for budgets that cover several machines. Without them it opens nothing. */
export class FollowedTeam {
  readonly #flags: LedgerFlag;
  readonly #now: () => number;
  #open: OpenBudgetTeam | undefined;
  #failed: { at: number; problem: string } | undefined;

  constructor(flags: LedgerFlag, now: () => number) {
    this.#flags = flags;
    this.#now = now;
  }

  /** First this machine sends what the team's ledger lacks, so that each record counts once. Never rejects. */
  async refresh(budgets: readonly Budget[]): Promise<Followed> {
    if (budgets.every(({ scope }) => scope === undefined)) return {};
    let membership: Membership | undefined;
    let problem: string;
    try {
      membership = readMembership();
      if (membership === undefined) {
        const none = t`A budget covers several machines, but this machine is not in a team. Join one: llm-spend sync --to URL`;
        return { problem: none };
      }
      const failed = this.#failed;
      if (failed === undefined || this.#now() - failed.at >= PAUSE_MS) {
        return { team: await this.#followed(membership) };
      }
      problem = failed.problem;
    } catch (error) {
      problem = (error as Error).message;
      this.#failed = { at: this.#now(), problem };
    }
    return { team: membership && unreachable(membership.user, problem), problem };
  }

  async close(): Promise<void> {
    await this.#open?.close();
  }

  async #followed(membership: Membership): Promise<BudgetTeam> {
    // Most commands have no such budget, and need no client of PostgreSQL.
    const { syncNow } = await import('../../sync/sync.ts');
    const { OpenBudgetTeam } = await import('../../sync/budgetTeam.ts');
    await syncNow({ membership, ledgers: { primary: membership.ledger ?? ledgerPath(this.#flags) } });
    this.#open ??= new OpenBudgetTeam(membership);
    const failure = await this.#open.refresh();
    if (failure !== undefined) throw failure;
    this.#failed = undefined;
    return this.#open;
  }
}

function unreachable(user: string, problem: string): BudgetTeam {
  const fail = (): Promise<never> => Promise.reject(new Error(problem));
  return { sums: fail, claims: { user, claim: fail, noteShown: fail } };
}
