import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';

/** The environment as far as paths depend on it; passed in by tests. */
export interface PathEnvironment {
  platform: NodeJS.Platform;
  env: Readonly<Record<string, string | undefined>>;
  home: string;
}

/** A path cannot be found, with the reason and what helps in words for a person. */
export class PathError extends Error {
  override readonly name = 'PathError';
}

/**
 * The home folder; empty when the system does not know it. An empty HOME counts as none. Like `os.homedir`, whose module takes as
 * long to load as a small file to read.
 */
export function homeFolder(): string {
  const named = process.platform === 'win32' ? undefined : process.env['HOME'];
  if (named !== undefined && named !== '') return named;
  const os = process.getBuiltinModule('node:os');
  try {
    return named === undefined ? os.homedir() : os.userInfo().homedir;
  } catch {
    // A user without an entry in the system's list, as in some containers.
    return '';
  }
}

/** @throws {PathError} when the home folder is not known: a path below it would count from the working folder. */
function inHome(home: string, ...parts: string[]): string {
  if (isAbsolute(home)) return join(home, ...parts);
  throw new PathError('The home folder is not known. Set HOME, or name the ledger with --ledger or LLM_SPEND_LEDGER.');
}

/** Of this process. */
export const ownEnvironment = (): PathEnvironment => ({
  platform: process.platform,
  env: process.env,
  home: homeFolder(),
});

/** Whether a ledger's name is a URL (`postgres://...`) and not a path. A drive of Windows has one letter. */
export function isLedgerUrl(name: string): boolean {
  return /^[a-z][a-z\d+.-]+:\/\//i.test(name);
}

/** The kind of store that a ledger's name asks for; undefined where there is none. */
export function storeKind(name: string): 'json' | 'sqlite' | undefined {
  if (isLedgerUrl(name)) return undefined;
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

/** Where inkwell keeps its own `costs.json` (`formats.md`, section 1), whether it exists or not. */
export function inkwellDefaultPath(environment: PathEnvironment = ownEnvironment()): string {
  const { platform, env, home } = environment;
  if (platform === 'win32') return join(windowsLocal(env, home), 'inkwell', 'costs.json');
  const xdg = xdgConfig(env);
  if (xdg !== undefined) return join(xdg, 'inkwell', 'costs.json');
  if (platform === 'darwin') return inHome(home, 'Library', 'Application Support', 'inkwell', 'costs.json');
  return inHome(home, '.config', 'inkwell', 'costs.json');
}

/**
 * The ledger for usage that is imported from agents' logs: beside the primary ledger, which stays small. Beside a URL there
 * is no place for a file, so it is beside the default ledger.
 */
export function importedLedgerPath(primary: string): string {
  return join(dirname(isLedgerUrl(primary) ? defaultLedgerPath() : primary), 'imported.db');
}

/** inkwell's ledger, if there is one. */
export function inkwellLedgerPath(environment: PathEnvironment = ownEnvironment()): string | undefined {
  const path = inkwellDefaultPath(environment);
  return existsSync(path) ? path : undefined;
}

/**
 * The ledger to use: the flag, then `LLM_SPEND_LEDGER`, then the setting, then the default. A leading `~` is the home
 * folder; a relative path counts from the working folder.
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
 * A leading `~` is the home folder; a relative path counts from the working folder; a URL stays as it is.
 * @throws {PathError} when that folder is not known.
 */
export function expandPath(path: string, home: string = homeFolder()): string {
  if (isLedgerUrl(path)) return path;
  if (path === '~') return inHome(home);
  const expanded = /^~[\\/]/.test(path) ? inHome(home, path.slice(2)) : path;
  try {
    return resolve(expanded);
  } catch {
    throw new PathError(`The working folder was deleted, so ${path} leads nowhere. Change to another folder.`);
  }
}

/** The XDG standard: a relative value is to be ignored. */
function xdgConfig(env: PathEnvironment['env']): string | undefined {
  const value = env['XDG_CONFIG_HOME'];
  return value !== undefined && isAbsolute(value) ? value : undefined;
}

function windowsLocal(env: PathEnvironment['env'], home: string): string {
  return env['LOCALAPPDATA'] ?? inHome(home, 'AppData', 'Local');
}
