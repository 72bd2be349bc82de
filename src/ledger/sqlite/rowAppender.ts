import type { UsageRecord } from '../../usage/record.ts';
import { endOf, sealFull } from './columns/segments.ts';
import type { Connection } from './connection.ts';
import { insertOther, insertRow, type Row } from './rows.ts';

/**
 * Appends rows in one transaction, and seals the segments that they fill. Keeps the records in memory until then, because
 * reading them back from their rows takes longer than adding them.
 */
export class RowAppender {
  readonly #connection: Connection;
  readonly #sealed: number;
  readonly #first: number;
  readonly #records: (UsageRecord | undefined)[] = [];

  constructor(connection: Connection) {
    const { seq, sealed } = endOf(connection);
    this.#connection = connection;
    this.#sealed = sealed;
    this.#first = seq;
  }

  /** Number of rows added. */
  get count(): number {
    return this.#records.length;
  }

  /**
   * @param stored the result of reading the text; undefined if the text is not a record. Default: the record itself.
   * @throws {UsageError} when the database cannot store the record. Then nothing was added.
   */
  add(record: UsageRecord, text: string, stored: { record: UsageRecord | undefined } = { record }): void {
    insertRow(this.#connection, this.#first + this.#records.length, record, text);
    this.#records.push(stored.record);
  }

  /** Adds another program's row that is not a usage record. It is not counted. */
  addOther(row: Pick<Row, 'usage_id' | 'text'>): void {
    insertOther(this.#connection, this.#first + this.#records.length, row);
    this.#records.push(undefined);
  }

  /** Removes the last rows again, so that `count` remain. */
  cutTo(count: number): void {
    this.#connection.sql('DELETE FROM record WHERE seq >= ?').run(this.#first + count);
    this.#records.length = count;
  }

  /** Seals full segments. Call it once, after the last row of the transaction. */
  finish(): void {
    sealFull(this.#connection, this.#sealed, { first: this.#first, records: this.#records });
  }
}
