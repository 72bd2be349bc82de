import type { TeamScope } from '../../budgets/budget.ts';
import type { BudgetTeam } from '../../budgets/budgetTeam.ts';
import { openLedger } from '../../library/index.ts';
import { openView } from '../../library/openView.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { LedgerError, type LedgerState } from '../../ledger/results.ts';
import type { LedgerView } from '../../ledger/view.ts';
import { resolveLedgerPath } from '../../system/paths.ts';
import { EXIT, usageError } from '../output/exit.ts';
import { warn, type Terminal } from '../output/terminal.ts';
import { counted } from '../report/numbers.ts';
import { ledgerPath, type LedgerFlag } from './ledgerPath.ts';
import { withOpened } from './oneLedger.ts';
import { commandLine } from './shell.ts';
import { t, tMessage } from '../language/text.ts';

/** Selects and opens the ledgers that a command works on. */

export { ledgerPath, type LedgerFlag } from './ledgerPath.ts';

/** Opens the single ledger that a command writes to, and closes it after `use`. */
export function withLedger<T>(flags: LedgerFlag, use: (ledger: Ledger) => Promise<T>): Promise<T> {
  return withOpened(flags, openLedger, use);
}

/** The ledgers that a report includes, the primary one first. */
export interface Sources {
  view: LedgerView;
  ledgers: readonly Ledger[];
  states: readonly LedgerState[];
  /** Set for the ledger of a team, which answers for budgets of this scope only. */
  scoped?: { scope: TeamScope; team: BudgetTeam };
}

/**
 * Opens and reads the ledgers that a report includes. With `--ledger` these are only the named ledger and those of `--with`.
 * @throws {LedgerError} when the primary ledger cannot be opened. A damaged ledger is counted as far as it is readable.
 */
export async function withView<T>(flags: LedgerFlag, use: (sources: Sources) => Promise<T>): Promise<T> {
  const isNamed = flags.ledger !== undefined;
  const further = (flags.with ?? []).map((file) => {
    if (file.trim() === '')
      throw usageError(t`--with: must not be empty. Name a file, or leave the flag out.`, '--with');
    return resolveLedgerPath({ flag: file });
  });
  const primary = ledgerPath(flags);
  const { view, ledgers } = openView({ primary, further, imported: !isNamed, inkwell: !isNamed, existing: true });
  try {
    const states = await view.refresh();
    const [first] = states;
    if (first?.health === 'unavailable') {
      throw new LedgerError('no-access', first.problems[0]?.message ?? t`${primary} cannot be opened.`);
    }
    return await use({ view, ledgers, states });
  } finally {
    await view.close();
  }
}

/**
 * Warns of each ledger that the figures cover only in part.
 * @returns the exit code, which reports such damage.
 */
export async function warnOfDamage({ ledgers, states }: Sources, terminal: Terminal): Promise<number> {
  let exitCode: number = EXIT.done;
  for (const [i, state] of states.entries()) {
    if (state.health !== 'damaged' && state.health !== 'unavailable') continue;
    exitCode = EXIT.damaged;
    const path = ledgers[i]?.path ?? '';
    const isDamaged = state.health === 'damaged';
    const problem = state.problems.find(({ severity }) => severity === 'error')?.message.replace(/\.$/, '');
    const why = problem === undefined ? (isDamaged ? t`it is damaged` : t`it is unavailable`) : tMessage(problem);
    const what = isDamaged ? t`${path} is damaged: ${why}.` : t`${path} is unavailable: ${why}.`;
    const rest = t`The figures cover the rest (${counted(state.records, 'record')}).`;
    await warn(terminal, `${what} ${rest} ${t`See: ${commandLine('verify', { ledger: path })}`}`);
  }
  return exitCode;
}

export function ledgersJson({ ledgers, states }: Sources): object[] {
  return ledgers.map(({ path, strict }, i) => {
    const { health, records, pending, unreadable } = states[i] ?? { health: 'missing' };
    return { path, strict, health, records, pending, unreadable };
  });
}
