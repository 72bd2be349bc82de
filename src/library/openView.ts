import type { Ledger } from '../ledger/ledger.ts';
import { LedgerView } from '../ledger/view.ts';
import { importedLedgerPath, resolveLedgerPath } from '../system/paths.ts';
import { countedLedgers, type LedgerChoice } from './countedLedgers.ts';
import { CostTracker, type CostTrackerOptions } from './costTracker.ts';

export interface OpenView {
  primary: Ledger;
  /** The primary ledger first, then the others in order of precedence. */
  ledgers: readonly Ledger[];
  view: LedgerView;
}

/**
 * Opens the ledgers that count together. Closing the view closes them.
 * @param options apply to the primary ledger. Of the others, imports of other processes can be undone if `noteAdditions` is set.
 */
export function openView(choice: LedgerChoice, options: Omit<CostTrackerOptions, 'ledger'> = {}): OpenView {
  const [first, ...others] = countedLedgers(choice);
  const primary = new CostTracker({ ...options, ledger: first });
  const { noteAdditions } = options;
  const ledgers = [primary, ...others.map((ledger) => new CostTracker({ ledger, noteAdditions }))];
  return { primary, ledgers, view: new LedgerView(ledgers) };
}

/**
 * Returns the ledger that imports write to.
 * @param named a ledger that the user named for this import. Default: `imported.db` beside the primary ledger.
 */
export function importLedger(named: string | undefined): string {
  return named === undefined ? importedLedgerPath(resolveLedgerPath()) : resolveLedgerPath({ flag: named });
}
