import type { Disk } from '../system/disk.ts';
import type { CostSource, PricingOptions } from '../pricing/costSource.ts';

export interface CostTrackerOptions {
  /** The ledger's file; a relative path counts from the working folder. Default: see {@link resolveLedgerPath}. */
  ledger?: string | undefined;
  /** Stored as `source` in records that name none: who records. */
  source?: string | undefined;
  /** Take only what inkwell can read. Default: whether the ledger is inkwell's own. */
  strict?: boolean | undefined;
  /**
   * By what a usage without a cost is priced. Default: the person's own prices (`prices.json` beside the default ledger),
   * then the price table, as the command does. `false`: by nothing, it is recorded as unpriced.
   */
  pricing?: CostSource | PricingOptions | false | undefined;
  /** The clock, ms since the epoch. */
  now?: (() => number) | undefined;
  /** The file system, for tests that make it fail. */
  disk?: Disk | undefined;
}

/** The same once it is known which file it is. */
export type LedgerOptions = CostTrackerOptions & {
  ledger: string;
  /** Whether this process records one usage and ends: then a JSON ledger keeps a checkpoint (see `checkpoint.ts`). */
  oneShot?: boolean | undefined;
};
