import type { Ledger } from '../../ledger/ledger.ts';
import type { LedgerOptions } from '../../ledger/options.ts';
import { ledgerPath, type LedgerFlag } from './ledgerPath.ts';
import { userPricing } from '../userPrices.ts';

/**
 * Opens the single ledger that a command writes to. Separate from `ledgers.ts` so that a one-shot `record` loads only the store
 * that it needs.
 */

export type Opener = (
  options: Omit<LedgerOptions, 'assign'> & { ledger: string; folder?: string | undefined },
) => Ledger;

/** Undefined when it was deleted. */
function workingFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/** Opens the ledger, and closes it after `use`. */
export async function withOpened<T>(flags: LedgerFlag, open: Opener, use: (ledger: Ledger) => Promise<T>): Promise<T> {
  const ledger = open({
    ledger: ledgerPath(flags),
    source: 'cli',
    pricing: userPricing,
    noteAdditions: 'together',
    folder: workingFolder(),
  });
  try {
    return await use(ledger);
  } finally {
    await ledger.close();
  }
}
