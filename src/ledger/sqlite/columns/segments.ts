import type { Connection } from '../connection.ts';
import { columnKey, columnKeys, LACKS_COLUMNS, SEGMENT_SPAN, segmentOf } from './columnNumbers.ts';
import { encodeColumns, GrowingColumns } from './columns.ts';
import type { UsageRecord } from '../../../usage/record.ts';
import type { Row } from '../rows.ts';
import { rowsAfter, tryRecordOf } from '../rows.ts';

/**
 * Keeps the segments consistent with the rows. A full segment is sealed in the transaction that fills it. A removal or a new
 * price makes its segment stale: the records are read from their rows until it is sealed again. A segment sealed by an older
 * version may lack columns: only those are read from the rows until then.
 */

const ROWS_AT_ONCE = 1_000;

export interface SegmentInfo {
  number: number;
  records: number;
  /** ms; infinite when the segment is empty. */
  earliest: number;
  latest: number;
  /** The columns are outdated: read the rows. */
  stale: boolean;
  /** Sealed by a version that knew fewer columns: read the missing ones from the rows. */
  lacksColumns: boolean;
}

/** The content of a ledger at one moment. The tail contains the records that are not in a segment yet. */
export interface Snapshot {
  /** Increases with every change other than an addition. */
  epoch: number;
  segments: readonly SegmentInfo[];
  tail: GrowingColumns;
  /** The tail contains the records with higher numbers. */
  sealedUpTo: number;
  /** The number of the last row that was read, whether it is a record or not. */
  lastRow: number;
  /** Number of rows that are not records. */
  unreadable: number;
  records: number;
  earliest: number;
  latest: number;
}

export function epochOf(connection: Connection): number {
  return (connection.first('SELECT epoch FROM ledger') as { epoch: number }).epoch;
}

/** Reads the current state, reusing the parts of `before` that are still valid. */
export function takeSnapshot(connection: Connection, before: Snapshot | undefined): Snapshot {
  return connection.reading(() => {
    const epoch = epochOf(connection);
    const sealed = sealedUpTo(connection);
    const sameSegments = before?.epoch === epoch && before.sealedUpTo === sealed && !before.segments.some(needsSealing);
    const segments = sameSegments ? before.segments : readSegments(connection);
    const sameTail = before?.epoch === epoch && before.sealedUpTo === sealed;
    const tail = sameTail ? before.tail : new GrowingColumns();
    let unreadable = sameTail ? before.unreadable : 0;
    let lastRow = sameTail ? before.lastRow : sealed;
    for (;;) {
      const rows = rowsAfter(connection, lastRow, ROWS_AT_ONCE);
      for (const row of rows) {
        const record = tryRecordOf(row);
        if (record) tail.add(row.seq, record);
        else unreadable++;
        lastRow = row.seq;
      }
      if (rows.length < ROWS_AT_ONCE) break;
    }
    return {
      epoch,
      segments,
      tail,
      sealedUpTo: sealed,
      lastRow,
      unreadable,
      records: segments.reduce((sum, { records }) => sum + records, tail.records),
      earliest: segments.reduce((least, { earliest }) => Math.min(least, earliest), tail.earliest),
      latest: segments.reduce((most, { latest }) => Math.max(most, latest), tail.latest),
    };
  });
}

/** The snapshot with segments as sealed now. Returns it unchanged if there were other changes, which a refresh must handle. */
export function resealed({ connection, snapshot }: { connection: Connection; snapshot: Snapshot }): Snapshot {
  const now = takeSnapshot(connection, snapshot);
  return now.epoch === snapshot.epoch && now.tail.lastSeq === snapshot.tail.lastSeq ? now : snapshot;
}

/** Whether sealing would make a segment faster to read. */
export function needsSealing({ stale, lacksColumns }: SegmentInfo): boolean {
  return stale || lacksColumns;
}

/** The highest number covered by a segment. */
export function sealedUpTo(connection: Connection): number {
  const { last } = connection.first('SELECT max(number) AS last FROM segment') as { last: number | null };
  return last === null ? 0 : (last + 1) * SEGMENT_SPAN;
}

/** The next number for an addition: above all existing rows, and above all that were ever in a sealed segment. */
export function endOf(connection: Connection): { seq: number; sealed: number } {
  const { last, number } = connection.first(
    'SELECT (SELECT max(seq) FROM record) AS last, (SELECT max(number) FROM segment) AS number',
  ) as { last: number | null; number: number | null };
  const sealed = number === null ? 0 : (number + 1) * SEGMENT_SPAN;
  return { seq: Math.max(last ?? 0, sealed) + 1, sealed };
}

/** Records that a transaction added, in the order of their numbers; undefined for rows that are no record. */
export interface AddedRecords {
  /** The number of the first one. */
  first: number;
  records: readonly (UsageRecord | undefined)[];
}

/**
 * Seals full segments. Call it in the transaction that may have filled them.
 * @param sealed the highest number covered by a segment before.
 */
export function sealFull(connection: Connection, sealed: number, added: AddedRecords): void {
  const end = segmentOf(added.first + added.records.length);
  for (let number = sealed / SEGMENT_SPAN; number < end; number++) seal(connection, number, added);
}

/** Marks the segments of these records as stale, and notes a change other than an addition. */
export function touch(connection: Connection, seqs: Iterable<number>): void {
  const covered = sealedUpTo(connection);
  const numbers = new Set<number>();
  for (const seq of seqs) if (seq <= covered) numbers.add(segmentOf(seq));
  for (const number of numbers) {
    dropColumns(connection, number);
    connection
      .sql('UPDATE segment SET stale = 1, records = ? WHERE number = ?')
      .run(rowsIn(connection, number), number);
  }
  connection.sql('UPDATE ledger SET epoch = epoch + 1').run();
}

