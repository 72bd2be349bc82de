import { LedgerError } from '../results.ts';
import { FINE_COLUMNS, SERIES_COLUMNS, TOKEN_NAMES } from './columns.ts';
import type { PostgresConnection, Step } from './server/connection.ts';
import { sqlState } from './server/engine.ts';
import { KEEP_WRITERS_OUT, UPGRADES } from './upgrades.ts';

/**
 * The tables of ledgers in PostgreSQL. Every key begins with `ledger_id`, so that they can be distributed by it.
 *
 * `record` is the ledger: the record's own JSON text, and the columns that queries need. `usage_key` finds a record by its id, and
 * decides which record counts if several machines sent the same usage. `series` has one row for each combination of dimensions,
 * and `rollup` the sums of a series by day and by hour; `summary_day` and `summary_hour` have those of the series of
 * a facet, which are fewer. They can be rebuilt from `record`. `crossing` has the warnings of budgets that machines share.
 */

/** The version of the tables. A program refuses a database with a newer one, and updates one with an older one. */
export const TABLES_VERSION = 4;

const text = (name: string): string => `${name} TEXT NOT NULL DEFAULT ''`;
const count = (name: string, type = 'BIGINT'): string => `${name} ${type} NOT NULL DEFAULT 0`;

const SUMS = [count('records'), ...[...TOKEN_NAMES, 'nanos'].map((name) => count(name, 'NUMERIC'))].join(', ');

/** Tables and indexes that version 3 added. Days and hours have separate tables, so that the planner knows how many rows a day has. */
const SUMS_TABLES = [
  'CREATE INDEX IF NOT EXISTS rollup_series ON llm_spend.rollup (ledger_id, hours, series_id, slot)',
  ...['summary_day', 'summary_hour'].map(
    (table) => `CREATE TABLE IF NOT EXISTS llm_spend.${table} (
  ledger_id TEXT NOT NULL, facet TEXT NOT NULL, slot BIGINT NOT NULL, series_id TEXT NOT NULL, ${SUMS},
  PRIMARY KEY (ledger_id, facet, slot, series_id))`,
  ),
];

/** The table that version 4 added. */
const CROSSING_TABLE = `CREATE TABLE IF NOT EXISTS llm_spend.crossing (
  ledger_id TEXT NOT NULL, warning_id TEXT NOT NULL, holder TEXT NOT NULL, claimed_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  shown BOOLEAN NOT NULL DEFAULT FALSE, PRIMARY KEY (ledger_id, warning_id))`;

