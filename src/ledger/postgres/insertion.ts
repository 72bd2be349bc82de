import { FINE_COLUMNS, SERIES_COLUMNS, TOKEN_NAMES } from './columns.ts';
import type { Sql } from './server/connection.ts';
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

/** Inserts rows into `record` and `usage_key`, each with its number. */
export async function insertRows(
  sql: Sql,
  ledgerId: string,
  rows: readonly (NewRow & { seq: number })[],
): Promise<void> {
  await sql(
    `INSERT INTO llm_spend.usage_key (ledger_id, usage_key, sender, time_ms, seq, counts, revision, digest)
     SELECT $1, * FROM unnest($2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::BIGINT[], $6::BOOLEAN[], $7::BIGINT[], $8::BIGINT[])`,
    [
      ledgerId,
      rows.map(({ row }) => row.key),
      rows.map(({ sender = '' }) => sender),
      rows.map(({ row }) => row.timeMs),
      rows.map(({ seq }) => seq),
      rows.map(({ counts = true }) => counts),
      rows.map(({ revision = 0 }) => revision),
      rows.map(({ digest = 0 }) => digest),
    ],
  );
  await sql(INSERT_RECORDS, [
    ledgerId,
    rows.map(({ row }) => row.timeMs),
    rows.map(({ seq }) => seq),
    rows.map(({ row }) => row.key),
    rows.map(({ sender = '' }) => sender),
    rows.map(({ counts = true }) => counts),
    rows.map(({ row }) => row.series.id),
    rows.map(({ row }) => row.nanos),
    ...TOKEN_NAMES.map((_, i) => rows.map(({ row }) => row.tokens[i]!)),
    ...FINE_COLUMNS.map((_, i) => rows.map(({ row }) => row.fine[i]!)),
    rows.map(({ row }) => row.tags),
    rows.map(({ row }) => row.search),
    rows.map(({ row }) => row.text).join(TEXT_SEPARATOR),
  ]);
}

const RECORD_COLUMNS: readonly (readonly [name: string, type: string])[] = [
  ['time_ms', 'BIGINT'],
  ['seq', 'BIGINT'],
  ['usage_key', 'TEXT'],
  ['sender', 'TEXT'],
  ['counts', 'BOOLEAN'],
  ['series_id', 'TEXT'],
  ['cost_nanos', 'BIGINT'],
  ...TOKEN_NAMES.map((name) => [name, 'BIGINT'] as const),
  ...FINE_COLUMNS.map(({ column }) => [column, 'TEXT'] as const),
  ['tags', 'TEXT'],
  ['search', 'TEXT'],
];

/** JSON text contains no control character but white space. Joined texts need no escapes, which most of an array's time goes into. */
const TEXT_SEPARATOR = '\u001E';

const INSERT_RECORDS = `INSERT INTO llm_spend.record (ledger_id, ${RECORD_COLUMNS.map(([name]) => name).join(', ')}, text)
 SELECT $1, * FROM unnest(${RECORD_COLUMNS.map(([, type], i) => `$${i + 2}::${type}[]`).join(', ')},
 string_to_array($${RECORD_COLUMNS.length + 2}::TEXT, chr(30)))`;

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
