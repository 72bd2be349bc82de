import { resolveLedgerPath } from '../../system/paths.ts';
import { usageError } from '../output/exit.ts';
import { t } from '../language/text.ts';

export interface LedgerFlag {
  ledger?: string;
  /** Further ledgers that a report includes. */
  with?: string[];
}

/** The ledger that new records go to: the flag, then LLM_SPEND_LEDGER, then the default. */
export function ledgerPath(flags: LedgerFlag): string {
  if (flags.ledger?.trim() === '') {
    // Probably an unset variable in a script: it must not select the default ledger.
    throw usageError(t`--ledger: must not be empty. Name a file, or leave the flag out.`, '--ledger');
  }
  return resolveLedgerPath({ flag: flags.ledger });
}