const TABLES = [
  'CREATE SCHEMA IF NOT EXISTS llm_spend',
  `CREATE TABLE IF NOT EXISTS llm_spend.schema_version (
  version BIGINT NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT now(), PRIMARY KEY (version))`,
  `CREATE TABLE IF NOT EXISTS llm_spend.ledger (
  ledger_id TEXT NOT NULL, ${count('seq')}, ${count('epoch')}, ${count('records')}, ${count('change_id')},
  changed_at TIMESTAMPTZ NOT NULL DEFAULT now(), PRIMARY KEY (ledger_id))`,
  `CREATE TABLE IF NOT EXISTS llm_spend.series (
  ledger_id TEXT NOT NULL, series_id TEXT NOT NULL, cost_kind TEXT NOT NULL, covered BOOLEAN NOT NULL,
  ${SERIES_COLUMNS.map(({ column }) => text(column)).join(', ')}, ${text('search')},
  PRIMARY KEY (ledger_id, series_id))`,
  `CREATE TABLE IF NOT EXISTS llm_spend.rollup (
  ledger_id TEXT NOT NULL, hours BIGINT NOT NULL, slot BIGINT NOT NULL, series_id TEXT NOT NULL, ${SUMS},
  PRIMARY KEY (ledger_id, hours, slot, series_id))`,
  ...SUMS_TABLES,
  `CREATE TABLE IF NOT EXISTS llm_spend.usage_key (
  ledger_id TEXT NOT NULL, usage_key TEXT NOT NULL, sender TEXT NOT NULL, member TEXT NOT NULL DEFAULT current_user,
  time_ms BIGINT NOT NULL, seq BIGINT NOT NULL, counts BOOLEAN NOT NULL, ${count('revision')}, ${count('digest')},
  PRIMARY KEY (ledger_id, usage_key, sender))`,
  `CREATE UNIQUE INDEX IF NOT EXISTS usage_key_counts ON llm_spend.usage_key (ledger_id, usage_key) WHERE counts`,
  'CREATE INDEX IF NOT EXISTS usage_key_sender ON llm_spend.usage_key (ledger_id, sender, time_ms)',
  'CREATE INDEX IF NOT EXISTS usage_key_waiting ON llm_spend.usage_key (ledger_id, sender) WHERE NOT counts',
  `CREATE TABLE IF NOT EXISTS llm_spend.change (
  ledger_id TEXT NOT NULL, change_id BIGINT NOT NULL, op TEXT NOT NULL, at TEXT NOT NULL, records BIGINT NOT NULL,
  PRIMARY KEY (ledger_id, change_id))`,
  `CREATE TABLE IF NOT EXISTS llm_spend.changed (
  ledger_id TEXT NOT NULL, change_id BIGINT NOT NULL, position BIGINT NOT NULL, usage_key TEXT NOT NULL, text TEXT NOT NULL,
  PRIMARY KEY (ledger_id, change_id, position))`,
  CROSSING_TABLE,
  `CREATE TABLE IF NOT EXISTS llm_spend.aside (
  ledger_id TEXT NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT now(), usage_key TEXT NOT NULL, text TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS llm_spend.write_log (
  ledger_id TEXT NOT NULL, write_id TEXT NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT now(), PRIMARY KEY (ledger_id, write_id))`,
];

const RECORD_TABLE = `CREATE TABLE IF NOT EXISTS llm_spend.record (
  ledger_id TEXT NOT NULL, time_ms BIGINT NOT NULL DEFAULT 0, seq BIGINT NOT NULL DEFAULT 0, usage_key TEXT NOT NULL, ${text('sender')},
  member TEXT NOT NULL DEFAULT current_user, counts BOOLEAN NOT NULL DEFAULT TRUE, ${text('series_id')}, cost_nanos BIGINT,
  ${TOKEN_NAMES.map((name) => count(name)).join(', ')}, ${FINE_COLUMNS.map(({ column }) => text(column)).join(', ')},
  ${text('tags')}, ${text('search')}, text TEXT NOT NULL, PRIMARY KEY (ledger_id, time_ms, seq))`;

const NOTE_VERSION = `INSERT INTO llm_spend.schema_version (version) VALUES (${TABLES_VERSION}) ON CONFLICT (version) DO NOTHING`;
/** Only of tables that have just been made: those of an older version have to be updated first. */
const NOTE_FIRST_VERSION = `INSERT INTO llm_spend.schema_version (version)
  SELECT ${TABLES_VERSION} WHERE NOT EXISTS (SELECT 1 FROM llm_spend.schema_version) ON CONFLICT (version) DO NOTHING`;

const RECORD_INDEXES = [
  'CREATE INDEX IF NOT EXISTS record_seq ON llm_spend.record (ledger_id, seq)',
  // For pages that begin with the most expensive record.
  'CREATE INDEX IF NOT EXISTS record_cost ON llm_spend.record (ledger_id, coalesce(cost_nanos, -1), time_ms, seq)',
  `CREATE INDEX IF NOT EXISTS record_foreign ON llm_spend.record (ledger_id) WHERE series_id = ''`,
];

/** Months before and after the current one for which partitions are made; other records go into the default partition. */
const MONTHS = { before: 24, after: 24 };

