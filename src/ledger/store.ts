import type { ColumnPass } from '../columns/columnPass.ts';
import { UsageTable } from '../columns/table.ts';
import { nextTurn } from '../system/turns.ts';
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

/** One record to add. */
export interface Addition {
  record: UsageRecord;
  /** The text to store, byte for byte: the record as one line of JSON. */
  text: string;
  /**
   * The fields that the caller gave, if the caller chose the id. If a stored record has the same values in these fields, this
   * addition is a repetition. Absent: the id is new (`all`), or whole elements are compared (`each`).
   */
  given?: UsageInput | undefined;
}

/**
 * - `recorded`: added.
 * - `present`: a record with this id and the same content already exists; it is not changed.
 * - `differing`: a record with this id and other content already exists; it is not changed.
 * - `refused`: the store cannot store it for the given `reason`.
 */
export type Appended =
  | { status: 'recorded' | 'present' | 'differing'; record: UsageRecord }
  | { status: 'refused'; record: UsageRecord; reason: string };

/**
 * - `all`: adds all or none. Throws for an addition that differs from the stored record, or that the store cannot store.
 * - `each`: handles each addition separately.
 */
export type AppendMode = 'all' | 'each';

/**
 * Computes the records that the store should contain, each replacing the one with its id, from the current records. The store
 * calls it again when others have written in the meantime, so it must be pure; it returns nothing once all of them are there.
 */
export interface ReplacePlan {
  (get: (usageId: string) => StoredElement | undefined): readonly StoredElement[];
  /** The ids that it asks for, if they are known: a store on another machine reads them at once. */
  ids?: readonly string[] | undefined;
}

export type StoreState = Omit<LedgerState, 'version'>;

/** The result of reading the stored contents. */
export interface Look {
  state: StoreState;
  /** Identifies these contents: different contents have different cursors. */
  cursor: string;
}

/**
 * The contract of a store: a durable place for one ledger that many processes use concurrently. {@link Ledger} adds validation,
 * pricing and identity.
 *
 * Queries (`aggregate`, `page`, `elements`, `holds`, `changesSince`) are answered as of the last {@link look}, which must have
 * been called at least once. Errors are a `LedgerError` with a readable message, or a `UsageError` for a refused record.
 */
export interface Store {
  /** The ledger's name: an absolute path or a URL. */
  readonly name: string;

  /** Reads the stored contents. Cheap when nothing changed. Never rejects: problems are part of the state. */
  look(): Promise<Look>;
  /** Calls `onChange` soon after any process may have changed the contents. This is only a hint: it may be called too often. */
  watch(onChange: () => void): { dispose(): void };

  /** Adds records. Resolves once they are durable, with one result per addition, in order. */
  append(additions: readonly Addition[], mode: AppendMode): Promise<Appended[]>;
  /**
   * Adds and replaces records as computed by `plan`, in one atomic change.
   * @param undoable whether {@link undo} can restore the replaced records.
   */
  replace(plan: ReplacePlan, undoable: boolean): Promise<UpsertResult>;
  /** Removes records. @param undoable whether {@link undo} can restore them. */
  remove(ids: readonly string[], undoable: boolean): Promise<RemoveResult>;
  /**
   * Removes many records, which {@link undo} cannot restore, without reading them. Absent: {@link remove} is as fast.
   * @returns how many there were.
   */
  drop?(ids: readonly string[]): Promise<number>;
  /** Removes all records, and keeps them for {@link undo}. */
  clear(): Promise<ClearResult>;
  /** Undoes the last undoable change, whichever process made it. Resolves with undefined when there is none. */
  undo(dryRun: boolean): Promise<UndoResult | undefined>;
  /** Waits until other programs can read all additions in the ledger. Resolves with false after `timeoutMs`. */
  flush(timeoutMs: number): Promise<boolean>;

  aggregate(query: AggregateQuery): Promise<Group[]>;
  page(query: PageQuery): Promise<Page>;
  /** Hands the columns of the records to a pass. Absent: the ledger makes columns of all {@link elements}. */
  pass?<T>(pass: ColumnPass<T>): Promise<T>;
  /** All records with their text, in the order of addition, some thousand at a time. */
  elements(): AsyncIterable<readonly StoredElement[]>;
  /**
   * The records added since the contents had this cursor, which may be of another process, as {@link elements} gives them.
   * Undefined when there were other changes. Absent: the store's cursors do not tell.
   */
  elementsSince?(cursor: string): AsyncIterable<readonly StoredElement[]> | undefined;
  /** The ids among `ids` that the store contains. */
  holds(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * The ids of the records added since the contents had this cursor, some thousand at a time and in no particular order;
   * without a cursor, of all records. Undefined when the store cannot determine this, or when there were other changes.
   */
  changesSince(cursor: string | undefined): Promise<AsyncIterable<readonly string[]> | undefined>;
  /** Excludes these records from all totals and pages from now on. Replaces the ids of an earlier call. */
  exclude(ids: ReadonlySet<string>): Promise<void>;

  /** Reads all files of the ledger and describes its state. Changes nothing. */
  verify(): Promise<Verification>;
  /** Repairs everything that {@link verify} finds. With `dryRun`, describes the repair without changing anything. */
  repair(dryRun: boolean): Promise<RepairResult>;
  /** Finishes pending work and releases all resources. */
  close(): Promise<void>;
}

/**
 * Hands the columns of a store to a pass. For a store without columns, they are made of all its records.
 * @param excluded ids of records that another ledger counts.
 */
export async function passOver<T>(store: Store, pass: ColumnPass<T>, excluded: ReadonlySet<string>): Promise<T> {
  if (store.pass) return store.pass(pass);
  const table = new UsageTable();
  const ledger = table.addLedger(store.name);
  for await (const elements of store.elements()) {
    for (const { record } of elements) if (!excluded.has(record.usage_id)) table.add(ledger, record, 0);
  }
  return table.passSliced(pass, nextTurn);
}
