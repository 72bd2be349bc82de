/** Everything of PostgreSQL: a bundle that is loaded when the first ledger in PostgreSQL is used. */
export { schemaStatements } from './schema.ts';
export { PostgresStore } from './store.ts';
export { dayOf, sentRecord, TeamLedger } from './team.ts';
export type { SetDigest } from './team.ts';
export type { OutgoingRow } from './tellings.ts';
