/** Everything of PostgreSQL: a bundle that is loaded when the first ledger in PostgreSQL is used. */
export { TeamCrossings } from './team/crossings.ts';
export type { CrossingClaim } from './team/crossings.ts';
export { schemaStatements } from './schema.ts';
export { PostgresStore } from './store.ts';
export { dayOf, sentRecord, TeamLedger } from './team/team.ts';
export type { SetDigest } from './team/team.ts';
export type { OutgoingRow } from './team/tellings.ts';