/** Seals one of the segments that need it; returns false when none does. */
export function sealOne(connection: Connection): boolean {
  const found = connection.first(`SELECT number FROM segment WHERE stale = 1 OR ${LACKS_COLUMNS} LIMIT 1`);
  if (!found) return false;
  seal(connection, found['number'] as number);
  return true;
}

export interface CheckedSegments {
  /** Sealed segments that differ from their rows, because of a bad disk or another program that changed rows. */
  untrue: SegmentInfo[];
  /** Number of rows in segments that are not records. */
  unreadable: number;
}

/** Compares the segments with their rows. Pauses between segments. */
export function* checkSegments(connection: Connection): Generator<void, CheckedSegments> {
  const untrue: SegmentInfo[] = [];
  let unreadable = 0;
  for (const { number } of readSegments(connection)) {
    connection.reading(() => {
      const segment = readSegments(connection, number, 1)[0];
      if (!segment) return;
      const columns = columnsOfRows(connection, number);
      unreadable += rowsIn(connection, number) - columns.records;
      if (!segment.stale && !isTrue(connection, segment, columns)) untrue.push(segment);
    });
    yield;
  }
  return { untrue, unreadable };
}

function isTrue(connection: Connection, segment: SegmentInfo, columns: GrowingColumns): boolean {
  const { number, records, earliest, latest, lacksColumns } = segment;
  if (columns.records !== records || columns.earliest !== earliest || columns.latest !== latest) return false;
  const stored = connection.rows(
    'SELECT key, data FROM segment_column WHERE key >= ? AND key < ?',
    ...columnKeys(number),
  ) as { key: number; data: Uint8Array }[];
  const dataOf = new Map(stored.map(({ key, data }) => [key, data]));
  return encodeColumns(columns).every(([column, data]) => {
    const there = dataOf.get(columnKey(number, column));
    return there === undefined ? lacksColumns : Buffer.compare(there, data) === 0;
  });
}

function rowsIn(connection: Connection, number: number): number {
  const { rows } = connection.first(
    'SELECT count(*) AS rows FROM record WHERE seq BETWEEN ? AND ?',
    number * SEGMENT_SPAN + 1,
    (number + 1) * SEGMENT_SPAN,
  ) as { rows: number };
  return rows;
}

/** Schedules these segments to be sealed again; until then they are read from their rows. */
export function unseal(connection: Connection, segments: readonly SegmentInfo[]): void {
  touch(
    connection,
    segments.map(({ number }) => number * SEGMENT_SPAN + 1),
  );
}

/** @param added records of the segment that need not be read back. */
function seal(connection: Connection, number: number, added: AddedRecords = NOTHING_ADDED): void {
  const columns = columnsOfRows(connection, number, added.first - 1);
  const start = Math.max(added.first, number * SEGMENT_SPAN + 1);
  const end = Math.min(added.first + added.records.length, (number + 1) * SEGMENT_SPAN + 1);
  for (let seq = start; seq < end; seq++) {
    const record = added.records[seq - added.first];
    if (record) columns.add(seq, record);
  }
  dropColumns(connection, number);
  for (const [column, data] of encodeColumns(columns)) {
    connection.sql('INSERT INTO segment_column (key, data) VALUES (?, ?)').run(columnKey(number, column), data);
  }
  const { records, earliest, latest } = columns;
  connection
    .sql('INSERT OR REPLACE INTO segment (number, records, earliest_ms, latest_ms, stale) VALUES (?, ?, ?, ?, 0)')
    .run(number, records, records === 0 ? null : earliest, records === 0 ? null : latest);
}

const NOTHING_ADDED: AddedRecords = { first: Infinity, records: [] };

function dropColumns(connection: Connection, number: number): void {
  connection.sql('DELETE FROM segment_column WHERE key >= ? AND key < ?').run(...columnKeys(number));
}

/** Builds the columns of a segment from its rows up to the number `last`. */
export function columnsOfRows(connection: Connection, number: number, last = Infinity): GrowingColumns {
  const columns = new GrowingColumns();
  const rows = connection.rows(
    'SELECT seq, usage_id, text FROM record WHERE seq BETWEEN ? AND ? ORDER BY seq',
    number * SEGMENT_SPAN + 1,
    Math.min(last, (number + 1) * SEGMENT_SPAN),
  ) as Row[];
  for (const row of rows) {
    const record = tryRecordOf(row);
    if (record) columns.add(row.seq, record);
  }
  return columns;
}

/** All segments, or at most `most` from a number on. */
function readSegments(connection: Connection, from = 0, most = -1): SegmentInfo[] {
  type SegmentRow = {
    number: number;
    records: number;
    earliest_ms: number | null;
    latest_ms: number | null;
    stale: number;
    lacks_columns: number;
  };
  const rows = connection.rows(
    `SELECT *, stale = 0 AND ${LACKS_COLUMNS} AS lacks_columns FROM segment WHERE number >= ? ORDER BY number LIMIT ?`,
    from,
    most,
  ) as SegmentRow[];
  return rows.map((row) => ({
    number: row.number,
    records: row.records,
    earliest: row.earliest_ms ?? Number.POSITIVE_INFINITY,
    latest: row.latest_ms ?? Number.NEGATIVE_INFINITY,
    stale: row.stale === 1,
    lacksColumns: row.lacks_columns === 1,
  }));
}
