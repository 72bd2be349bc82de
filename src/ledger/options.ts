import type { CostSource } from '../pricing/costSource.ts';
import type { Disk } from '../system/disk.ts';

export interface LedgerOptions {
  /** The recording program, stored as `source` in records that do not name one. */
  source?: string | undefined;
  /** Accept only records that inkwell can read. Default: true if the ledger is inkwell's own. */
  strict?: boolean | undefined;
  /** Prices usage that has no cost. Absent: such usage is recorded as unpriced. */
  pricing?: CostSource | undefined;
  /** The clock, ms since the epoch. */
  now?: (() => number) | undefined;
}

/** Options of a store whose ledger is a file. */
export interface FileStoreOptions {
  path: string;
  /** The clock, ms since the epoch. */
  now?: (() => number) | undefined;
  /** The file system; tests pass one that fails. */
  disk?: Disk | undefined;
  /** Whether this process records one usage and exits. Then a JSON ledger keeps a checkpoint (see `checkpoint.ts`). */
  oneShot?: boolean | undefined;
}
