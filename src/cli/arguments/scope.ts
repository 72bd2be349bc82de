import { openView } from '../../library/openView.ts';
import { LedgerError } from '../../ledger/results.ts';
import { TeamBudgets, TeamClaims } from '../../sync/budgetTeam.ts';
import { readMembership } from '../../sync/membership.ts';
import { SCOPES } from '../../usage/dimensions.ts';
import { usageError } from '../output/exit.ts';
import { choice } from './arguments.ts';
import type { FilterFlags } from './filters.ts';
import { ledgerPath, withView, type LedgerFlag, type Sources } from './ledgers.ts';
import { t } from '../language/text.ts';

export interface ScopeFlag {
  scope?: string;
}

export const SCOPE_OPTION = {
  flags: '--scope <scope>',
  help: t`${SCOPES.join(', ')}: this machine, all of your machines, or the team (default: machine)`,
};

type Flags = LedgerFlag & FilterFlags & ScopeFlag;

/**
 * {@link withView} on the ledgers of the scope. For me and the team, this machine first sends what the team's ledger lacks, so that
 * each record counts once; then the server adds up.
 * @param use receives the flags with the filter of the scope.
 */
export async function withScope<F extends Flags, T>(
  flags: F,
  use: (sources: Sources, flags: F) => Promise<T>,
): Promise<T> {
  const scope = flags.scope === undefined ? 'machine' : choice('--scope', flags.scope, SCOPES);
  if (scope === 'machine') return withView(flags, (sources) => use(sources, flags));
  const membership = readMembership();
  if (!membership)
    throw usageError(t`--scope: this machine is not in a team. Join one: llm-spend sync --to URL`, '--scope');
  // Most commands ask for this machine, and need no client of PostgreSQL.
  const { syncNow } = await import('../../sync/sync.ts');
  await syncNow({ membership, ledgers: { primary: membership.ledger ?? ledgerPath(flags) } });
  const { view, ledgers } = openView({ primary: membership.url, imported: false, inkwell: false });
  try {
    const states = await view.refresh();
    const [state] = states;
    if (state?.health === 'unavailable') {
      throw new LedgerError('io', state.problems[0]?.message ?? t`${membership.url} cannot be read.`);
    }
    const own = scope === 'me' && flags.user === undefined ? { ...flags, user: [membership.user] } : flags;
    const team = new TeamBudgets(view, new TeamClaims(membership.url, membership.user));
    return await use({ view, ledgers, states, scoped: { scope, team } }, own);
  } finally {
    await view.close();
  }
}
