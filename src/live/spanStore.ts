import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { isDamage, sqliteEngine, type Database, type Statement } from '../ledger/sqlite/engine.ts';
import { createBesideSync } from '../system/beside.ts';
import { besideLedger, makeFolders } from '../system/paths.ts';
import type { SpanNode, SpanNodes } from './nestedSpans.ts';

/** The number of span updates that are remembered: about 15 MB. */
const MAX_UPDATES = 100_000;

/** The records of a batch that is being stored, by id. */
export interface SpanBatch {
  /** To be added, or there already. */
  stored: readonly string[];
  /** To be removed. */
  repeats: readonly string[];
}

/**
 * The known spans of a ledger, in a small database beside it, so that another receiver continues where one was killed. A batch
 * is noted here before the ledger has it; if its receiver is killed, the next one asks the ledger whether it is stored, and takes
 * the note back if not. One process at a time uses it: see `whileJoining`.
 *
 * Writes do not wait for the disk: the senders of spans are on this machine, so that none of them survives a power cut.
 */
export class SpanStore implements SpanNodes {
  readonly #path: string;
  #open: Opened | undefined;
  readonly #changed = new Map<string, SpanNode>();

  /** @param ledger its name. */
  constructor(ledger: string) {
    this.#path = `${besideLedger(ledger)}.spans`;
  }

  /** The batch whose receiver was killed, or could not store it. */
  begin(): SpanBatch | undefined {
    this.#changed.clear();
    const { database, unfinished } = this.#opened();
    database.exec('BEGIN IMMEDIATE');
    const row = unfinished.get() as { batch: string } | undefined;
    return row && (JSON.parse(row.batch) as SpanBatch);
  }

  get(key: string): SpanNode | undefined {
    const changed = this.#changed.get(key);
    if (changed !== undefined) return changed;
    const row = this.#opened().get.get(key) as { node: string } | undefined;
    return row && (JSON.parse(row.node) as SpanNode);
  }

  set(key: string, node: SpanNode): void {
    this.#changed.set(key, node);
  }

  /** Replaces the ids of records that were joined with others. */
  rename(ids: ReadonlyMap<string, string>): void {
    for (const [key, node] of this.#changed) {
      const usageId = ids.get(node.usageId ?? '');
      if (usageId !== undefined) this.#changed.set(key, { ...node, usageId });
    }
  }

  /** Whether a span has this record. */
  hasRecord(usageId: string): boolean {
    for (const node of this.#changed.values()) if (node.usageId === usageId) return true;
    const rows = this.#opened().ofRecord.all(usageId) as { key: string }[];
    return rows.some(({ key }) => !this.#changed.has(key));
  }

  /** Notes the changes since {@link begin}, together with how they were before. */
  prepare(batch: SpanBatch): void {
    const { database, keep, put, prune, note } = this.#opened();
    for (const [key, node] of this.#changed) {
      keep.run(key, key);
      put.run(key, node.usageId ?? null, JSON.stringify(node));
    }
    prune.run(MAX_UPDATES);
    note.run(JSON.stringify(batch));
    database.exec('COMMIT');
    this.#changed.clear();
  }

  /** The noted batch is stored. */
  finish(): void {
    // Within a transaction or not.
    this.#opened().database.exec('SAVEPOINT finish; DELETE FROM before; DELETE FROM batch; RELEASE finish');
  }

  /** The noted batch is not stored. */
  takeBack(): void {
    this.#opened().database.exec(`
      DELETE FROM span WHERE key IN (SELECT key FROM before);
      INSERT INTO span (key, usage, node) SELECT key, usage, node FROM before WHERE node IS NOT NULL;
      DELETE FROM before; DELETE FROM batch`);
  }

  /** Drops what was not noted; after an error the file is opened again, and a damaged one is removed. */
  reset(error: unknown): void {
    this.close();
    if (isDamage(error)) for (const end of ['', '-journal']) rmSync(`${this.#path}${end}`, { force: true });
  }

  close(): void {
    this.#changed.clear();
    this.#open?.database.close();
    this.#open = undefined;
  }

  #opened(): Opened {
    this.#open ??= openSpans(this.#path);
    return this.#open;
  }
}

interface Opened {
  database: Database;
  get: Statement;
  ofRecord: Statement;
  keep: Statement;
  put: Statement;
  prune: Statement;
  note: Statement;
  unfinished: Statement;
}

function openSpans(path: string): Opened {
  makeFolders(dirname(path));
  // Private to its user, as the ledger.
  createBesideSync(path);
  const database = new (sqliteEngine().DatabaseSync)(path, { timeout: 5_000 });
  try {
    database.exec(`
      PRAGMA journal_mode = PERSIST;
      PRAGMA synchronous = OFF;
      CREATE TABLE IF NOT EXISTS span (key TEXT PRIMARY KEY, usage TEXT, node TEXT NOT NULL);
      CREATE INDEX IF NOT EXISTS span_usage ON span (usage) WHERE usage IS NOT NULL;
      CREATE TABLE IF NOT EXISTS before (key TEXT PRIMARY KEY, usage TEXT, node TEXT);
      CREATE TABLE IF NOT EXISTS batch (batch TEXT NOT NULL)`);
    return {
      database,
      get: database.prepare('SELECT node FROM span WHERE key = ?'),
      ofRecord: database.prepare('SELECT key FROM span WHERE usage = ?'),
      keep: database.prepare(
        'INSERT INTO before SELECT ?, span.usage, span.node FROM (SELECT 1) LEFT JOIN span ON span.key = ?',
      ),
      put: database.prepare('INSERT OR REPLACE INTO span (key, usage, node) VALUES (?, ?, ?)'),
      prune: database.prepare('DELETE FROM span WHERE rowid <= (SELECT max(rowid) FROM span) - ?'),
      note: database.prepare('INSERT INTO batch VALUES (?)'),
      unfinished: database.prepare('SELECT batch FROM batch'),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}
