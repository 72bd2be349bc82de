import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Disk, Signature } from '../../system/disk.ts';
import { fsyncFolder, pause, sameInode, sameVersion, signatureOf, unlinkIfThere } from '../../system/disk.ts';
import { errno } from '../../system/errno.ts';
import { acquireLock } from '../../system/lock.ts';
import { sideFileName } from '../../system/sideFiles.ts';
import type { Cells, Database, SQLInputValue, Statement } from './engine.ts';
import { isBusy, isUnwritable, sqliteEngine } from './engine.ts';
import { hasLog, moveLogAside } from './log.ts';
import { migrate, renewView, SCHEMA_VERSION, schemaVersion } from './schema.ts';

/** How long SQLite itself waits for another writer before we continue waiting without blocking the event loop. */
const BUSY_INSIDE_MS = 15;
/** How long a read waits, which happens only while another process recovers or closes the database. */
const BUSY_READ_MS = 2_000;
/** Writers need a few ms each, so a wait this long means that a writer never releases the lock. */
const BUSY_MS = 60_000;

/**
 * An open database file: its settings, prepared statements, and write transactions that wait for others without blocking.
 *
 * A repair or a user may replace the file of an open connection. A write would then go to a file that is no longer read, so
 * every write checks, once it has the lock, that its file is still the one with that name.
 */
export class Connection {
  readonly path: string;
  /** The location passed to SQLite: the path, or a URI that says how to open it. */
  readonly location: string;
  readonly db: Database;
  /**
   * Opened without a log, because none can be created here: on a read-only disk, or in another user's folder. Later writes are
   * not visible, so the connection is valid only while the file is unchanged: see {@link isCurrent}.
   */
  readonly isFrozen: boolean;
  readonly #disk: Disk;
  readonly #identity: Signature;
  readonly #statements = new Map<string, Statement>();
  #writing: Promise<unknown> = Promise.resolve();
  #inTransaction = false;
  #expectsMany = false;
  #isOpen = true;
  #viewIsRenewed = false;

  private constructor(disk: Disk, path: string, identity: Signature, isFrozen: boolean) {
    this.#disk = disk;
    this.path = path;
    this.#identity = identity;
    this.isFrozen = isFrozen;
    this.location = isFrozen ? `${pathToFileURL(path).href}?immutable=1` : path;
    this.db = new (sqliteEngine().DatabaseSync)(this.location, { readOnly: isFrozen });
  }

  /**
   * Opens an existing database and migrates it to our schema; undefined when there is no file, or an empty one.
   * @throws an error of SQLite, or a LedgerError when the file belongs to another program.
   */
  static async open(disk: Disk, path: string): Promise<Connection | undefined> {
    let identity: Signature;
    try {
      identity = signatureOf(disk.statSync(path));
    } catch (error) {
      if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR') return undefined;
      throw error;
    }
    if (identity.size === 0n && !hasLog(disk, path)) return undefined;
    try {
      return await Connection.#connect(disk, path, identity);
    } catch (error) {
      // Records in a log cannot be read here, and must not be ignored.
      if (!isUnwritable(error) || hasLog(disk, path)) throw error;
      return Connection.#connect(disk, path, identity, true);
    }
  }

  /** Creates an empty ledger unless one exists, completely or not at all; of several concurrent processes, one creates it. */
  static async create(disk: Disk, path: string): Promise<Connection> {
    const there = await Connection.open(disk, path);
    if (there) return there;
    await disk.mkdir(dirname(path));
    // SQLite would apply the log of a deleted database to the new one, and corrupt it.
    if (hasLog(disk, path)) await moveOrphanAside(disk, path);
    // An existing empty file becomes the ledger.
    if (!disk.isThereSync(path)) await Connection.#make(disk, path);
    return Connection.#connect(disk, path, signatureOf(disk.statSync(path)));
  }

