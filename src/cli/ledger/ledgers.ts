import { existsSync } from 'node:fs';
import {
  importedLedgerPath,
  inkwellLedgerPath,
  LedgerView,
  openLedger,
  resolveLedgerPath,
} from '../../library/index.ts';
import { LedgerError, type Ledger, type LedgerState } from '../../ledger/results.ts';
import { EXIT, usageError } from '../output/exit.ts';
import { ledgerPath, type LedgerFlag } from '../arguments/ledgerPath.ts';
import { withOpened } from './oneLedger.ts';
import { counted } from '../report/numbers.ts';
import { commandLine } from '../arguments/shell.ts';
import { warn, type Terminal } from '../output/terminal.ts';

/** Which ledgers a command works on. */

export { ledgerPath, type LedgerFlag } from '../arguments/ledgerPath.ts';

/** The one ledger that is written to, for the time of `use`. */
export function withLedger<T>(flags: LedgerFlag, use: (ledger: Ledger) => Promise<T>): Promise<T> {
  return withOpened(flags, openLedger, use);
}

/** What a report counts: our ledger, what was imported beside it, those of `--with`, and inkwell's; of these only `--with` where `--ledger` names one. */
export interface Sources {
  view: LedgerView;
  ledgers: readonly Ledger[];
  states: readonly LedgerState[];
}

/**
 * Opens and reads what a report counts.
 * @throws {LedgerError} when our own ledger cannot be opened at all; what is damaged is counted as far as it is readable.
 */
export async function withView<T>(flags: LedgerFlag, use: (sources: Sources) => Promise<T>): Promise<T> {
  const own = ledgerPath(flags);
  const inkwell = flags.ledger === undefined ? inkwellLedgerPath() : undefined;
  const further = (flags.with ?? []).map((file) => {
    if (file.trim() === '')
      throw usageError('--with: must not be empty. Name a file, or leave the flag out.', '--with');
    return resolveLedgerPath({ flag: file });
  });
  const beside = importedLedgerPath(own);
  const imported = flags.ledger === undefined && existsSync(beside) ? [beside] : [];
  const paths = new Set([own, ...imported, ...further, ...(inkwell === undefined ? [] : [inkwell])]);
  const ledgers = [...paths].map((ledger) => openLedger({ ledger }));
  const view = new LedgerView(ledgers);
  try {
    const states = await view.refresh();
    const [first] = states;
    if (first?.health === 'unavailable') {
      throw new LedgerError('no-access', first.problems[0]?.message ?? `${own} cannot be opened.`);
    }
    return await use({ view, ledgers, states });
  } finally {
    await view.close();
  }
}

/** Warns of every ledger that the numbers do not cover wholly. @returns the exit code that says so. */
export async function warnOfDamage({ ledgers, states }: Sources, terminal: Terminal): Promise<number> {
  let exitCode: number = EXIT.done;
  for (const [i, state] of states.entries()) {
    if (state.health !== 'damaged' && state.health !== 'unavailable') continue;
    exitCode = EXIT.damaged;
    const path = ledgers[i]?.path ?? '';
    const what = state.problems.find(({ severity }) => severity === 'error')?.message ?? `it is ${state.health}`;
    await warn(
      terminal,
      `${path} is ${state.health}: ${what.replace(/\.$/, '')}. The figures cover the rest ` +
        `(${counted(state.records, 'record')}). See: ${commandLine('verify', { ledger: path })}`,
    );
  }
  return exitCode;
}

export function ledgersJson({ ledgers, states }: Sources): object[] {
  return ledgers.map(({ path, strict }, i) => {
    const { health, records, pending, unreadable } = states[i] ?? { health: 'missing' };
    return { path, strict, health, records, pending, unreadable };
  });
}
