import type { UsageRecord } from '../usage/record.ts';

/**
 * - `ok`: everything is readable.
 * - `missing`: there is no file (yet); this counts as an empty ledger.
 * - `damaged`: part of it cannot be read; the numbers cover the rest. `problems` has details.
 * - `unavailable`: the file cannot be opened (permissions, a folder in its place, ...).
 */
export type LedgerHealth = 'ok' | 'missing' | 'damaged' | 'unavailable';

export interface LedgerState {
  /** Increases with every change that a refresh finds. */
  version: number;
  health: LedgerHealth;
  problems: Problem[];
  /** Readable records, including those waiting in journals. */
  records: number;
  /** Those of them that are durable in a journal but not yet in the ledger's file. */
  pending: number;
  /** Elements of the file that are not usage records. They are kept, but not included in totals. */
  unreadable: number;
  /** Size of the ledger's file. */
  bytes: number;
  /** Modification time of the file, ms since the epoch; undefined when it is missing. */
  modifiedAt: number | undefined;
}

export type ProblemCode =
  | 'not-json'
  | 'not-an-array'
  | 'truncated'
  | 'trailing-content'
  | 'byte-order-mark'
  | 'invalid-utf8'
  | 'empty-file'
  | 'unreadable-element'
  | 'duplicate-id'
  | 'lost-file'
  /** An automatic recovery may not have found every record, and the user has not run a repair since. */
  | 'incomplete'
  /** Records are durable in journals, but cannot be written to the ledger's file. */
  | 'not-committed'
  /** A file or folder of another program is in the place of the commit lock. */
  | 'obstructed-lock'
  | 'damaged-database'
  | 'unreadable-journal'
  | 'unreadable-file'
  | 'kept-aside'
  | 'unavailable';

/** A finding about a ledger: a message, and a code for programs. */
export interface Problem {
  code: ProblemCode;
  /** `warning`: nothing is lost or uncounted, but it is worth knowing. `error`: the numbers do not cover everything. */
  severity: 'warning' | 'error';
  message: string;
  /** The file concerned, if it is not the ledger itself. */
  file?: string;
  /** Byte offset in the file. */
  offset?: number;
  /** 1-based. */
  line?: number;
  /** The id of the record concerned. */
  usageId?: string;
}

/** A record with its text in the ledger, which includes fields and digits that parsing would lose. `record` is what `readStored` returns for the text. */
export interface StoredElement {
  record: UsageRecord;
  text: string;
}

/** The result of recording one usage. */
export interface Tracked {
  /** `recorded`: added now. `present`: already in the ledger with the same values; it counts once. */
  status: 'recorded' | 'present';
  /** The record in the ledger. */
  record: UsageRecord;
}

export interface AdoptResult {
  adopted: number;
  /** Number of records that were already there with the same content. */
  present: number;
  /** Ids that were already there with different content, which was kept. */
  differing: string[];
  /** Records that this store cannot store. */
  refused: { usageId: string; reason: string }[];
}

export interface RemoveResult {
  removed: UsageRecord[];
  missing: string[];
}

export interface ClearResult {
  removed: number;
  /** The file that contains the cleared records; undefined when there were none. */
  keptIn: string | undefined;
}

/**
 * Computes the records that the ledger should contain, each replacing the one with its id, from the current records. It is
 * called again when others have written in the meantime, so it must be pure; it returns nothing once all of them are there.
 */
export interface UpsertPlan {
  (get: (usageId: string) => UsageRecord | undefined): readonly UsageRecord[];
  /** The ids that it asks for, if they are known: a store on another machine reads them at once. */
  ids?: readonly string[] | undefined;
}

export interface UpsertResult {
  added: number;
  replaced: number;
}

/** The new cost of a record, and new values of its other fields. null means that a field has no value. */
export interface CostChange {
  usageId: string;
  fields: Partial<UsageRecord>;
  /** The cost that the record must have for the change to apply; absent: any. */
  before?: Pick<UsageRecord, 'cost_usd' | 'cost_known'>;
}

export interface SetCostsResult {
  /** The records in their new state. */
  changed: UsageRecord[];
  /** Ids that do not exist in the ledger. */
  missing: string[];
  /** Ids of records whose cost is no longer `before`; they were not changed. */
  differing: string[];
}

export interface UndoResult {
  /** The change that was undone. `add` and `import`: the added records were removed again. */
  undone: 'remove' | 'clear' | 'replace' | 'add' | 'import';
  /** Time of that change, ISO 8601. */
  at: string;
  /** For `add` of a single record: its id. */
  usageId?: string;
  /** Number of records restored, with their old cost again (`replace`), or removed again (`add`, `import`). */
  records: number;
  /** For `import`: number of records that the import updated. They stay as they are. Absent: none. */
  updated?: number;
}

export interface Verification {
  path: string;
  health: LedgerHealth;
  problems: Problem[];
  records: number;
  pending: number;
  unreadable: number;
  bytes: number;
  /** All files of the ledger with their meaning. */
  files: { path: string; role: SideFileRole; bytes: number; records?: number; meaning: string }[];
}

export type SideFileRole =
  | 'ledger'
  | 'previous'
  | 'backup'
  | 'journal'
  | 'token'
  | 'lock'
  | 'undo-log'
  | 'cleared'
  | 'replaced'
  | 'kept-aside'
  | 'checkpoint'
  | 'growth'
  | 'incomplete'
  | 'foreign-temporary';

export interface RepairResult {
  /** The steps that were taken or, in a dry run, would be taken, as messages. Empty: nothing to repair. */
  actions: string[];
  /** Number of records in the ledger afterwards. */
  records: number;
  /** Those of them that came from a backup or from the damaged text. */
  recovered: number;
  /** The file that keeps the unreadable bytes; undefined when there were none. */
  keptIn: string | undefined;
}

export type LedgerErrorCode =
  | 'not-a-file'
  | 'no-access'
  | 'password'
  | 'read-only'
  | 'mounted'
  | 'disk-full'
  | 'dangling-link'
  | 'no-folder'
  | 'too-large'
  | 'damaged'
  | 'busy'
  | 'closed'
  | 'strict'
  | 'unsupported'
  | 'io';

/** A failure not caused by the record. The message gives the problem and the remedy; nothing was changed. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly code: LedgerErrorCode;

  /** Bundles that are loaded on demand have a copy of this class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'LedgerError';
  }

  constructor(code: LedgerErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
