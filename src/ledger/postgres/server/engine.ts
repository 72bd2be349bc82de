import { Pool, type PoolClient } from 'pg';
import { errno } from '../../../system/errno.ts';
import { UsageError } from '../../../usage/record.ts';
import { LedgerError } from '../../results.ts';
import type { PostgresAddress } from './address.ts';
import { arrayText, type SqlElement } from './arrayText.ts';
import { ClosingClient } from './closingClient.ts';
import { CopyIn } from './copyIn.ts';
import { passwordFromFile } from './passwordFile.ts';

/** A row as the server sends it: all values as text. */
export type SqlRow = Readonly<Record<string, string | null>>;

export type SqlValue = SqlElement | readonly SqlElement[];

/** How long one statement may take before the connection counts as lost, ms. */
const STATEMENT_MS = 180_000;
/** The same for work on all records of a ledger: ten million take minutes, and on a busy server much longer. */
export const LONG_STATEMENT_MS = 6 * 3_600_000;
const CONNECTIONS = 4;
/** A connection that was silent this long is tested, so that one that the server no longer knows is noticed within half a minute, ms. */
const SILENCE_MS = 10_000;

/** Makes a pool. No connection is opened yet. */
export function openPool(address: PostgresAddress): Pool {
  const pool = new Pool({
    Client: ClosingClient,
    host: address.host,
    port: address.port,
    database: address.database,
    user: address.user,
    password: passwordOf(address),
    ssl: address.tls ?? false,
    application_name: 'llm-spend',
    connectionTimeoutMillis: address.connectTimeoutMs,
    query_timeout: STATEMENT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: SILENCE_MS,
    max: CONNECTIONS,
    idleTimeoutMillis: 30_000,
    // An idle connection does not keep a command from ending.
    allowExitOnIdle: true,
    // Numbers beyond 2^53 must not be rounded, so all values stay text.
    types: { getTypeParser: () => (value: string) => value },
  });
  // Without listeners a lost connection would end the process. The next statement on it fails in any case.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** Asked when the server wants a password. The client's own look-up in the password file is deprecated. */
function passwordOf(address: PostgresAddress): string | (() => string) {
  if (address.password !== undefined) return address.password;
  const { host, port, database, user = process.env['USER'] ?? '' } = address;
  // Without a password the client fails with an error that `explainPostgres` knows.
  return () => passwordFromFile({ host, port, database, user })!;
}

/** @param timeoutMs after which the connection counts as lost. */
export async function runSql(
  client: PoolClient,
  text: string,
  values: readonly SqlValue[] = [],
  timeoutMs: number = STATEMENT_MS,
): Promise<SqlRow[]> {
  const parameters = values.map((value) => (Array.isArray(value) ? arrayText(value) : value));
  const query = { text, values: parameters, query_timeout: timeoutMs };
  const { rows } = await client.query<SqlRow>(query);
  return rows;
}

/** Adds rows to a table by COPY. @param lines the rows, as `copyLine` writes them. */
export function runCopy(client: PoolClient, text: string, lines: string): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(Object.assign(new CopyIn(text, lines), { callback: settle }));
    function settle(error: Error | null): void {
      if (error) reject(error);
      else resolve();
    }
  });
}

/** Whether the server does not know a statement, or not in this place: COPY where row-level security holds members apart. */
export function isUnsupported(error: unknown): boolean {
  const state = sqlState(error);
  return state === '0A000' || state === '42601';
}

/** The SQLSTATE of an error of the server; undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  const code = errno(error);
  return code !== undefined && /^[\dA-Z]{5}$/.test(code) && !code.startsWith('E') ? code : undefined;
}

/** Whether the server rolled the transaction back because of others: the same transaction can succeed when repeated. */
export function isConflict(error: unknown): boolean {
  const state = sqlState(error);
  return state === '40001' || state === '40P01';
}

const LOST = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENETDOWN', 'ENETUNREACH', 'EHOSTUNREACH']);

/** Whether the connection was lost, or the server is starting or stopping. */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return state.startsWith('08') || ['57P01', '57P02', '57P03'].includes(state);
  if (LOST.has(errno(error) ?? '')) return true;
  return (
    error instanceof Error &&
    /connection terminated|connection error|query read timeout|timeout exceeded/i.test(error.message)
  );
}

/** Whether no server listens: it may be restarting. */
export function isRefused(error: unknown): boolean {
  return errno(error) === 'ECONNREFUSED' || errno(error) === 'ENOENT';
}

/** Converts an error to one that names the server, the problem and the remedy, and never a password. */
export function explainPostgres(error: unknown, { place, user }: PostgresAddress): LedgerError {
  if (error instanceof LedgerError) return error;
  const wrap = (code: LedgerError['code'], message: string): LedgerError =>
    new LedgerError(code, `${place}: ${message}`, { cause: error });
  const who = user === undefined ? 'this user' : `the user ${user}`;
  switch (sqlState(error) ?? errno(error) ?? '') {
    case '28P01':
      return wrap('password', `the server refused the password of ${who}. Check the password file (PGPASSFILE).`);
    case '28000':
      return wrap('no-access', `the server does not admit ${who} from this machine. Ask its administrator.`);
    case '3D000':
      return wrap('no-access', 'there is no database of this name on the server. Check the end of the URL.');
    case '42501':
      return wrap(
        'no-access',
        `${who} may not do this. Members of a team record, send and withdraw their own records, readers see sums, and the owner of the tables may do everything. An administrator prints the rights with: llm-spend sync --print-sql`,
      );
    case '53100':
    case '53200':
      return wrap('disk-full', 'the server has no space left. Nothing was changed; try again when it has.');
    case '53300':
      return wrap('busy', 'the server has too many connections. Try again, or put PgBouncer in front of it.');
    case '25006':
      return wrap('read-only', 'the server only accepts reading: it is a standby. Name the primary server.');
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return wrap('io', 'no machine of this name was found. Check the host in the URL, and the network.');
    case 'ECONNREFUSED':
    case 'ENOENT':
      return wrap('io', 'no server answers there. Check host and port in the URL, and whether PostgreSQL runs.');
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return wrap('no-access', 'its certificate is not trusted for this name. Give the authority by sslrootcert=FILE.');
  }
  if (isConnectionLost(error)) return wrap('io', 'the server cannot be reached. Check the network and try again.');
  const said = error instanceof Error ? error.message : String(error);
  if (/password must be a string|no password supplied/i.test(said)) {
    return wrap('password', `the server wants a password of ${who}. Put it into the password file (PGPASSFILE).`);
  }
  if (/error establishing an SSL connection/i.test(said)) {
    return wrap(
      'io',
      'no PostgreSQL server answers there: the connection ended at the question for TLS. Check host and port.',
    );
  }
  if (/does not support SSL/i.test(said)) {
    return wrap('no-access', 'the server does not offer TLS, without which passwords and records could be read.');
  }
  return wrap('io', said);
}

/** Runs `work`, converting its errors except refusals of a record. */
export async function explained<T>(address: PostgresAddress, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof UsageError ? error : explainPostgres(error, address);
  }
}
