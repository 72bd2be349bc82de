import type { UndoResult } from '../results.ts';
import type { Sql } from './server/connection.ts';
import { insertRows, insertSeries, type NewRow } from './insertion.ts';
import { RollupChanges } from './rollups.ts';
import { recordOfRow, rowOf, type ColumnRow } from './rows.ts';
import { inFacets } from './sums/facets.ts';
import { rebuildRollups } from './sums/rebuilding.ts';

/** The place of a record, and its text. */
export interface StoredRow {
  key: string;
  sender: string;
  timeMs: number;
  seq: number;
  text: string;
}

export type UndoableOperation = Exclude<UndoResult['undone'], 'add' | 'import'>;

const ROWS_PER_STATEMENT = 10_000;

/** The state of a ledger at the start of a write, with its row locked. */
export interface LockedLedger {
  ledgerId: string;
  seq: number;
  changeId: number;
}

/** Changes the rows of one ledger within a transaction that has locked it. Call {@link finish} at the end. */
export class LedgerWrite {
  readonly ledgerId: string;
  readonly sql: Sql;
  readonly #rollups = new RollupChanges();
  #seq: number;
  #changeId: number;
  #records = 0;
  /** Whether there was a change other than additions. */
  #isOther = false;
  #isChanged = false;
  #rebuild = false;

  constructor(sql: Sql, { ledgerId, seq, changeId }: LockedLedger) {
    this.sql = sql;
    this.ledgerId = ledgerId;
    this.#seq = seq;
    this.#changeId = changeId;
  }

  /** The counted rows with these keys. */
  async find(keys: readonly string[]): Promise<Map<string, StoredRow>> {
    const found = new Map<string, StoredRow>();
    for (const part of parts([...new Set(keys)])) {
      const rows = await this.sql(
        `SELECT k.usage_key, k.sender, k.time_ms, k.seq, r.text FROM llm_spend.usage_key k
         JOIN llm_spend.record r ON r.ledger_id = k.ledger_id AND r.time_ms = k.time_ms AND r.seq = k.seq
         WHERE k.ledger_id = $1 AND k.usage_key = ANY($2::TEXT[]) AND k.counts`,
        [this.ledgerId, part],
      );
      for (const row of rows) found.set(row['usage_key']!, storedRow(row));
    }
    return found;
  }

  async insert(added: readonly NewRow[]): Promise<void> {
    for (const part of parts(added)) await this.#insert(part);
  }

  /** Inserts texts that are not usage records; they belong to no series. */
  async insertForeign(texts: readonly { key: string; text: string }[]): Promise<void> {
    for (const { key, text } of texts) {
      await this.sql('INSERT INTO llm_spend.record (ledger_id, seq, usage_key, text) VALUES ($1, $2, $3, $4)', [
        this.ledgerId,
        ++this.#seq,
        key,
        text,
      ]);
    }
    this.#noteChange(true);
  }

  /** Removes counted rows. */
  async remove(rows: readonly StoredRow[]): Promise<void> {
    for (const part of parts(rows)) {
      for (const { key, text } of part) this.#sum(rowOf(recordOfRow(key, text), text), -1);
      await this.deleteRows(part);
    }
  }

  /** Deletes rows without touching any sum. */
  async deleteRows(rows: readonly Omit<StoredRow, 'text'>[]): Promise<void> {
    if (rows.length === 0) return;
    this.#noteChange(true);
    await this.sql(
      `DELETE FROM llm_spend.record r USING unnest($2::BIGINT[], $3::BIGINT[]) AS d(time_ms, seq)
       WHERE r.ledger_id = $1 AND r.time_ms = d.time_ms AND r.seq = d.seq`,
      [this.ledgerId, rows.map(({ timeMs }) => timeMs), rows.map(({ seq }) => seq)],
    );
    // A row of another program may have the key of a record that stays.
    await this.sql(
      `DELETE FROM llm_spend.usage_key k USING unnest($2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::BIGINT[])
       AS d(usage_key, sender, time_ms, seq) WHERE k.ledger_id = $1 AND k.usage_key = d.usage_key AND k.sender = d.sender
       AND k.time_ms = d.time_ms AND k.seq = d.seq`,
      [this.ledgerId, ...(['key', 'sender', 'timeMs', 'seq'] as const).map((name) => rows.map((row) => row[name]))],
    );
  }

