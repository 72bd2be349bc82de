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

/** How long SQLite itself waits for another writer before we do, with the event loop free. */
const BUSY_INSIDE_MS = 15;
/** How long a read waits: only while another process recovers or closes the database. */
const BUSY_READ_MS = 2_000;
/** Writers take turns of some ms each: whoever does not get through for so long meets somebody who never lets go. */
const BUSY_MS = 60_000;

/**
 * One open database file: its settings, its prepared statements, and writing that waits for others without blocking.
 *
 * The file may be replaced under an open connection, by a repair or by a person. What would then be written would go
 * to a file that nobody reads, so every write looks, once it has the lock, whether its file is still the one of that name.
 */
export class Connection {
  readonly path: string;
  /** What SQLite is told to open: the path, or how it is to be read. */
  readonly location: string;
  readonly db: Database;
  /**
   * Opened without a log, because none can be made here: on a read-only disk, or in somebody else's folder. What others
   * write is not seen, so it is only good as long as the file stays as it is: {@link isCurrent}.
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

  private constructor(disk: Disk, path: string, location: string, db: Database, identity: Signature) {
    this.#disk = disk;
    this.path = path;
    this.location = location;
    this.db = db;
    this.#identity = identity;
    this.isFrozen = location !== path;
  }

  /**
   * Opens what is there, bringing it to our schema; undefined when there is no file, or an empty one.
   * @throws what SQLite says, or a LedgerError when the file is another program's.
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
      // What is in a log cannot be read here, and must not be left out.
      if (!isUnwritable(error) || hasLog(disk, path)) throw error;
      return Connection.#connect(disk, path, identity, true);
    }
  }

  /** Makes an empty ledger unless there is one, whole or not at all: of many that start at once, one makes it. */
  static async create(disk: Disk, path: string): Promise<Connection> {
    const there = await Connection.open(disk, path);
    if (there) return there;
    await disk.mkdir(dirname(path));
    // SQLite would take the log of a database that is gone for one of the new database, and ruin it.
    if (hasLog(disk, path)) await moveOrphanAside(disk, path);
    // An empty file in its place becomes the ledger as it stands.
    if (!disk.isThereSync(path)) await Connection.#make(disk, path);
    return Connection.#connect(disk, path, signatureOf(disk.statSync(path)));
  }

  /** Makes it under another name, and gives it its own once it is whole. */
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
    const location = isFrozen ? `${pathToFileURL(path).href}?immutable=1` : path;
    const db = new (sqliteEngine().DatabaseSync)(location, { readOnly: isFrozen });
    try {
      db.exec(`PRAGMA busy_timeout = ${BUSY_INSIDE_MS}`);
      // Whoever leaves as the last, or comes first after a crash, has the database all to itself for a moment.
      const version = await patiently(() => schemaVersion(db, path));
      const connection = new Connection(disk, path, location, db, identity);
      if (version < SCHEMA_VERSION) {
        await patiently(() => db.exec('PRAGMA journal_mode = WAL'));
        await connection.write(() => migrate(db, path));
      }
      // FULL: a commit is on the disk when it returns. The WAL shrinks again after a large transaction.
      db.exec('PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216; PRAGMA foreign_keys = ON');
      return connection;
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** A statement, prepared once. Integers come as numbers, and those above 2^53 must be asked for by `bigint`. */
  sql(text: string): Statement {
    let statement = this.#statements.get(text);
    if (!statement) {
      statement = this.db.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  /**
   * Prepares for transactions of thousands of records. Their random ids touch pages all over the index: with SQLite's usual cache of
   * 2 MB, and a checkpoint every 4 MB, the same pages are read and written again and again.
   */
  expectMany(): void {
    if (this.#expectsMany) return;
    this.#expectsMany = true;
    this.db.exec('PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 8192');
  }

  /** The first row of a query; undefined when it has none. */
  first(text: string, ...parameters: SQLInputValue[]): Cells | undefined {
    return this.#patiently(() => this.sql(text).get(...parameters));
  }

  rows(text: string, ...parameters: SQLInputValue[]): Cells[] {
    return this.#patiently(() => this.sql(text).all(...parameters));
  }

  /** Several reads that see the same state. */
  reading<T>(work: () => T): T {
    if (this.#inTransaction) return work();
    this.sql('BEGIN').run();
    try {
      // The first read decides which state is seen, and is the one that may have to wait.
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

  /** Whether the file of this name is still the one that is open. */
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
   * Runs `work` in a transaction that is on the disk when this resolves. Waits for other writers, those of this process
   * in turn.
   * @throws {Replaced} when the file was replaced meanwhile: nothing was written, open it anew.
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

  /** Reads wait for nobody, except where another process recovers the database or lets go of it as the last. */
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
      // Some errors, as that of a full disk, have rolled back already.
    }
  }

  async #begin(): Promise<void> {
    await patiently(() => {
      if (!this.#isOpen) throw new Replaced();
      this.sql('BEGIN IMMEDIATE').run();
    });
    this.#inTransaction = true;
  }

  /** Waits for the writes under way. */
  async close(): Promise<void> {
    await this.#writing;
    this.#statements.clear();
    if (this.#isOpen) this.db.close();
    this.#isOpen = false;
  }
}

/** The file that a connection has open is no longer the ledger. */
export class Replaced extends Error {
  override readonly name = 'Replaced';
  constructor() {
    super('the database file was replaced by another');
  }
}

/** Tries again while another process has the lock, with the event loop free meanwhile. */
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

/** Only with the lock, and only while there is no database: of those that hold it, one at most finds an orphan. */
async function moveOrphanAside(disk: Disk, path: string): Promise<void> {
  const release = await acquireLock(disk, dirname(path), basename(path));
  try {
    if (hasLog(disk, path) && !disk.isThereSync(path)) await moveLogAside(disk, path);
  } finally {
    await release();
  }
}

/** Gives the file its lasting name unless something has that name already. */
async function putInPlace(disk: Disk, temporary: string, path: string): Promise<void> {
  try {
    await disk.link(temporary, path);
  } catch (error) {
    if (errno(error) !== 'EEXIST') throw error;
  }
}
