/** The client for PostgreSQL: a bundle that is loaded when the first ledger in PostgreSQL is opened. */
export { Pool } from 'pg';