  /** Adds a row to the sums, or takes it out; the caller writes the row itself. */
  recount(row: ColumnRow, sign: 1 | -1): void {
    this.#sum(row, sign);
    this.#noteChange(true);
  }

  /** Keeps the texts of rows for undo. */
  async keep(op: UndoableOperation, at: string, rows: readonly Pick<StoredRow, 'key' | 'text'>[]): Promise<void> {
    const id = await this.beginChange(op, at, rows.length);
    let position = 0;
    for (const part of parts(rows)) {
      const first = position;
      position += part.length;
      await this.sql(
        `INSERT INTO llm_spend.changed (ledger_id, change_id, position, usage_key, text)
         SELECT $1, $2::BIGINT, * FROM unnest($3::BIGINT[], $4::TEXT[], $5::TEXT[])`,
        [this.ledgerId, id, part.map((_, i) => first + i), part.map(({ key }) => key), part.map(({ text }) => text)],
      );
    }
  }

  /** Adds a change to the list for undo, and drops those that are too old. @returns its id. */
  async beginChange(op: UndoableOperation, at: string, records: number): Promise<number> {
    const id = ++this.#changeId;
    await this.sql('INSERT INTO llm_spend.change (ledger_id, change_id, op, at, records) VALUES ($1, $2, $3, $4, $5)', [
      this.ledgerId,
      id,
      op,
      at,
      records,
    ]);
    for (const table of ['changed', 'change']) {
      await this.sql(`DELETE FROM llm_spend.${table} WHERE ledger_id = $1 AND change_id <= $2`, [
        this.ledgerId,
        id - KEPT,
      ]);
    }
    this.#isChanged = true;
    return id;
  }

  /** Notes a change that statements outside of this class made. @param records the change of the number of records. */
  noteChange(records: number): void {
    this.#records += records;
    this.#noteChange(true);
  }

  /** Makes {@link finish} compute all sums from the records. */
  rebuildSums(): void {
    this.#rebuild = true;
    this.#noteChange(true);
  }

  /** Writes the sums and the ledger's own row. */
  async finish(): Promise<void> {
    if (!this.#isChanged) return;
    await this.#rollups.write(this.sql, this.ledgerId);
    if (this.#rebuild) await this.#rebuildAll();
    await this.sql(
      `UPDATE llm_spend.ledger SET seq = $2::BIGINT, change_id = $3::BIGINT, records = records + $4::BIGINT,
       epoch = epoch + $5::BIGINT, changed_at = now() WHERE ledger_id = $1`,
      [this.ledgerId, this.#seq, this.#changeId, this.#records, this.#isOther ? 1 : 0],
    );
  }

  async #insert(added: readonly NewRow[]): Promise<void> {
    await insertSeries(
      this.sql,
      this.ledgerId,
      added.flatMap(({ row: { series } }) => [series, ...inFacets(series)]),
    );
    const rows = added.map((each) => ({ ...each, seq: each.seq ?? ++this.#seq }));
    for (const { row, counts = true } of rows) if (counts) this.#sum(row, 1);
    this.#noteChange(added.some(({ seq }) => seq !== undefined));
    await insertRows(this.sql, this.ledgerId, rows);
  }

  async #rebuildAll(): Promise<void> {
    await rebuildRollups(this.sql, this.ledgerId);
    const [row] = await this.sql(
      `SELECT coalesce(sum(c.records), 0) - (SELECT records FROM llm_spend.ledger WHERE ledger_id = $1) AS difference
       FROM llm_spend.rollup c WHERE ledger_id = $1 AND hours = 24`,
      [this.ledgerId],
    );
    this.#records = Number(row!['difference']);
  }

  #sum(row: ColumnRow, sign: 1 | -1): void {
    this.#rollups.add(row, sign);
    this.#records += sign;
  }

  #noteChange(isOther: boolean): void {
    this.#isChanged = true;
    this.#isOther ||= isOther;
  }
}

/** Maximum number of changes that can be undone. */
const KEPT = 100;

export function storedRow(row: Readonly<Record<string, string | null>>): StoredRow {
  return {
    key: row['usage_key']!,
    sender: row['sender']!,
    timeMs: Number(row['time_ms']),
    seq: Number(row['seq']),
    text: row['text']!,
  };
}

function parts<T>(all: readonly T[]): T[][] {
  const result: T[][] = [];
  for (let at = 0; at < all.length; at += ROWS_PER_STATEMENT) result.push(all.slice(at, at + ROWS_PER_STATEMENT));
  return result;
}
