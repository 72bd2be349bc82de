import { existsSync, mkdirSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { sha256 } from './random.ts';

/** The parts of the environment that determine paths; tests pass in their own. */
export interface PathEnvironment {
  platform: NodeJS.Platform;
  env: Readonly<Record<string, string | undefined>>;
  home: string;
}

/** A path cannot be determined. The message gives the reason and a remedy. */
export class PathError extends Error {
  override readonly name = 'PathError';
}

/**
 * The home folder; empty when the system does not know it. An empty HOME counts as unset. A replacement for `os.homedir`,
 * because loading `node:os` takes as long as reading a small file.
 */
export function homeFolder(): string {
  const named = process.platform === 'win32' ? undefined : process.env['HOME'];
  if (named !== undefined && named !== '') return named;
  const os = process.getBuiltinModule('node:os');
  try {
    return named === undefined ? os.homedir() : os.userInfo().homedir;
  } catch {
    // The user has no entry in the system's user database, as in some containers.
    return '';
  }
}

/** @throws {PathError} when the home folder is unknown: the path would otherwise be relative to the working folder. */
function inHome(home: string, ...parts: string[]): string {
  if (isAbsolute(home)) return join(home, ...parts);
  throw new PathError('The home folder is not known. Set HOME, or name the ledger with --ledger or LLM_SPEND_LEDGER.');
}

/** The environment of this process. */
export const ownEnvironment = (): PathEnvironment => ({
  platform: process.platform,
  env: process.env,
  home: homeFolder(),
});

/** Whether a ledger's name is a URL (`postgres://...`) rather than a path. Windows drive letters are single letters. */
export function isLedgerUrl(name: string): boolean {
  return /^[a-z][a-z\d+.-]+:\/\//i.test(name);
}

/** The kind of store that a ledger's name selects; undefined when there is none. */
export function storeKind(name: string): 'json' | 'sqlite' | 'postgres' | undefined {
  if (isLedgerUrl(name)) return /^postgres(ql)?:/i.test(name) ? 'postgres' : undefined;
  if (/\.json$/i.test(name)) return 'json';
  return /\.(db|sqlite)$/i.test(name) ? 'sqlite' : undefined;
}

/** The default ledger: `costs.json` in the user's config folder for `llm-spend`. */
export function defaultLedgerPath(environment: PathEnvironment = ownEnvironment()): string {
  const { platform, env, home } = environment;
  if (platform === 'win32') return join(windowsLocal(env, home), 'llm-spend', 'costs.json');
  if (platform === 'darwin') return inHome(home, 'Library', 'Application Support', 'llm-spend', 'costs.json');
  return join(xdgConfig(env) ?? inHome(home, '.config'), 'llm-spend', 'costs.json');
}

/** The membership of this machine in a team. */
export function membershipPath(): string {
  return join(dirname(defaultLedgerPath()), 'team.json');
}

/** The user's folder for state that may be lost, such as notes for undo (XDG's state folder). */
export function stateFolder(environment: PathEnvironment = ownEnvironment()): string {
  const { platform, env, home } = environment;
  if (platform === 'win32' || platform === 'darwin') return dirname(defaultLedgerPath(environment));
  const named = env['XDG_STATE_HOME'];
  return join(named !== undefined && isAbsolute(named) ? named : inHome(home, '.local', 'state'), 'llm-spend');
}

/**
 * The path that files of this machine about a ledger begin with: the ledger's own, or for a URL one in the user's state folder.
 * Equal for all URLs of one ledger, whatever their user and password.
 */
export function besideLedger(ledger: string, environment: PathEnvironment = ownEnvironment()): string {
  if (!isLedgerUrl(ledger)) return ledger;
  const { host, pathname, searchParams } = new URL(ledger);
  const name = encodeURIComponent(`${host}${pathname} ${searchParams.get('ledger') ?? ''}`.trim());
  // Two ledgers with one import state would each lack what the other one has read.
  const short = name.length <= MAX_NAME ? name : `${name.slice(0, MAX_NAME - 65)}-${sha256(name)}`;
  return join(stateFolder(environment), 'ledgers', short);
}

/** Leaves room for the endings of files, whose names may have 255 bytes. */
const MAX_NAME = 180;

/** The path of inkwell's own `costs.json`, whether it exists or not. */
export function inkwellDefaultPath(environment: PathEnvironment = ownEnvironment()): string {
  const { platform, env, home } = environment;
  if (platform === 'win32') return join(windowsLocal(env, home), 'inkwell', 'costs.json');
  const xdg = xdgConfig(env);
  if (xdg !== undefined) return join(xdg, 'inkwell', 'costs.json');
  if (platform === 'darwin') return inHome(home, 'Library', 'Application Support', 'inkwell', 'costs.json');
  return inHome(home, '.config', 'inkwell', 'costs.json');
}

/**
 * The ledger for usage imported from agents' logs. It is a file beside the primary ledger, which therefore stays small; if the
 * primary ledger is a URL, it is beside the default ledger.
 */
export function importedLedgerPath(primary: string): string {
  return join(dirname(isLedgerUrl(primary) ? defaultLedgerPath() : primary), 'imported.db');
}

/** The path of inkwell's ledger if it exists. */
export function inkwellLedgerPath(environment: PathEnvironment = ownEnvironment()): string | undefined {
  const path = inkwellDefaultPath(environment);
  return existsSync(path) ? path : undefined;
}

/**
 * Selects the ledger: the flag, then `LLM_SPEND_LEDGER`, then the setting, then the default. A leading `~` is the home folder;
 * relative paths start at the working folder.
 */
export function resolveLedgerPath(
  given: { flag?: string | undefined; setting?: string | undefined } = {},
  environment: PathEnvironment = ownEnvironment(),
): string {
  for (const path of [given.flag, environment.env['LLM_SPEND_LEDGER'], given.setting]) {
    if (path !== undefined && path.trim() !== '') return expandPath(path, environment.home);
  }
  return defaultLedgerPath(environment);
}

/**
 * Expands a leading `~` to the home folder and resolves relative paths against the working folder; leaves URLs unchanged.
 * @throws {PathError} when that folder is unknown.
 */
export function expandPath(path: string, home: string = homeFolder()): string {
  if (isLedgerUrl(path)) return path;
  if (path === '~') return inHome(home);
  const expanded = /^~[\\/]/.test(path) ? inHome(home, path.slice(2)) : path;
  try {
    return resolve(expanded);
  } catch {
    throw new PathError(`The working folder was deleted, so ${path} cannot be resolved. Change to another folder.`);
  }
}

/** A folder as records contain it: `~` for the home folder. Paths of other machines stay as they are. */
export function shortFolder(folder: string, home: string = homeFolder()): string {
  if (home === '' || !folder.startsWith(home)) return folder;
  const rest = folder.slice(home.length);
  return rest === '' || /^[\\/]/.test(rest) ? `~${rest}` : folder;
}

/** The folder that {@link shortFolder} was given. */
export function expandedFolder(folder: string, home: string = homeFolder()): string {
  return folder === '~' || /^~[\\/]/.test(folder) ? join(home, folder.slice(1)) : folder;
}

/** The XDG standard says to ignore relative values. */
function xdgConfig(env: PathEnvironment['env']): string | undefined {
  const value = env['XDG_CONFIG_HOME'];
  return value !== undefined && isAbsolute(value) ? value : undefined;
}

function windowsLocal(env: PathEnvironment['env'], home: string): string {
  return env['LOCALAPPDATA'] ?? inHome(home, 'AppData', 'Local');
}

/**
 * Creates the folder and its missing parents. Node's `recursive` option never ends where an existing folder does not allow
 * subfolders, as in /proc.
 */
export function makeFolders(path: string, mode = 0o777): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolders(parent, mode);
  try {
    mkdirSync(path, mode);
  } catch (error) {
    // Another process may have created it at the same time.
    if (!existsSync(path)) throw error;
  }
}
