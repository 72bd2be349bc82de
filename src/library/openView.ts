import { existsSync } from 'node:fs';
import type { Ledger } from '../ledger/ledger.ts';
import { LedgerView } from '../ledger/view.ts';
import { importedLedgerPath, inkwellDefaultPath, resolveLedgerPath } from '../system/paths.ts';
import { CostTracker, type CostTrackerOptions } from './costTracker.ts';

/** The ledgers that a query covers. */
export interface LedgerChoice {
  /** The ledger that new records go into: a path or a URL. */
  primary: string;
  /** Further ledgers to include, as the user named them. */
  further?: readonly string[] | undefined;
  /** Whether to include imported usage (`imported.db` beside the primary ledger). Default: true. */
  imported?: boolean | undefined;
  /** Whether to include inkwell's ledger. Default: true. */
  inkwell?: boolean | undefined;
  /**
   * Whether to omit the imported ledger and inkwell's if the file does not exist. A command answers once and omits them; a
   * window stays open and reads them as soon as they exist. Default: false.
   */
  existing?: boolean | undefined;
}

export interface OpenView {
  primary: Ledger;
  /** The primary ledger first, then the others in order of precedence. */
  ledgers: readonly Ledger[];
  view: LedgerView;
}

/**
 * Lists the ledgers that count together, each once. All entry points use this function. A `usage_id` that occurs in several
 * ledgers counts in the first.
 */
export function countedLedgers(choice: LedgerChoice): string[] {
  const { primary, further = [], imported = true, inkwell = true, existing = false } = choice;
  const counts = (path: string): boolean => !existing || existsSync(path);
  return [
    ...new Set([
      primary,
      ...(imported ? [importedLedgerPath(primary)].filter(counts) : []),
      ...further,
      ...(inkwell ? [inkwellDefaultPath()].filter(counts) : []),
    ]),
  ];
}

/**
 * Opens the ledgers that count together. Closing the view closes them.
 * @param options apply to the primary ledger. The others are only read.
 */
export function openView(choice: LedgerChoice, options: Omit<CostTrackerOptions, 'ledger'> = {}): OpenView {
  const [first, ...others] = countedLedgers(choice);
  const primary = new CostTracker({ ...options, ledger: first });
  const ledgers = [primary, ...others.map((ledger) => new CostTracker({ ledger }))];
  return { primary, ledgers, view: new LedgerView(ledgers) };
}

/**
 * Returns the ledger that imports write to.
 * @param named a ledger that the user named for this import. Default: `imported.db` beside the primary ledger.
 */
export function importLedger(named: string | undefined): string {
  return named === undefined ? importedLedgerPath(resolveLedgerPath()) : resolveLedgerPath({ flag: named });
}
