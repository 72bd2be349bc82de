import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { homeFolder } from '../../../system/paths.ts';

/** The server, database and user that a password is for. */
export interface PasswordWanted {
  host: string;
  port: number;
  database: string;
  user: string;
}

/** The path of libpq's password file. */
export function passwordFilePath(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (env['PGPASSFILE']) return env['PGPASSFILE'];
  const roaming = env['APPDATA'];
  if (process.platform === 'win32' && roaming) return join(roaming, 'postgresql', 'pgpass.conf');
  return join(homeFolder(), '.pgpass');
}

/** Looks a password up by libpq's rules: the first line that matches counts, and a file that others may read is ignored. */
export function passwordFromFile(wanted: PasswordWanted, path: string = passwordFilePath()): string | undefined {
  let text: string;
  try {
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) return undefined;
    text = readFileSync(path, 'utf8');
  } catch {
    // Without the file there is no password.
    return undefined;
  }
  const host = wanted.host.startsWith('/') ? 'localhost' : wanted.host;
  const values = [host, String(wanted.port), wanted.database, wanted.user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = line.match(/(?:\\.|[^:\\])+/g)?.map((field) => field.replaceAll(/\\(.)/g, '$1')) ?? [];
    if (fields.length === 5 && values.every((value, i) => fields[i] === '*' || fields[i] === value)) return fields[4];
  }
  return undefined;
}