  /** Creates it under a temporary name, and renames it when it is complete. */
  static async #make(disk: Disk, path: string): Promise<void> {
    const temporary = join(dirname(path), sideFileName(basename(path), 'tmp'));
    const fd = await disk.open(temporary, 'wx', 0o600);
    try {
      const db = new (sqliteEngine().DatabaseSync)(temporary);
      try {
        db.exec('PRAGMA journal_mode = WAL; BEGIN IMMEDIATE');
        migrate(db, path);
        db.exec('COMMIT');
      } finally {
        db.close();
      }
      await disk.fsync(fd);
      await putInPlace(disk, temporary, path);
    } finally {
      await disk.close(fd);
      await unlinkIfThere(disk, temporary);
    }
    await fsyncFolder(disk, dirname(path));
  }

  static async #connect(disk: Disk, path: string, identity: Signature, isFrozen = false): Promise<Connection> {
    const connection = new Connection(disk, path, identity, isFrozen);
    const { db } = connection;
    try {
      db.exec(`PRAGMA busy_timeout = ${BUSY_INSIDE_MS}`);
      // The last process to close, and the first to open after a crash, lock the database exclusively for a moment.
      const version = await patiently(() => schemaVersion(db, path));
      if (version < SCHEMA_VERSION) {
        await patiently(() => db.exec('PRAGMA journal_mode = WAL'));
        await connection.write(() => migrate(db, path));
      }
      // FULL: a commit is on disk when it returns. The WAL is truncated again after a large transaction.
      db.exec('PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216; PRAGMA foreign_keys = ON');
      return connection;
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** Returns a prepared statement, cached. Integers are returned as numbers; those above 2^53 must be requested as `bigint`. */
  sql(text: string): Statement {
    let statement = this.#statements.get(text);
    if (!statement) {
      statement = this.db.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  /**
   * Prepares for transactions of thousands of records. Their random ids touch pages all over the index: with SQLite's default
   * cache of 2 MB and a checkpoint every 4 MB, the same pages would be read and written repeatedly.
   */
  expectMany(): void {
    if (this.#expectsMany) return;
    this.#expectsMany = true;
    this.db.exec('PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 8192');
  }

  /** The first row of a query; undefined when it has no rows. */
  first(text: string, ...parameters: SQLInputValue[]): Cells | undefined {
    return this.#patiently(() => this.sql(text).get(...parameters));
  }

  rows(text: string, ...parameters: SQLInputValue[]): Cells[] {
    return this.#patiently(() => this.sql(text).all(...parameters));
  }

  /** Runs several reads on the same state. */
  reading<T>(work: () => T): T {
    if (this.#inTransaction) return work();
    this.sql('BEGIN').run();
    try {
      // The first read determines the visible state, and is the only one that may have to wait.
      this.first('SELECT 1 FROM ledger');
      this.#inTransaction = true;
      return work();
    } finally {
      this.#inTransaction = false;
      this.sql('COMMIT').run();
    }
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether the open file is still the one with this name. */
  get isCurrent(): boolean {
    try {
      const now = signatureOf(this.#disk.statSync(this.path));
      return this.isFrozen
        ? sameVersion(now, this.#identity) && !hasLog(this.#disk, this.path)
        : sameInode(now, this.#identity);
    } catch {
      return false;
    }
  }

  /**
   * Runs `work` in a transaction that is on disk when this resolves. Waits for other writers; writers in this process take
   * turns.
   * @throws {Replaced} when the file was replaced: nothing was written, reopen it.
   */
  write<T>(work: () => T): Promise<T> {
    const turn = this.#writing.then(
      () => this.#write(work),
      () => this.#write(work),
    );
    this.#writing = turn.catch(() => undefined);
    return turn;
  }

  async #write<T>(work: () => T): Promise<T> {
    await this.#begin();
    try {
      if (!this.isCurrent) throw new Replaced();
      if (!this.#viewIsRenewed) renewView(this.db);
      const result = work();
      this.sql('COMMIT').run();
      this.#viewIsRenewed = true;
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  /** Reads wait only while another process recovers the database or closes it as the last one. */
  #patiently<T>(read: () => T): T {
    const giveUp = performance.now() + BUSY_READ_MS;
    for (;;) {
      try {
        return read();
      } catch (error) {
        if (!isBusy(error) || this.#inTransaction || performance.now() > giveUp) throw error;
      }
    }
  }

  #rollBack(): void {
    try {
      this.db.exec('ROLLBACK');
    } catch {
      // Some errors, such as a full disk, have already rolled back.
    }
  }

  async #begin(): Promise<void> {
    await patiently(() => {
      if (!this.#isOpen) throw new Replaced();
      this.sql('BEGIN IMMEDIATE').run();
    });
    this.#inTransaction = true;
  }

  /** Waits for pending writes, then closes. */
  async close(): Promise<void> {
    await this.#writing;
    this.#statements.clear();
    if (this.#isOpen) this.db.close();
    this.#isOpen = false;
  }
}

/** The open file is no longer the ledger. */
export class Replaced extends Error {
  override readonly name = 'Replaced';
  constructor() {
    super('the database file was replaced by another');
  }
}

/** Retries while another process has the lock, without blocking the event loop. */
async function patiently<T>(work: () => T): Promise<T> {
  const giveUp = performance.now() + BUSY_MS;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() > giveUp) throw error;
    }
    await pause(1 + Math.random() * 10);
  }
}

/** Takes the lock, and checks that there is still no database, so that at most one process handles the orphaned log. */
async function moveOrphanAside(disk: Disk, path: string): Promise<void> {
  const release = await acquireLock(disk, dirname(path), basename(path));
  try {
    if (hasLog(disk, path) && !disk.isThereSync(path)) await moveLogAside(disk, path);
  } finally {
    await release();
  }
}

/** Gives the file its final name unless that name exists. */
async function putInPlace(disk: Disk, temporary: string, path: string): Promise<void> {
  try {
    await disk.link(temporary, path);
  } catch (error) {
    if (errno(error) !== 'EEXIST') throw error;
  }
}
