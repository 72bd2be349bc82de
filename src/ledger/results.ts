import type { AggregateQuery, Group, Page, PageQuery, Totals, UsageFilter } from '../usage/query.ts';
import type { CostFields } from '../pricing/costSource.ts';
import type { UsageInput, UsageRecord } from '../usage/record.ts';

/**
 * What a ledger is to all code above it, whatever its store. {@link CostTracker} is the one that other programs see.
 */
export interface Ledger {
  /** The ledger's file, absolute. */
  readonly path: string;
  /** true: only what inkwell can read is taken, because inkwell writes this file too. */
  readonly strict: boolean;

  /**
   * Records one usage. Resolves with the stored record once it is durable: from then on no crash loses it.
   * @throws {UsageError} when the record is refused, {@link LedgerError} when it could not be made durable. Either way it
   * is not recorded.
   */
  track(usage: UsageInput): Promise<UsageRecord>;
  /** Records all or none: one validation, one fsync, in the order given. */
  trackAll(usages: readonly UsageInput[]): Promise<UsageRecord[]>;
  /**
   * Takes records of another ledger over as they stand there, whatever rules a new one would break. Durable when it
   * resolves; of ids that are there already the records stay.
   */
  adopt(elements: readonly StoredElement[]): Promise<AdoptResult>;
  /** Waits until everything acknowledged so far stands in the ledger's file; false if `timeoutMs` passed before. */
  flush(timeoutMs?: number): Promise<boolean>;

  /** Looks at the disk now, and says what is there. Cheap when nothing changed. */
  refresh(): Promise<LedgerState>;
  /** What the last look at the disk found. */
  readonly state: LedgerState;

  /** Totals by groups over the last {@link refresh}; asks for one itself when there was none. */
  aggregate(query: AggregateQuery): Promise<Group[]>;
  /** One page of records over the last {@link refresh}. */
  page(query: PageQuery): Promise<Page>;
  /** The ids that the last {@link refresh} found, in no order. */
  ids(): Iterable<string>;
  has(usageId: string): boolean;
  /**
   * The ids that came since {@link mark} was this; undefined where that cannot be said, because of other
   * changes in between or in this store.
   */
  addedSince?(mark: string): Iterable<string> | undefined;
  /** What {@link addedSince} goes by: what the last look found. */
  readonly mark?: string;
  /** Leaves these records out of totals and pages from now on: another ledger of the same view counts them. */
  exclude(ids: ReadonlySet<string>): void;
  /** All records with their text, oldest first in the order of the file, some thousand at a time. */
  stored(): AsyncIterable<StoredElement[]>;
  /** All records, oldest first in the order of the file. */
  read(): Promise<UsageRecord[]>;
  /** The grand total of the records that match. */
  summary(filter?: UsageFilter): Promise<Totals>;
  /** The newest records by their time, newest first. */
  recent(count: number): Promise<UsageRecord[]>;

  /** Takes records out of the ledger, keeping them for {@link undo}. Ids that are not there are named in `missing`. */
  remove(ids: readonly string[]): Promise<RemoveResult>;
  /** Empties the ledger, keeping all of it in a file beside it for {@link undo}. */
  clear(): Promise<ClearResult>;
  /**
   * Sets the costs of records anew, all in one commit, keeping what they said before for {@link undo}. Everything else in
   * them stays as it is, byte for byte.
   */
  setCosts(changes: readonly CostChange[]): Promise<SetCostsResult>;
  /**
   * Adds records and replaces others, all in one commit, for whoever knows of each usage by its id and more of it as time
   * goes by. Not for {@link undo}: the same import does it again.
   */
  upsert(plan: UpsertPlan): Promise<UpsertResult>;
  /** Takes the last remove, clear or setting of costs back, by whichever process it was. undefined: there is nothing to undo. */
  undo(options?: { dryRun?: boolean }): Promise<UndoResult | undefined>;

  /** Reads everything that belongs to the ledger and explains its state. Changes nothing. */
  verify(): Promise<Verification>;
  /** Mends what {@link verify} found. With `dryRun`, says what it would do and changes nothing. */
  repair(options?: { dryRun?: boolean }): Promise<RepairResult>;

  /** Calls `listener` after each change of what {@link refresh} would find, by whomever, coalesced. */
  watch(listener: (state: LedgerState) => void): { dispose(): void };
  /** Commits what waits, releases everything. What could not be committed stays durable in the journal. */
  close(): Promise<void>;
}

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
  undone: 'remove' | 'clear' | 'replace';
  /** When what is undone was done: ISO 8601. */
  at: string;
  /** How many records came back, or of a `replace`, say what they said before. */
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