/** The partitions of `record` by month (UTC), around the month of `now` (ms). */
function partitions(now: number): string[] {
  const date = new Date(now);
  const month = (offset: number): Date => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset, 1));
  const made = ['CREATE TABLE IF NOT EXISTS llm_spend.record_other PARTITION OF llm_spend.record DEFAULT'];
  for (let offset = -MONTHS.before; offset <= MONTHS.after; offset++) {
    const start = month(offset);
    const name = `record_${start.toISOString().slice(0, 7).replace('-', '_')}`;
    made.push(
      `CREATE TABLE IF NOT EXISTS llm_spend.${name} PARTITION OF llm_spend.record FOR VALUES FROM (${start.getTime()}) TO (${month(offset + 1).getTime()})`,
    );
  }
  return made;
}

/**
 * The statements that make the tables, each of which can be repeated.
 * @param partitioned whether the engine divides tables like PostgreSQL. CockroachDB does not, and needs no partitions.
 */
export function schemaStatements(now: number, partitioned: boolean): string[] {
  return [
    ...TABLES,
    partitioned ? `${RECORD_TABLE} PARTITION BY RANGE (time_ms)` : RECORD_TABLE,
    ...(partitioned ? partitions(now) : []),
    ...RECORD_INDEXES,
    NOTE_FIRST_VERSION,
  ];
}

/** Two programs that make the tables at the same moment can collide in the catalog. */
const COLLISIONS = new Set(['23505', '42P07', '42P06', '42710', '40P01', '40001', 'XX000']);
const ATTEMPTS = 8;

/** Makes the tables if they are missing. */
export async function createSchema(connection: PostgresConnection, now: number): Promise<void> {
  const isPostgres = await dividesTables(connection);
  await changeTables(connection, schemaStatements(now, isPostgres), isPostgres);
}

/**
 * Updates the tables that an older version of LLM Spend made.
 * @throws {LedgerError} when the database does not let this user.
 */
export async function upgradeSchema(connection: PostgresConnection, version: number, place: string): Promise<void> {
  const steps = [...UPGRADES].filter(([from]) => from >= version).flatMap(([, each]) => each);
  try {
    await changeTables(
      connection,
      [KEEP_WRITERS_OUT, ...SUMS_TABLES, CROSSING_TABLE, ...RECORD_INDEXES, ...steps, NOTE_VERSION],
      await dividesTables(connection),
    );
  } catch (error) {
    if (sqlState(error) !== '42501') throw error;
    throw new LedgerError(
      'unsupported',
      `${place}: an older version of LLM Spend made the tables (${version}, this one needs ${TABLES_VERSION}), and only their owner can update them. Ask the owner to run: llm-spend verify --ledger URL`,
      { cause: error },
    );
  }
}

/** CockroachDB changes tables one by one, and has no partitions. Elsewhere all changes appear at once, for all writers. */
async function dividesTables(connection: PostgresConnection): Promise<boolean> {
  const [server] = await connection.read('SELECT version() AS version');
  return !/cockroach/i.test(server!['version'] ?? '');
}

async function changeTables(connection: PostgresConnection, steps: readonly Step[], together: boolean): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await connection.each(steps, together);
      return;
    } catch (error) {
      if (attempt === ATTEMPTS || !COLLISIONS.has(sqlState(error) ?? '')) throw error;
    }
  }
}

/** Whether an error says that the tables do not exist. */
export function isMissingSchema(error: unknown): boolean {
  return ['42P01', '3F000'].includes(sqlState(error) ?? '');
}

/** The tables of an older version, which have to be updated before they are used. */
export class OutdatedTables extends Error {
  readonly version: number;

  constructor(version: number) {
    super(`tables of version ${version}`);
    this.version = version;
  }
}

/**
 * @throws {LedgerError} when a newer version of LLM Spend made the tables.
 * @throws {OutdatedTables} when an older one did.
 */
export function checkVersion(version: number, place: string): void {
  if (version === TABLES_VERSION) return;
  if (version < TABLES_VERSION) throw new OutdatedTables(version);
  throw new LedgerError(
    'unsupported',
    `${place}: a newer version of LLM Spend made the tables (${version}, this one knows ${TABLES_VERSION}). Update LLM Spend.`,
  );
}
