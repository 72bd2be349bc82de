import type { CostTrackerOptions } from '../ledger/options.ts';
import { resolveLedgerPath } from '../ledger/paths.ts';
import type { Ledger } from '../ledger/types.ts';
import { usageError } from './exit.ts';
import { userPricing } from './prices.ts';

/**
 * The one ledger that a command writes to. Apart from `ledgers.ts`, so that a one-shot `record` loads only the store that
 * it needs.
 */

export interface LedgerFlag {
  ledger?: string;
  /** Further ones that a report counts. */
  with?: string[];
}

export type Opener = (options: CostTrackerOptions & { ledger: string }) => Ledger;

/** The file that records go to: the flag, then LLM_SPEND_LEDGER, then the default. */
export function ledgerPath(flags: LedgerFlag): string {
  if (flags.ledger?.trim() === '') {
    // An unset variable in a script: it must not end in the default ledger.
    throw usageError('--ledger: must not be empty. Name a file, or leave the flag out.', '--ledger');
  }
  return resolveLedgerPath({ flag: flags.ledger });
}

/** Opens it for the time of `use`. */
export async function withOpened<T>(flags: LedgerFlag, open: Opener, use: (ledger: Ledger) => Promise<T>): Promise<T> {
  const ledger = open({ ledger: ledgerPath(flags), source: 'cli', pricing: userPricing });
  try {
    return await use(ledger);
  } finally {
    await ledger.close();
  }
}
