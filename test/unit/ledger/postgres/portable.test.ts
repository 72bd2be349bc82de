import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { schemaStatements } from '../../../../src/ledger/postgres/schema.ts';
import { FINE_COLUMNS, SERIES_COLUMNS } from '../../../../src/ledger/postgres/columns.ts';

/**
 * The SQL that PostgreSQL, CockroachDB, YugabyteDB and Citus share. Every statement is built from the texts of these files, so
 * they are searched for what one of the engines lacks.
 */
const FORBIDDEN: readonly RegExp[] = [
  /\b(?:LISTEN|NOTIFY|UNLISTEN)\b/,
  /advisory/i,
  /\b(?:BIG)?SERIAL\b|\bnextval\b|\bGENERATED\b/i,
  /\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:TRIGGER|FUNCTION|PROCEDURE|DOMAIN|TYPE|RULE|SEQUENCE|EXTENSION)\b/i,
  /\bJSONB?\b(?!\.)|::json/i,
  /\bdiv\(|\bwidth_bucket\(/i,
  /\b(?:INT4|INTEGER|SMALLINT|REAL|FLOAT)\b/,
  /\bctid\b|\bxmin\b|\bpg_[a-z]+\(/i,
  /\bMERGE\s+INTO\b/i,
];

const FOLDER = join(import.meta.dirname, '../../../../src/ledger/postgres');

/** The texts of a source without its comments. */
function statements(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
}

describe('the SQL of ledgers in PostgreSQL', () => {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

  it('uses nothing that one of the engines lacks', () => {
    expect(files.length).toBeGreaterThan(10);
    const found = files.flatMap((file) => {
      const source = statements(readFileSync(join(FOLDER, file), 'utf8'));
      return FORBIDDEN.flatMap((pattern) => {
        const match = pattern.exec(source);
        return match ? [`${file}: ${match[0]}`] : [];
      });
    });
    expect(found).toEqual([]);
  });

  it('has the ledger first in every key, so that tables can be distributed by it', () => {
    const keys = schemaStatements(0, true).flatMap((each) => each.match(/(?:PRIMARY KEY|llm_spend\.\w+) \(\w+/g) ?? []);
    const others = keys.filter((key) => !key.endsWith('(ledger_id') && !key.includes('schema_version'));
    expect(others).toEqual(['PRIMARY KEY (version']);
    expect(keys.filter((key) => key.endsWith('(ledger_id')).length).toBeGreaterThan(10);
  });

  it('makes no partitions where tables are not divided', () => {
    expect(schemaStatements(0, false).filter((each) => each.includes('PARTITION'))).toEqual([]);
    const months = schemaStatements(Date.UTC(2026, 10, 27), true).filter((each) => each.includes('FOR VALUES FROM'));
    expect(months).toHaveLength(49);
    expect(months[24]).toContain(
      `record_2026_11 PARTITION OF llm_spend.record FOR VALUES FROM (${Date.UTC(2026, 10)})`,
    );
  });

  it('has these columns in its first version: more of them need a migration', () => {
    expect(FINE_COLUMNS.map(({ column }) => column)).toEqual(['d_episode', 'd_branch', 'd_session', 'd_commit']);
    expect(SERIES_COLUMNS.map(({ column }) => column)).toEqual(
      [
        'provider',
        'model',
        'operation',
        'project',
        'source',
        'account',
        'user',
        'charge',
        'machine',
        'agent',
        'tier',
      ].map((name) => `d_${name}`),
    );
  });
});
