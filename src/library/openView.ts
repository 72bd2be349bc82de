import { existsSync } from 'node:fs';
import type { Ledger } from '../ledger/ledger.ts';
import { LedgerView } from '../ledger/view.ts';
import { importedLedgerPath, inkwellDefaultPath, resolveLedgerPath } from '../system/paths.ts';
import { CostTracker, type CostTrackerOptions } from './costTracker.ts';

/** Which ledgers a question is about. */
export interface LedgerChoice {
  /** The ledger that records go into: a path or a URL. */
  primary: string;
  /** Ledgers that count with it, as a person named them. */
  further?: readonly string[] | undefined;
  /** Whether imported usage (`imported.db` beside the primary ledger) counts. Default: true. */
  imported?: boolean | undefined;
  /** Whether inkwell's ledger counts. Default: true. */
  inkwell?: boolean | undefined;
  /**
   * Whether to leave out the imported and inkwell's ledger where there is no such file. A command answers once and leaves
   * them out; a window stays open and reads them as soon as they exist. Default: false.
   */
  existing?: boolean | undefined;
}

export interface OpenView {
  primary: Ledger;
  /** The primary ledger first, then the others in the order in which they count. */
  ledgers: readonly Ledger[];
  view: LedgerView;
}

/**
 * Names the ledgers that count together, each once. This is the only place that decides it. A `usage_id` that several of
 * them hold counts in the first.
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
 * @param options of the primary ledger. The others are only read.
 */
export function openView(choice: LedgerChoice, options: Omit<CostTrackerOptions, 'ledger'> = {}): OpenView {
  const [first, ...others] = countedLedgers(choice);
  const primary = new CostTracker({ ...options, ledger: first });
  const ledgers = [primary, ...others.map((ledger) => new CostTracker({ ledger }))];
  return { primary, ledgers, view: new LedgerView(ledgers) };
}

/**
 * The ledger that usage from agents' logs is imported into.
 * @param named a ledger that a person named for this import. Default: `imported.db` beside the primary ledger.
 */
export function importLedger(named: string | undefined): string {
  return named === undefined ? importedLedgerPath(resolveLedgerPath()) : resolveLedgerPath({ flag: named });
}
