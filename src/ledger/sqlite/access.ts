import { UsageError } from '../../usage/record.ts';
import type { Disk } from '../../system/disk.ts';
import { refuseForeignFile } from '../foreignFile.ts';
import { refuseMountedFile, resolvePlace } from '../place.ts';
import { Connection, Replaced } from './connection.ts';
import { explainSqlite, isDamage } from './engine.ts';
import { repairDatabase } from './repair/repair.ts';
import { remainsOf } from './state.ts';

/**
 * The way to the database of a ledger: opened when it is needed and there, made when something is to be written, opened
 * anew when it was replaced, and mended when it is damaged.
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

  /** @param onOther is called whenever what was known of the database before no longer holds. */
  constructor(disk: Disk, path: string, now: () => number, onOther: () => void) {
    this.#disk = disk;
    this.#path = path;
    this.#now = now;
    this.#onOther = onOther;
  }

  /** How often a database was opened: tells one from the next. */
  get count(): number {
    return this.#count;
  }

  /** What is open now. */
  get current(): Connection | undefined {
    return this.#connection;
  }

  /** The open database; undefined when there is none. @throws {LedgerError} when it cannot be opened. */
  opened(): Promise<Connection | undefined> {
    return this.attempt(() => this.#opened(false));
  }

  /**
   * Several steps on one database; once more when it is replaced by another meanwhile. undefined: there is none.
   * @throws {LedgerError} when they could not be done.
   */
  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T | undefined> {
    for (;;) {
      const connection = await this.opened();
      if (!connection) return undefined;
      try {
        return await work(connection);
      } catch (error) {
        if (!(error instanceof Replaced)) throw explainSqlite(error, this.#path);
        await this.letGo();
      }
    }
  }

  /**
   * A transaction on the ledger, which is made if it is not there, and mended if it is damaged.
   * @throws {LedgerError} when it could not be done, and what `work` throws of our own.
   */
  async write<T>(work: (connection: Connection) => T): Promise<T> {
    let mended = false;
    for (;;) {
      try {
        if (!this.#isReplaceable) refuseMountedFile((await resolvePlace(this.#disk, this.#path)).path);
        this.#isReplaceable = true;
        // Whether it is still the ledger's is asked within the transaction, where it counts.
        const open = this.#connection?.isFrozen === false ? this.#connection : undefined;
        const connection = open ?? (await this.#opened(true))!;
        return await connection.write(() => work(connection));
      } catch (error) {
        if (error instanceof UsageError) throw error;
        if (!(error instanceof Replaced) && (!isDamage(error) || mended)) throw explainSqlite(error, this.#path);
        await this.letGo();
        if (error instanceof Replaced) continue;
        mended = true;
        await this.attempt(async () => {
          const place = await resolvePlace(this.#disk, this.#path);
          await refuseForeignFile(this.#disk, place);
          await repairDatabase(this.#disk, place, this.#now(), false);
        });
      }
    }
  }

  /** Runs `work`, with its errors in words for people. */
  async attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof UsageError ? error : explainSqlite(error, this.#path);
    }
  }

  /** Closes what is open. */
  async letGo(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#onOther();
    await connection?.close().catch(() => undefined);
  }

  async #opened(forWriting: boolean): Promise<Connection | undefined> {
    const { isCurrent = true, isFrozen = false } = this.#connection ?? {};
    if (!isCurrent || (isFrozen && forWriting)) await this.letGo();
    if (this.#connection) return this.#connection;
    this.#opening ??= this.#open(forWriting).finally(() => (this.#opening = undefined));
    const connection = await this.#opening;
    return connection ?? (forWriting ? this.#opened(true) : undefined);
  }

  async #open(forWriting: boolean): Promise<Connection | undefined> {
    const place = await resolvePlace(this.#disk, this.#path);
    // A ledger that is gone although it has a backup comes back with what that holds.
    if (forWriting && (await remainsOf(this.#disk, place))) await repairDatabase(this.#disk, place, this.#now(), false);
    this.#connection = await (forWriting
      ? Connection.create(this.#disk, place.path)
      : Connection.open(this.#disk, place.path));
    this.#count++;
    this.#onOther();
    return this.#connection;
  }
}
