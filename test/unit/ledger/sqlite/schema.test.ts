import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isDamage } from '../../../../src/ledger/sqlite/engine.ts';
import { APPLICATION_ID, migrate, SCHEMA_VERSION, schemaVersion } from '../../../../src/ledger/sqlite/schema.ts';

const PATH = '/somewhere/costs.db';
let db: DatabaseSync;
beforeEach(() => {
  db = new DatabaseSync(':memory:');
});
afterEach(() => db.close());

const set = (name: 'application_id' | 'user_version', value: number): void => db.exec(`PRAGMA ${name} = ${value}`);

/** The version, or what is wrong with the database. */
function version(): unknown {
  try {
    return schemaVersion(db, PATH);
  } catch (error) {
    if (isDamage(error)) return `damage: ${(error as Error).message}`;
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
}

const DAMAGE = 'damage: its header does not say that it is a ledger';
const NEWER = `unsupported: ${PATH} was written by a newer version of LLM Spend. Update this one.`;
const FOREIGN = `unsupported: ${PATH} is the database of another program. Name another file as the ledger.`;

describe('the version of an empty database', () => {
  it('is 0, and that of a new ledger is ours', () => {
    expect(version()).toBe(0);
    migrate(db, PATH);
    expect(version()).toBe(SCHEMA_VERSION);
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name").all();
    expect(tables.map(({ name }) => name)).toEqual([
      'change',
      'changed',
      'ledger',
      'record',
      'segment',
      'segment_column',
      'sqlite_sequence',
      'usage',
      'usage_tag',
    ]);
    expect({ ...db.prepare('SELECT * FROM ledger').get() }).toEqual({
      one: 1,
      epoch: 0,
      backup_ms: 0,
      backup_seq: 0,
      backup_epoch: 0,
    });
    // Once more changes nothing.
    migrate(db, PATH);
    expect(version()).toBe(SCHEMA_VERSION);
  });

  it('with the number of another program is that of another program', () => {
    set('application_id', 7);
    expect(version()).toBe(FOREIGN);
  });

  it('with a version but no number is that of another program', () => {
    set('user_version', 3);
    expect(version()).toBe(FOREIGN);
  });
});

it('a database with tables and no number is that of another program', () => {
  db.exec('CREATE TABLE record (a)');
  expect(version()).toBe(FOREIGN);
  expect(() => migrate(db, PATH)).toThrow(/another program/);
});

describe('a ledger', () => {
  beforeEach(() => migrate(db, PATH));

  it.each([
    ['whose number has one bit flipped', APPLICATION_ID ^ 1, DAMAGE],
    ['whose number has eight bits flipped', APPLICATION_ID ^ 0xff, DAMAGE],
    ['whose sign is flipped', APPLICATION_ID | 0x80000000 | 0, DAMAGE],
    ['with the number of another program', APPLICATION_ID ^ 0x1ff, FOREIGN],
  ])('%s', (_, id, expected) => {
    set('application_id', id);
    expect(version()).toBe(expected);
  });

  it.each([
    ['of the next version', SCHEMA_VERSION + 1, NEWER],
    ['of a version far ahead', 100, NEWER],
    ['of a version that there will not be', 101, DAMAGE],
    ['of a version below 0', -1, DAMAGE],
    ['of no version', 0, DAMAGE],
  ])('%s', (_, number, expected) => {
    set('user_version', number);
    expect(version()).toBe(expected);
  });

  it('that lacks one of its tables is damaged, and with the number of another program, that of another program', () => {
    db.exec('DROP TABLE changed');
    expect(version()).toBe('damage: no such table: changed');
    set('application_id', APPLICATION_ID ^ 1);
    expect(version()).toBe(FOREIGN);
  });

  it('with another name for any of its columns is damaged', () => {
    const columns = db
      .prepare(
        `SELECT t.name AS "table", c.name AS "column" FROM sqlite_schema t, pragma_table_info(t.name) c
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'`,
      )
      .all() as { table: string; column: string }[];
    expect(columns).toHaveLength(27);
    db.exec('DROP VIEW usage; DROP VIEW usage_tag');
    for (const { table, column } of columns) {
      db.exec(`ALTER TABLE ${table} RENAME COLUMN ${column} TO another`);
      expect(version()).toMatch(/^damage: no such column/);
      db.exec(`ALTER TABLE ${table} RENAME COLUMN another TO ${column}`);
      expect(version()).toBe(SCHEMA_VERSION);
    }
  });

  it('refuses what no version writes', () => {
    const put = (kind: string, nanos: number | null, seq = 1): void => {
      db.prepare(
        "INSERT INTO record (seq, usage_id, time_ms, cost_kind, cost_nanos, text) VALUES (?, ?, 0, ?, ?, '{}')",
      ).run(seq, `id-${seq}`, kind, nanos);
    };
    put('recorded', 1);
    expect(() => put('recorded', 1, 1)).toThrow(/UNIQUE/);
    expect(() => put('recorded', null, 2)).toThrow(/CHECK/);
    expect(() => put('unknown', 0, 2)).toThrow(/CHECK/);
    expect(() => put('guessed', 0, 2)).toThrow(/CHECK/);
    put('estimated', 2, 2);
    put('unknown', null, 3);
    expect(() => db.exec('INSERT INTO ledger VALUES (2, 0, 0, 0, 0)')).toThrow(/CHECK/);
  });

  it('shows the tags of each record, one a row', () => {
    const put = (seq: number, text: string): void => {
      db.prepare(
        "INSERT INTO record (seq, usage_id, time_ms, cost_kind, cost_nanos, text) VALUES (?, ?, 0, 'recorded', 1, ?)",
      ).run(seq, `id-${seq}`, text);
    };
    put(1, '{"tags":["b","a"]}');
    put(2, '{}');
    put(3, '{"tags":["c"]}');
    expect(
      db
        .prepare('SELECT * FROM usage_tag')
        .all()
        .map((row) => Object.values(row)),
    ).toEqual([
      [1, 'id-1', 'b'],
      [1, 'id-1', 'a'],
      [3, 'id-3', 'c'],
    ]);
  });
});
