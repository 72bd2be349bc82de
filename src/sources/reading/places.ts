import { join } from 'node:path';
import type { SourceEnvironment } from '../source.ts';

/** The folders in which programs keep their data, for each system. */

/** The folders listed in a variable, separated by commas; `~` is the home folder. Empty if the variable is not set. */
export function foldersIn({ env, home }: SourceEnvironment, variable: string): string[] {
  return (env[variable] ?? '')
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== '')
    .map((path) => (path === '~' || /^~[\\/]/.test(path) ? join(home, path.slice(1)) : path));
}

/** The folders listed in a variable, or the given ones if it is not set. */
export function foldersOr(environment: SourceEnvironment, variable: string, ...usual: readonly string[]): string[] {
  const given = foldersIn(environment, variable);
  return given.length > 0 ? given : [...usual];
}

/** `$XDG_DATA_HOME` or `~/.local/share`, which many programs use on every system. */
export function xdgData({ env, home }: SourceEnvironment): string {
  return env['XDG_DATA_HOME'] || join(home, '.local', 'share');
}

/** The folder for program data: `~/.local/share`, `~/Library/Application Support`, `%LOCALAPPDATA%`. */
export function localData(environment: SourceEnvironment): string {
  const { platform, env, home } = environment;
  if (platform === 'win32') return env['LOCALAPPDATA'] || join(home, 'AppData', 'Local');
  return platform === 'darwin' ? join(home, 'Library', 'Application Support') : xdgData(environment);
}

/** The folder for settings: `~/.config`, `~/Library/Application Support`, `%APPDATA%`. */
export function roamingData({ platform, env, home }: SourceEnvironment): string {
  if (platform === 'win32') return env['APPDATA'] || join(home, 'AppData', 'Roaming');
  return platform === 'darwin'
    ? join(home, 'Library', 'Application Support')
    : env['XDG_CONFIG_HOME'] || join(home, '.config');
}

const EDITORS = ['Code', 'Code - Insiders', 'VSCodium', 'Cursor', 'Windsurf', 'Positron'];
const SERVERS = ['.vscode-server', '.vscode-server-insiders', '.cursor-server', '.windsurf-server', '.vscodium-server'];

/** The folders named `User` of VS Code and its forks, for desktop and server installations. */
export function editorFolders(environment: SourceEnvironment): string[] {
  const base = roamingData(environment);
  return [
    ...EDITORS.map((name) => join(base, name, 'User')),
    ...SERVERS.map((name) => join(environment.home, name, 'data', 'User')),
  ];
}
