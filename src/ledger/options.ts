import type { CostSource } from '../pricing/costSource.ts';
import type { Disk } from '../system/disk.ts';

export interface LedgerOptions {
  /** Stored as `source` in records that name none: the program that records. */
  source?: string | undefined;
  /** Take only records that inkwell can read. Default: whether the ledger is inkwell's own. */
  strict?: boolean | undefined;
  /** Prices usages without a cost. Absent: they are recorded as unpriced. */
  pricing?: CostSource | undefined;
  /** The clock, ms since the epoch. */
  now?: (() => number) | undefined;
}

/** Options of a store that keeps its ledger in a file. */
export interface FileStoreOptions {
  path: string;
  /** The clock, ms since the epoch. */
  now?: (() => number) | undefined;
  /** The file system, for tests that make it fail. */
  disk?: Disk | undefined;
  /** Whether this process records one usage and ends. Then a JSON ledger keeps a checkpoint (see `checkpoint.ts`). */
  oneShot?: boolean | undefined;
}
