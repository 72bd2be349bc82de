import { existsSync } from 'node:fs';
import { importedLedgerPath, inkwellDefaultPath, resolveLedgerPath } from '../system/paths.ts';

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

/** The ledgers that a command without flags counts. */
export function defaultCountedLedgers(): string[] {
  return countedLedgers({ primary: resolveLedgerPath(), existing: true });
}
