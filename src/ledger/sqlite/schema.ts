import { LedgerError } from '../results.ts';
import { FIELDS } from '../../usage/fields.ts';
import { CODE, codeOf, damageError, isBusy, isDamage, type Database } from './engine.ts';

/**
 * The tables of a ledger in SQLite.
 *
 * `record` is the ledger: one row per record, with the record's own JSON text, so that unknown fields are preserved. `segment`
 * and `segment_column` contain the same data column by column, for sums over millions of records (see columns.ts); they can be
 * rebuilt from `record` at any time. The views `usage` and `usage_tag` are meant for use at an SQL prompt.
 */

/** `LLM$` in ASCII. Identifies a ledger among other SQLite databases, for us and for `file`. */
export const APPLICATION_ID = 0x4c4c4d24;

const FIRST = `
CREATE TABLE record (
  seq INTEGER PRIMARY KEY,
  usage_id TEXT NOT NULL UNIQUE,
  time_ms INTEGER NOT NULL,
  cost_kind TEXT NOT NULL CHECK (cost_kind IN ('recorded', 'estimated', 'unknown')),
  cost_nanos INTEGER CHECK ((cost_nanos IS NULL) = (cost_kind = 'unknown')),
  text TEXT NOT NULL
) STRICT;

CREATE TABLE segment (
  number INTEGER PRIMARY KEY,
  records INTEGER NOT NULL,
  earliest_ms INTEGER,
  latest_ms INTEGER,
  stale INTEGER NOT NULL
) STRICT;

CREATE TABLE segment_column (
  key INTEGER PRIMARY KEY,
  data BLOB NOT NULL
) STRICT;

CREATE TABLE ledger (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  epoch INTEGER NOT NULL,
  backup_ms INTEGER NOT NULL,
  backup_seq INTEGER NOT NULL,
  backup_epoch INTEGER NOT NULL
) STRICT;
INSERT INTO ledger VALUES (1, 0, 0, 0, 0);

CREATE TABLE change (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  op TEXT NOT NULL CHECK (op IN ('remove', 'clear', 'replace')),
  at TEXT NOT NULL,
  records INTEGER NOT NULL,
  file TEXT
) STRICT;

CREATE TABLE changed (
  change INTEGER NOT NULL REFERENCES change (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  usage_id TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (change, position)
) STRICT, WITHOUT ROWID;

CREATE VIEW usage_tag AS SELECT seq, usage_id, tag.value AS tag
FROM record, json_each(record.text, '$.tags') AS tag;
`;

/** In the view `usage` each field is a column of its name; fields that are columns of `record` are not read from the text. */
const FIELD_COLUMNS = FIELDS.flatMap(({ name, rule }) => {
  if (name === 'usage_id' || rule === 'cost' || rule === 'tags') return [];
  const value = `text ->> '${name}'`;
  return [rule === 'tokens' ? `coalesce(${value}, 0) AS ${name}` : `${value} AS "${name}"`];
});
const OWN_COLUMNS = ['seq', 'usage_id', 'time_ms', 'cost_kind', 'cost_nanos'];
const USAGE_VIEW = `CREATE VIEW usage AS SELECT
  ${[...OWN_COLUMNS, ...FIELD_COLUMNS, 'text'].join(',\n  ')}
FROM record`;
const USAGE_COLUMNS = OWN_COLUMNS.length + FIELD_COLUMNS.length + 1;

/**
 * Extends the view `usage` with the fields that this version knows. The view of a later version has more fields and is kept,
 * since fields are only ever added. This does not change the schema number, so earlier versions can still use the file. Call it
 * within a transaction that may write.
 */
export function renewView(db: Database): void {
  // In an empty database the tables must be created first.
  if (viewColumns(db) >= USAGE_COLUMNS || isEmpty(db)) return;
  db.exec(`DROP VIEW IF EXISTS usage; ${USAGE_VIEW}`);
}

/** 0 if the text of the view is damaged, which concerns no record. */
function viewColumns(db: Database): number {
  try {
    const { columns } = db.prepare("SELECT count(*) AS columns FROM pragma_table_info('usage')").get() as {
      columns: number;
    };
    return columns;
  } catch (error) {
    if (isBusy(error) || isDamage(error)) throw error;
    return 0;
  }
}

/** The migration from each version to the next; index 0 migrates from version 0, an empty database. */
const MIGRATIONS: readonly string[] = [FIRST];
export const SCHEMA_VERSION = MIGRATIONS.length;

/** A larger number is damage, not the version of a later program. */
const LARGEST_VERSION = 100;
/** A number that differs from ours in more bits is that of another program. */
const MOST_BITS = 8;

function isNearly(id: number): boolean {
  const bits = ((id ^ APPLICATION_ID) >>> 0).toString(2).replaceAll('0', '').length;
  return bits > 0 && bits <= MOST_BITS;
}

function isOurs(db: Database): boolean {
  const sql = "SELECT count(*) AS tables FROM sqlite_schema WHERE name IN ('record', 'segment_column', 'changed')";
  return (db.prepare(sql).get() as { tables: number }).tables === 3;
}

/** Every column that statements name. */
const NAMES = [
  'SELECT seq, usage_id, time_ms, cost_kind, cost_nanos, text FROM record',
  'SELECT number, records, earliest_ms, latest_ms, stale FROM segment',
  'SELECT key, data FROM segment_column',
  'SELECT one, epoch, backup_ms, backup_seq, backup_epoch FROM ledger',
  'SELECT id, op, at, records, file FROM change',
  'SELECT change, position, usage_id, text FROM changed',
];

/** For SQLite, a table or column whose name is damaged is merely another one. */
function checkNames(db: Database): void {
  try {
    for (const sql of NAMES) db.prepare(sql);
  } catch (error) {
    throw codeOf(error) === CODE.error ? damageError((error as Error).message) : error;
  }
}

/**
 * The version of an open database.
 * @throws {LedgerError} when the database is not ours, or its version is newer than ours; an SQLite error when its header or a name of
 * its tables is damaged.
 */
export function schemaVersion(db: Database, path: string): number {
  const id = pragma(db, 'application_id');
  const version = pragma(db, 'user_version');
  if (
    isOurs(db) &&
    (isNearly(id) || version > LARGEST_VERSION || version < 0 || (id === APPLICATION_ID && version === 0))
  ) {
    throw damageError('its header does not say that it is a ledger');
  }
  if (id !== APPLICATION_ID && !(id === 0 && version === 0 && isEmpty(db))) {
    throw new LedgerError(
      'unsupported',
      `${path} is the database of another program. Name another file as the ledger.`,
    );
  }
  if (version === SCHEMA_VERSION) checkNames(db);
  if (version > SCHEMA_VERSION) {
    throw new LedgerError('unsupported', `${path} was written by a newer version of LLM Spend. Update this one.`);
  }
  return version;
}

/** Migrates the database to the current version. Call it within a transaction that may write. */
export function migrate(db: Database, path: string): void {
  const version = schemaVersion(db, path);
  if (version === SCHEMA_VERSION) return;
  for (const step of MIGRATIONS.slice(version)) db.exec(step);
  renewView(db);
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
}

function isEmpty(db: Database): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
}

function pragma(db: Database, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}
