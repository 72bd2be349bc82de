import { schemaStatements } from '../ledger/postgres/index.ts';

/** Everything that a member writes when it sends. */
const MEMBER_TABLES: Readonly<Record<string, string>> = {
  schema_version: 'SELECT',
  ledger: 'SELECT, INSERT, UPDATE',
  series: 'SELECT, INSERT',
  rollup: 'SELECT, INSERT, UPDATE',
  summary_day: 'SELECT, INSERT, UPDATE',
  summary_hour: 'SELECT, INSERT, UPDATE',
  usage_key: 'SELECT, INSERT, UPDATE, DELETE',
  record: 'SELECT, INSERT, UPDATE, DELETE',
  write_log: 'SELECT, INSERT, DELETE',
  crossing: 'SELECT, INSERT, UPDATE',
};
/** Sums and nothing else: no record can be read from them. */
const READER_TABLES = ['schema_version', 'ledger', 'series', 'rollup', 'summary_day', 'summary_hour'];

/**
 * The SQL by which an administrator prepares a database for a team. It can be run again, for example to add partitions.
 * Members add, change and see their own records; readers see sums; the owner of the tables sees everything and migrates.
 */
export function rolesSql(now: number): string {
  const role = (name: string): string =>
    `DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${name}') THEN CREATE ROLE ${name} NOLOGIN; END IF; END $$`;
  const policies = (table: string, readable: string): string[] => [
    `ALTER TABLE llm_spend.${table} ENABLE ROW LEVEL SECURITY`,
    `DROP POLICY IF EXISTS see ON llm_spend.${table}`,
    `CREATE POLICY see ON llm_spend.${table} FOR SELECT TO llm_spend_member USING (${readable})`,
    `DROP POLICY IF EXISTS own ON llm_spend.${table}`,
    `CREATE POLICY own ON llm_spend.${table} FOR ALL TO llm_spend_member USING (member = current_user) WITH CHECK (member = current_user)`,
  ];
  const statements = [
    ...schemaStatements(now, true),
    ...['llm_spend_member', 'llm_spend_reader'].map(role),
    'GRANT USAGE ON SCHEMA llm_spend TO llm_spend_member, llm_spend_reader',
    ...Object.entries(MEMBER_TABLES).map(
      ([table, rights]) => `GRANT ${rights} ON llm_spend.${table} TO llm_spend_member`,
    ),
    ...READER_TABLES.map((table) => `GRANT SELECT ON llm_spend.${table} TO llm_spend_reader`),
    ...policies('record', 'member = current_user'),
    // Keys show which usage is there already, and nothing else of it.
    ...policies('usage_key', 'TRUE'),
  ];
  return [
    '-- Prepares this database for the ledgers of a team. Run it as the owner of the database, once and after updates:',
    '--     llm-spend sync --print-sql | psql "host=db.example.com dbname=costs"',
    "-- Then, for each person:  CREATE ROLE ann LOGIN PASSWORD '...' IN ROLE llm_spend_member;",
    "-- For those who see sums: CREATE ROLE bob LOGIN PASSWORD '...' IN ROLE llm_spend_reader;",
    'BEGIN;',
    ...statements.map((statement) => `${statement};`),
    'COMMIT;',
    '',
  ].join('\n');
}
