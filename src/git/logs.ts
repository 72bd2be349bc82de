import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { textOfFile } from './clonePlace.ts';
import { HEADS, type RefMove } from './history.ts';

/**
 * Reads reflogs from git's files, because an unchanged file is recognised by its size and time without starting a process.
 * GitRepositories that store their references as reftables have no such files; their usage is attributed by the authors' times.
 */

export interface LogFile {
  readonly size: number;
  readonly modifiedAt: number;
}

export interface Logs {
  readonly files: ReadonlyMap<string, LogFile>;
  readonly moves: ReadonlyMap<string, readonly RefMove[]>;
}

export const NO_LOGS: Logs = { files: new Map(), moves: new Map() };

/** Returns `before` itself when no log has changed. Moves that git has expired, and logs of removed branches, are kept. */
export async function readLogs(commonDir: string, before: Logs): Promise<Logs> {
  const files = new Map<string, LogFile>();
  const changed: string[] = [];
  for (const [name, path] of await logFiles(commonDir)) {
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() !== true) continue;
    const file = { size: found.size, modifiedAt: found.mtimeMs };
    files.set(name, file);
    const known = before.files.get(name);
    if (known?.size !== file.size || known.modifiedAt !== file.modifiedAt) changed.push(name);
  }
  if (changed.length === 0 && files.size === before.files.size) return before;
  const moves = new Map(before.moves);
  for (const name of changed) {
    const text = await textOfFile(join(commonDir, pathOfLog(name)));
    if (text !== undefined) moves.set(name, joined(moves.get(name) ?? [], parseReflog(text)));
  }
  return { files, moves };
}

function pathOfLog(name: string): string {
  const [, worktree] = /^(worktrees\/[^/]+)\/HEAD$/.exec(name) ?? [];
  return worktree === undefined ? join('logs', name) : join(worktree, 'logs/HEAD');
}

async function logFiles(commonDir: string): Promise<Map<string, string>> {
  const worktrees = await readdir(join(commonDir, 'worktrees')).catch(() => []);
  const branches = await readdir(join(commonDir, 'logs/refs/heads'), { recursive: true }).catch(() => []);
  const names = [
    'HEAD',
    ...worktrees.map((id) => `worktrees/${id}/HEAD`),
    ...branches.map((branch) => `${HEADS}${branch.replaceAll('\\', '/')}`),
  ];
  return new Map(names.map((name) => [name, join(commonDir, pathOfLog(name))]));
}

/** The earlier moves that are no longer in the file, then those of the file. */
function joined(before: readonly RefMove[], now: readonly RefMove[]): readonly RefMove[] {
  if (before.length === 0) return now;
  const key = ({ at, from, to, action }: RefMove): string => `${at} ${from} ${to} ${action}`;
  const present = new Set(now.map(key));
  const expired = before.filter((move) => !present.has(key(move)));
  return expired.length === 0 ? now : [...expired, ...now];
}

const LOG_LINE = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (.*?)<([^>\n]*)> (\d{1,15}) [+-]\d{4}(?:\t(.*))?$/;

/** Parses a file of `.git/logs`. Incomplete and damaged lines are skipped, as git does. */
export function parseReflog(text: string): RefMove[] {
  const moves: RefMove[] = [];
  for (const line of text.split('\n')) {
    const [, from, to, , email, seconds, action = ''] = LOG_LINE.exec(line) ?? [];
    if (from === undefined || to === undefined) continue;
    moves.push({
      from: isNull(from) ? '' : from,
      to: isNull(to) ? '' : to,
      at: Number(seconds) * 1000,
      email: email ?? '',
      action,
    });
  }
  return moves;
}

function isNull(hash: string): boolean {
  return /^0+$/.test(hash);
}
