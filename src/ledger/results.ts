import type { CostFields } from '../pricing/costSource.ts';
import type { UsageRecord } from '../usage/record.ts';

/**
 * - `ok`: a JSON array, all of it readable.
 * - `missing`: no file (yet); it counts as an empty ledger.
 * - `damaged`: something in it cannot be read; the numbers cover the rest. `problems` says what.
 * - `unavailable`: the file cannot be opened (permissions, a folder in its place, ...).
 */
export type LedgerHealth = 'ok' | 'missing' | 'damaged' | 'unavailable';

export interface LedgerState {
  /** Grows with every change that a refresh sees. */
  version: number;
  health: LedgerHealth;
  problems: Problem[];
  /** Readable records, those that wait in journals included. */
  records: number;
  /** Of them, the ones that are durable in a journal but not yet in the ledger's file. */
  pending: number;
  /** Elements of the file that are no usage record. They stay in it, and in no sum. */
  unreadable: number;
  /** Size of the ledger's file. */
  bytes: number;
  /** When the file was last changed, ms since the epoch; undefined when it is missing. */
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
  /** Records are durable in journals, and cannot get into the ledger's file. */
  | 'not-committed'
  /** A file or folder of another program stands where the lock of the commits goes. */
  | 'obstructed-lock'
  | 'damaged-database'
  | 'unreadable-journal'
  | 'unreadable-file'
  | 'kept-aside'
  | 'unavailable';

/** One finding about a ledger, in words for people and a code for programs. */
export interface Problem {
  code: ProblemCode;
  /** `warning`: nothing is lost or uncounted, but worth knowing. `error`: the numbers do not cover everything. */
  severity: 'warning' | 'error';
  message: string;
  /** Where: a file beside the ledger when it is not the ledger itself. */
  file?: string;
  /** Bytes from the start of the file. */
  offset?: number;
  /** 1-based. */
  line?: number;
  /** The id of the record concerned. */
  usageId?: string;
}

/** A record with the text that it has in its ledger: fields and digits that no parser keeps are in it. */
export interface StoredElement {
  record: UsageRecord;
  text: string;
}

/** The result of recording one usage. */
export interface Tracked {
  /** `recorded`: added now. `present`: it was in the ledger already, with the same values, and counts once. */
  status: 'recorded' | 'present';
  /** The record in the ledger. */
  record: UsageRecord;
}

export interface AdoptResult {
  adopted: number;
  /** Were there already, saying the same. */
  present: number;
  /** Ids that were there already, saying something else: these stayed as they are. */
  differing: string[];
  /** What this store cannot hold. */
  refused: { usageId: string; reason: string }[];
}

export interface RemoveResult {
  removed: UsageRecord[];
  missing: string[];
}

export interface ClearResult {
  removed: number;
  /** The file that holds what was cleared; undefined when there was nothing to keep. */
  keptIn: string | undefined;
}

/**
 * Says which records shall stand in the ledger, each in the place of the one with its id, given what stands there at that
 * moment. It is asked again when others wrote meanwhile, so it must only compute; once they stand there, it says none.
 */
export type UpsertPlan = (get: (usageId: string) => UsageRecord | undefined) => readonly UsageRecord[];

export interface UpsertResult {
  added: number;
  replaced: number;
}

/** What a record shall say of its cost. */
export interface CostChange {
  usageId: string;
  fields: CostFields;
  /** What it must say for the change to hold; absent: anything. */
  before?: Pick<UsageRecord, 'cost_usd' | 'cost_known'>;
}

export interface SetCostsResult {
  /** The records as they stand now. */
  changed: UsageRecord[];
  /** Ids that are not in the ledger's file. */
  missing: string[];
  /** Ids of records whose cost was not (or no more) what `before` says; they were left alone. */
  differing: string[];
}

export interface UndoResult {
  /** The change that was taken back. `add`: records that were added are out of the ledger again. */
  undone: 'remove' | 'clear' | 'replace' | 'add';
  /** The time of that change: ISO 8601. */
  at: string;
  /** How many records came back, have their old cost again (`replace`), or are out of the ledger again (`add`). */
  records: number;
}

export interface Verification {
  path: string;
  health: LedgerHealth;
  problems: Problem[];
  records: number;
  pending: number;
  unreadable: number;
  bytes: number;
  /** Every file beside the ledger that belongs to it, and what it is. */
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
  | 'foreign-temporary';

export interface RepairResult {
  /** What was (or, in a dry run, would be) done, step by step, in words. Empty: nothing to mend. */
  actions: string[];
  /** Records in the ledger afterwards. */
  records: number;
  /** Of them, those that came back from a backup or out of the damaged text. */
  recovered: number;
  /** The file that keeps the bytes which could not be read; undefined when there were none. */
  keptIn: string | undefined;
}

export type LedgerErrorCode =
  | 'not-a-file'
  | 'no-access'
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

/** Something outside the record went wrong. The message says what and what to do; nothing was changed. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly code: LedgerErrorCode;
  constructor(code: LedgerErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
