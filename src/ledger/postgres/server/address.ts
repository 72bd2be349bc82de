import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { homeFolder } from '../../../system/paths.ts';
import { LedgerError } from '../../results.ts';

/** Where a ledger in PostgreSQL is, from its URL, a service file and the variables of libpq. */
export interface PostgresAddress {
  /** The URL without its password: the ledger's name in views and messages. */
  name: string;
  /** The key of the ledger in the tables: a database can contain several. */
  ledgerId: string;
  /** Host and database, for messages. */
  place: string;
  host: string;
  port: number;
  database: string;
  user: string | undefined;
  /** undefined: the client looks it up in the password file (`PGPASSFILE`, or `~/.pgpass`). */
  password: string | undefined;
  /** TLS with a check of the server's name. undefined: no TLS, which is accepted for this machine only. */
  tls: { rejectUnauthorized: true; ca?: string; cert?: string; key?: string } | undefined;
  connectTimeoutMs: number;
}

type Variables = Readonly<Record<string, string | undefined>>;

const EXAMPLE = 'For example: postgres://me@db.example.com/costs';
const PARAMETERS = ['ledger', 'service', 'host', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'connect_timeout'];
const CONNECT_SECONDS = 5;

/** The ledger of a database whose URL names none. */
const DEFAULT_LEDGER = 'main';

/**
 * @param url `postgres://user@host:port/database?ledger=name`. A password may be in it, but is better kept in the password file.
 * @throws {LedgerError} `unsupported` for a URL that cannot be used. The message never contains the password.
 */
export function parseAddress(url: string, env: Variables = process.env): PostgresAddress {
  const parsed = parseUrl(url);
  const parameters = parsed.searchParams;
  for (const name of parameters.keys()) {
    if (!PARAMETERS.includes(name)) {
      throw refused(`The URL of the ledger has an unknown parameter: ${name}. Known: ${PARAMETERS.join(', ')}.`);
    }
  }
  checkLedgerName(parameters.get('ledger') ?? '');
  const service = serviceOf(parameters.get('service') ?? env['PGSERVICE'], env);
  const from = (name: string, own: string | null, variable: string): string | undefined =>
    [own, service[name], env[variable]].find((value) => value !== undefined && value !== null && value !== '') ??
    undefined;
  const database = from('dbname', decodeURIComponent(parsed.pathname.slice(1)), 'PGDATABASE');
  if (database === undefined) throw refused(`The URL of the ledger names no database. ${EXAMPLE}`);
  const host =
    from('host', parameters.get('host') ?? parsed.hostname.replace(/^\[(.*)\]$/, '$1'), 'PGHOST') ?? 'localhost';
  const port = Number(from('port', parsed.port, 'PGPORT') ?? 5432);
  return {
    name: nameOf(parsed),
    ledgerId: parameters.get('ledger') || DEFAULT_LEDGER,
    place: `${host}:${port}/${database}`,
    host,
    port,
    database,
    user: from('user', decodeURIComponent(parsed.username), 'PGUSER'),
    password: from('password', decodeURIComponent(parsed.password), 'PGPASSWORD'),
    tls: tlsOf(host, (name, variable) => from(name, parameters.get(name), variable)),
    connectTimeoutMs:
      1000 * Number(from('connect_timeout', parameters.get('connect_timeout'), 'PGCONNECT_TIMEOUT') ?? CONNECT_SECONDS),
  };
}

const MAX_LEDGER_NAME = 200;

/** @throws {LedgerError} for a name that cannot be the beginning of a key. */
function checkLedgerName(name: string): void {
  if (name.length > MAX_LEDGER_NAME) {
    throw refused(
      `The name of the ledger is too long: it has ${name.length} characters, of at most ${MAX_LEDGER_NAME}.`,
    );
  }
}

function parseUrl(url: string): URL {
  try {
    const parsed = new URL(url);
    const parts = decodeURIComponent(parsed.pathname + parsed.username + parsed.password);
    // PostgreSQL has no texts with NUL.
    if (!`${parts}${[...parsed.searchParams.values()].join('')}`.includes('\0')) return parsed;
  } catch {
    // Reported below.
  }
  throw refused(`The URL of the ledger is not valid. Special characters in it must be percent-encoded. ${EXAMPLE}`);
}

function nameOf(parsed: URL): string {
  const shown = new URL(parsed);
  shown.password = '';
  return shown.href.replace(/^postgresql:/, 'postgres:');
}

/** Whether a connection to the host cannot leave this machine. */
export function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host) || host.startsWith('/');
}

/** Those of libpq. */
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

function tlsOf(host: string, value: (name: string, variable: string) => string | undefined): PostgresAddress['tls'] {
  const mode = value('sslmode', 'PGSSLMODE') ?? (isThisMachine(host) ? 'disable' : 'verify-full');
  if (!SSL_MODES.includes(mode)) throw refused(`There is no sslmode=${mode}. Known: ${SSL_MODES.join(', ')}.`);
  if (mode !== 'verify-full') {
    if (isThisMachine(host)) return undefined;
    throw refused(
      `sslmode=${mode} does not prove which server answers at ${host}. Use sslmode=verify-full, and sslrootcert=FILE for a certificate authority of your team.`,
    );
  }
  const file = (name: string, variable: string): string | undefined => {
    const path = value(name, variable);
    return path === undefined || path === 'system' ? undefined : readText(path, `The file of ${name}`);
  };
  const ca = file('sslrootcert', 'PGSSLROOTCERT');
  const cert = file('sslcert', 'PGSSLCERT');
  const key = file('sslkey', 'PGSSLKEY');
  return { rejectUnauthorized: true, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

/** The settings of a service, from `PGSERVICEFILE` or `~/.pg_service.conf`. */
function serviceOf(name: string | null | undefined, env: Variables): Readonly<Record<string, string>> {
  if (!name) return {};
  const path = env['PGSERVICEFILE'] ?? join(homeFolder(), '.pg_service.conf');
  if (!existsSync(path)) throw refused(`The service file ${path} is missing, in which the service ${name} is wanted.`);
  const settings: Record<string, string> = {};
  let section: string | undefined;
  for (const line of readText(path, 'The service file').split(/\r?\n/)) {
    const heading = /^\s*\[(.*)\]\s*$/.exec(line);
    if (heading) section = heading[1];
    const [, key, value] = /^\s*([a-z_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === name && key !== undefined) settings[key] = value!;
  }
  if (Object.keys(settings).length === 0)
    throw refused(`The service file ${path} does not describe the service ${name}.`);
  return settings;
}

function readText(path: string, role: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new LedgerError('no-access', `${role}, ${path}, cannot be read.`, { cause: error });
  }
}

function refused(message: string): LedgerError {
  return new LedgerError('unsupported', message);
}
