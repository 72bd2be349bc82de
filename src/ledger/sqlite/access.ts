import { UsageError } from '../../usage/record.ts';
import type { Disk } from '../../system/disk.ts';
import { refuseForeignFile } from '../foreignFile.ts';
import { refuseMountedFile, resolvePlace, whyNotReplaceable } from '../place.ts';
import { LedgerError } from '../results.ts';
import { Connection, Replaced } from './connection.ts';
import { explainSqlite, isDamage } from './engine.ts';
import { repairDatabase } from './repair/repair.ts';
import { leftoversOf } from './state.ts';

/**
 * Manages the connection to a ledger's database: opens it on demand, creates it before the first write, reopens it after it was
 * replaced, and repairs it when it is damaged.
 */
export class Access {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #now: () => number;
  readonly #onOther: () => void;
  #connection: Connection | undefined;
  #opening: Promise<Connection | undefined> | undefined;
  #count = 0;
  #isReplaceable = false;

  /** @param onOther called whenever earlier knowledge about the database has become invalid. */
  constructor(disk: Disk, path: string, now: () => number, onOther: () => void) {
    this.#disk = disk;
    this.#path = path;
    this.#now = now;
    this.#onOther = onOther;
  }

  /** How many times a database was opened; identifies the current connection. */
  get count(): number {
    return this.#count;
  }

  /** The open connection, if any. */
  get current(): Connection | undefined {
    return this.#connection;
  }

  /** Returns the open database; undefined when there is none. @throws {LedgerError} when it cannot be opened. */
  opened(): Promise<Connection | undefined> {
    return this.attempt(() => this.#opened(false));
  }

  /**
   * Runs several steps on one database, and repeats them if it is replaced in the meantime. Returns undefined when there is no
   * database.
   * @throws {LedgerError} when a step fails.
   */
  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T | undefined> {
    for (;;) {
      const connection = await this.opened();
      if (!connection) return undefined;
      try {
        return await work(connection);
      } catch (error) {
        if (!(error instanceof Replaced)) throw explainSqlite(error, this.#path);
        await this.release();
      }
    }
  }

  /**
   * Runs a transaction on the ledger, creating the database if missing and repairing it if damaged.
   * @throws {LedgerError} when it fails, and any error of ours that `work` throws.
   */
  async write<T>(work: (connection: Connection) => T): Promise<T> {
    let mended = false;
    for (;;) {
      try {
        if (!this.#isReplaceable) refuseMountedFile((await resolvePlace(this.#disk, this.#path)).path);
        this.#isReplaceable = true;
        // Whether the connection still belongs to the ledger is checked inside the transaction.
        const open = this.#connection?.isFrozen === false ? this.#connection : undefined;
        const connection = open ?? (await this.#opened(true))!;
        return await connection.write(() => work(connection));
      } catch (error) {
        if (error instanceof UsageError) throw error;
        if (!(error instanceof Replaced) && (!isDamage(error) || mended)) throw await this.#explained(error);
        await this.release();
        if (error instanceof Replaced) continue;
        mended = true;
        await this.attempt(async () => {
          const place = await resolvePlace(this.#disk, this.#path);
          await refuseForeignFile(this.#disk, place);
          await repairDatabase(this.#disk, place, this.#now(), 'automatic');
        });
      }
    }
  }

  /** Runs `work`, converting its errors to readable ones. */
  async attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof UsageError ? error : explainSqlite(error, this.#path);
    }
  }

  /** SQLite's error code does not show that the file is immutable. */
  async #explained(error: unknown): Promise<LedgerError> {
    const explained = explainSqlite(error, this.#path);
    if (explained.code !== 'no-access' && explained.code !== 'read-only') return explained;
    const { path } = await resolvePlace(this.#disk, this.#path);
    const reason = whyNotReplaceable(path);
    return reason === undefined ? explained : new LedgerError('read-only', reason, { cause: error });
  }

  /** Closes the connection. */
  async release(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#onOther();
    await connection?.close().catch(() => undefined);
  }

  async #opened(forWriting: boolean): Promise<Connection | undefined> {
    const { isCurrent = true, isFrozen = false } = this.#connection ?? {};
    if (!isCurrent || (isFrozen && forWriting)) await this.release();
    if (this.#connection) return this.#connection;
    this.#opening ??= this.#open(forWriting).finally(() => (this.#opening = undefined));
    const connection = await this.#opening;
    return connection ?? (forWriting ? this.#opened(true) : undefined);
  }

  async #open(forWriting: boolean): Promise<Connection | undefined> {
    const place = await resolvePlace(this.#disk, this.#path);
    // A database that is missing although it has a backup is restored from the backup.
    if (forWriting && (await leftoversOf(this.#disk, place)))
      await repairDatabase(this.#disk, place, this.#now(), 'automatic');
    this.#connection = await (forWriting
      ? Connection.create(this.#disk, place.path)
      : Connection.open(this.#disk, place.path));
    this.#count++;
    this.#onOther();
    return this.#connection;
  }
}
