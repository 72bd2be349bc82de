import type { Disk } from '../../../system/disk.ts';
import { nextTurn } from '../../../system/turns.ts';
import { touch } from '../columns/segments.ts';
import type { Connection } from '../connection.ts';
import { recordOf, rowsAfter, tryRecordOf, updateRow, type Row } from '../rows.ts';
import { inWorker } from '../worker.ts';
import { unified } from './disputes.ts';
import { isSmall } from './findings.ts';
import { DAMAGED_COLUMNS, rescuedRow, type DamagedRow } from './rescue.ts';

/** Rows that cannot be true, in a database whose structure is in order. */

const ROWS_AT_ONCE = 1_000;

/** A row that is no record, and the record that is left of it, if it was one. */
type BadRow = Row & { rescued: Row | undefined };

export async function badRows(connection: Connection): Promise<{ bad: BadRow[]; records: number }> {
  const bad: BadRow[] = [];
  let records = 0;
  let after = 0;
  for (;;) {
    const rows = rowsAfter(connection, after, ROWS_AT_ONCE);
    if (rows.length === 0) return { bad, records };
    after = rows.at(-1)!.seq;
    const unreadable = rows.filter((row) => tryRecordOf(row) === undefined);
    records += rows.length - unreadable.length;
    bad.push(...unreadable.map((row) => ({ ...row, rescued: rescuedRow(damagedRow(connection, row.seq)) })));
    await nextTurn();
  }
}

/** May find too many, because SQLite counts in floating point. */
const SUSPECTS = `SELECT seq FROM record WHERE CASE WHEN json_valid(text) THEN
  text ->> 'usage_id' <> usage_id
  OR abs(time_ms - unixepoch(text ->> 'timestamp', 'subsec') * 1000) > 1
  OR (cost_nanos IS NULL) <> coalesce(text ->> 'cost_known' = 0, 0)
  OR abs(cost_nanos - (text ->> 'cost_usd') * 1e9) > 0.5
END`;

/** The rows to write in the place of those whose columns state another id, time or cost than their text. */
export async function contradictions(disk: Disk, connection: Connection): Promise<Row[]> {
  const found: Row[] = [];
  const suspects = isSmall(disk, connection.path)
    ? connection.rows(SUSPECTS)
    : await inWorker(connection.location, SUSPECTS);
  for (const [i, { seq }] of (suspects as { seq: number }[]).entries()) {
    const row = unified(damagedRow(connection, seq));
    if (row) found.push(row);
    if (i % ROWS_AT_ONCE === 0) await nextTurn();
  }
  return found;
}

/** Call it within a transaction that may write. */
export function unify(connection: Connection, rows: readonly Row[]): void {
  for (const row of rows) updateRow(connection, row.seq, recordOf(row), row.text);
  touch(
    connection,
    rows.map(({ seq }) => seq),
  );
}

/** The sentence for a user about so many {@link contradictions}. */
export function contradictionText(count: number): string {
  return `${count} records state two values of their id, time or cost. A repair keeps both and tags these records "damaged".`;
}

function damagedRow(connection: Connection, seq: number): DamagedRow {
  return connection.first(`SELECT ${DAMAGED_COLUMNS} FROM record WHERE seq = ?`, seq) as DamagedRow;
}
