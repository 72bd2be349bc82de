import type { CostSource } from '../pricing/costSource.ts';
import type { Disk } from '../system/disk.ts';
import type { UsageRecord } from '../usage/record.ts';

/**
 * When a ledger notes its additions for later processes: `each` at once, or all of them `together` in one note when the
 * ledger is closed. Absent: only the object that added them can undo them.
 */
export type NoteAdditions = 'each' | 'together' | undefined;

export interface LedgerOptions {
  /** The recording program, stored as `source` in records that do not name one. */
  source?: string | undefined;
  /** Accept only records that inkwell can read. Default: true if the ledger is inkwell's own. */
  strict?: boolean | undefined;
  /** Prices usage that has no cost. Absent: such usage is recorded as unpriced. */
  pricing?: CostSource | undefined;
  /** Fills in fields by rules of the user, before the usage is priced. Strict ledgers do not call it. */
  assign?: ((records: readonly UsageRecord[]) => Promise<void>) | undefined;
  /** The clock, ms since the epoch. */
  now?: (() => number) | undefined;
  /** Whether later processes of the same user can undo additions, too. Default: only this object can. */
  noteAdditions?: NoteAdditions;
  /** The file system of the notes. */
  disk?: Disk | undefined;
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
