import { FINE_COLUMNS, SERIES_COLUMNS, TOKEN_NAMES } from './columns.ts';
import type { Sql } from './server/connection.ts';
import { copyLine } from './server/copyIn.ts';
import type { ColumnRow, Series } from './rows.ts';

/** A row to insert. */
export interface NewRow {
  row: ColumnRow;
  /** Its number in the order of additions, if it replaces a row. Default: the next one. */
  seq?: number;
  /** The machine that sent it. Default: none, it was recorded directly. */
  sender?: string;
  /** Whether it is included in totals. Default: true. */
  counts?: boolean;
  revision?: number;
  digest?: number;
}

type NumberedRow = NewRow & { seq: number };

/** From so many rows on, COPY takes less time, although it is one more answer to wait for. */
const ROWS_TO_COPY = 200;

/** Inserts rows into `record` and `usage_key`, each with its number. */
export async function insertRows(sql: Sql, ledgerId: string, rows: readonly NumberedRow[]): Promise<void> {
  // Neighbours in the index are written one after another, however the records are ordered.
  const byKey = rows.toSorted((a, b) => (a.row.key < b.row.key ? -1 : 1));
  if (sql.copy && rows.length >= ROWS_TO_COPY) {
    await sql.copy(COPY_KEYS, byKey.map((row) => copyLine(ledgerId, row, KEY_VALUES)).join(''));
    await sql.copy(COPY_RECORDS, rows.map((row) => copyLine(ledgerId, row, RECORD_VALUES)).join(''));
    return;
  }
  const texts = rows.map(({ row }) => row.text).join(TEXT_SEPARATOR);
  await sql(INSERT_KEYS, [ledgerId, ...KEY_COLUMNS.map(({ value }) => byKey.map(value))]);
  await sql(INSERT_RECORDS, [ledgerId, ...ARRAY_COLUMNS.map(({ value }) => rows.map(value)), texts]);
}

interface Column {
  name: string;
  type: string;
  value: (row: NumberedRow) => string | number | bigint | boolean | null;
}

const KEY_COLUMNS: readonly Column[] = [
  { name: 'usage_key', type: 'TEXT', value: ({ row }) => row.key },
  { name: 'sender', type: 'TEXT', value: ({ sender = '' }) => sender },
  { name: 'time_ms', type: 'BIGINT', value: ({ row }) => row.timeMs },
  { name: 'seq', type: 'BIGINT', value: ({ seq }) => seq },
  { name: 'counts', type: 'BOOLEAN', value: ({ counts = true }) => counts },
  { name: 'revision', type: 'BIGINT', value: ({ revision = 0 }) => revision },
  { name: 'digest', type: 'BIGINT', value: ({ digest = 0 }) => digest },
];

/** The columns of `record` besides its text. */
const ARRAY_COLUMNS: readonly Column[] = [
  ...KEY_COLUMNS.slice(0, 5),
  { name: 'series_id', type: 'TEXT', value: ({ row }) => row.series.id },
  { name: 'cost_nanos', type: 'BIGINT', value: ({ row }) => row.nanos },
  ...TOKEN_NAMES.map((name, i): Column => ({ name, type: 'BIGINT', value: ({ row }) => row.tokens[i]! })),
  ...FINE_COLUMNS.map(({ column }, i): Column => ({ name: column, type: 'TEXT', value: ({ row }) => row.fine[i]! })),
  { name: 'tags', type: 'TEXT', value: ({ row }) => row.tags },
  { name: 'search', type: 'TEXT', value: ({ row }) => row.search },
];
const RECORD_COLUMNS: readonly Column[] = [
  ...ARRAY_COLUMNS,
  { name: 'text', type: 'TEXT', value: ({ row }) => row.text },
];

/** JSON text contains no control character but white space. Joined texts need no escapes, which most of an array's time goes into. */
const TEXT_SEPARATOR = '\u001E';

function namesOf(columns: readonly Column[]): string {
  return columns.map(({ name }) => name).join(', ');
}

function arraysOf(columns: readonly Column[]): string {
  return columns.map(({ type }, i) => `$${i + 2}::${type}[]`).join(', ');
}

const KEY_VALUES = KEY_COLUMNS.map(({ value }) => value);
const RECORD_VALUES = RECORD_COLUMNS.map(({ value }) => value);
const COPY_KEYS = `COPY llm_spend.usage_key (ledger_id, ${namesOf(KEY_COLUMNS)}) FROM STDIN`;
const COPY_RECORDS = `COPY llm_spend.record (ledger_id, ${namesOf(RECORD_COLUMNS)}) FROM STDIN`;
const INSERT_KEYS = `INSERT INTO llm_spend.usage_key (ledger_id, ${namesOf(KEY_COLUMNS)})
 SELECT $1, * FROM unnest(${arraysOf(KEY_COLUMNS)})`;

const INSERT_RECORDS = `INSERT INTO llm_spend.record (ledger_id, ${namesOf(RECORD_COLUMNS)})
 SELECT $1, * FROM unnest(${arraysOf(ARRAY_COLUMNS)}, string_to_array($${ARRAY_COLUMNS.length + 2}::TEXT, chr(30)))`;

/** Adds the series that are missing. */
export async function insertSeries(sql: Sql, ledgerId: string, series: readonly Series[]): Promise<void> {
  const distinct = [...new Map(series.map((each) => [each.id, each])).values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const columns = SERIES_COLUMNS.map(({ column }) => column);
  await sql(
    `INSERT INTO llm_spend.series (ledger_id, series_id, cost_kind, covered, search, ${columns.join(', ')})
     SELECT $1, * FROM unnest($2::TEXT[], $3::TEXT[], $4::BOOLEAN[], $5::TEXT[], ${columns.map((_, i) => `$${i + 6}::TEXT[]`).join(', ')})
     ON CONFLICT (ledger_id, series_id) DO NOTHING`,
    [
      ledgerId,
      distinct.map(({ id }) => id),
      distinct.map(({ kind }) => kind),
      distinct.map(({ covered }) => covered),
      distinct.map(({ search }) => search),
      ...columns.map((_, i) => distinct.map(({ values }) => values[i]!)),
    ],
  );
}
