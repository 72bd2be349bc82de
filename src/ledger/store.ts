import type { AggregateQuery, Group, Page, PageQuery } from '../usage/query.ts';
import type { UsageInput, UsageRecord } from '../usage/record.ts';
import type {
  ClearResult,
  LedgerState,
  RemoveResult,
  RepairResult,
  StoredElement,
  UndoResult,
  UpsertResult,
  Verification,
} from './results.ts';

/** One record to be added. */
export interface Addition {
  record: UsageRecord;
  /** The text that the store keeps, byte for byte: the record as one line of JSON. */
  text: string;
  /**
   * The fields that the caller gave, where the caller chose the id. A stored record that has the same values in them makes
   * this addition a repetition. Absent: the id is new (`all`), or whole elements are compared (`each`).
   */
  given?: UsageInput | undefined;
}

/**
 * - `recorded`: added.
 * - `present`: a record with this id is there already and says the same; it stays as it is.
 * - `differing`: a record with this id is there already and says something else; it stays as it is.
 * - `refused`: the store cannot hold it, `reason` says why.
 */
export type Appended =
  | { status: 'recorded' | 'present' | 'differing'; record: UsageRecord }
  | { status: 'refused'; record: UsageRecord; reason: string };

/**
 * - `all`: adds all or none. An addition that differs from the stored record, or that the store cannot hold, throws.
 * - `each`: judges each addition alone.
 */
export type AppendMode = 'all' | 'each';

/**
 * Computes the records that the store shall hold, each in the place of the one with its id, from those that it holds. The
 * store calls it again when others wrote in between, so it must be pure. It returns nothing once all of them are there.
 */
export type ReplacePlan = (get: (usageId: string) => StoredElement | undefined) => readonly StoredElement[];

export type StoreState = Omit<LedgerState, 'version'>;

/** The result of a look at the stored contents. */
export interface Look {
  state: StoreState;
  /** Names these contents: two looks at different contents have different cursors. */
  cursor: string;
}

/**
 * The contract of a store: a place that keeps one ledger durably and that many processes use at once. {@link Ledger} adds
 * validation, pricing and identity.
 *
 * Questions (`aggregate`, `page`, `elements`, `holds`, `changesSince`) are answered from the last {@link look}; there was
 * at least one before. Errors are `LedgerError` with a text for people, or `UsageError` for a record that is refused.
 */
export interface Store {
  /** The ledger's name: an absolute path or a URL. */
  readonly name: string;

  /** Looks at the stored contents. Cheap when nothing changed. Never rejects: the state says what is wrong. */
  look(): Promise<Look>;
  /** Calls `onChange` soon after the contents may have changed, by any process. It is a hint: it may come too often. */
  watch(onChange: () => void): { dispose(): void };

  /** Adds records. Resolves once they are durable, with one result for each addition, in order. */
  append(additions: readonly Addition[], mode: AppendMode): Promise<Appended[]>;
  /**
   * Adds and replaces records as `plan` says, in one atomic change.
   * @param undoable whether {@link undo} brings the replaced records back.
   */
  replace(plan: ReplacePlan, undoable: boolean): Promise<UpsertResult>;
  /**
   * Takes records out.
   * @param undoable whether {@link undo} brings them back.
   */
  remove(ids: readonly string[], undoable: boolean): Promise<RemoveResult>;
  /** Takes all records out, and keeps them for {@link undo}. */
  clear(): Promise<ClearResult>;
  /** Takes the last undoable change back, whichever process made it. Resolves with undefined when there is none. */
  undo(dryRun: boolean): Promise<UndoResult | undefined>;
  /** Waits until other programs can read all additions in the ledger. Resolves with false after `timeoutMs`. */
  flush(timeoutMs: number): Promise<boolean>;

  aggregate(query: AggregateQuery): Promise<Group[]>;
  page(query: PageQuery): Promise<Page>;
  /** All records with their text, oldest addition first, some thousand at a time. */
  elements(): AsyncIterable<readonly StoredElement[]>;
  /** The ids among `ids` that the store holds. */
  holds(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * The ids of the records that were added since the look that had this cursor, some thousand at a time and in no order;
   * without a cursor, of all records. Undefined when the store cannot tell, or when there were other changes too.
   */
  changesSince(cursor: string | undefined): Promise<AsyncIterable<readonly string[]> | undefined>;
  /** Leaves these records out of all totals and pages from now on. Replaces the ids of an earlier call. */
  exclude(ids: ReadonlySet<string>): Promise<void>;

  /** Reads everything that belongs to the ledger and explains its state. Changes nothing. */
  verify(): Promise<Verification>;
  /** Repairs everything that {@link verify} finds. With `dryRun`, says what it would do and changes nothing. */
  repair(dryRun: boolean): Promise<RepairResult>;
  /** Finishes what is under way, and releases everything. */
  close(): Promise<void>;
}
