import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fieldsOf, parseJson, textOf, timeOf, type Fields } from '../fields.ts';
import { versionOf } from '../reading/walk.ts';
import type { SourceFile } from '../source.ts';
import { headText, isSessionFile, sessionText } from './compressed.ts';
import { countsKey, countsOf } from './counts.ts';

/**
 * The sessions that share their first events with a forked session: its ancestors, and other forks of the same session. Their
 * running totals show which events of the fork are a replay.
 */

/** The running totals of a session, in order, without repetitions. */
export type Sequence = readonly string[];

export interface Family {
  /** Whether the file of the session that was forked exists. */
  hasParent: boolean;
  sequences: readonly Sequence[];
}

/** The session whose relatives are searched. */
export interface Fork {
  id: string | undefined;
  /** Sessions, beginning with the one that was forked. */
  ancestors: readonly string[];
  /** Start of the session, ms since the epoch. */
  start: number | undefined;
}

/** A running total, and when it was written, ms since the epoch; NaN if that is unknown. */
interface Total {
  key: string;
  at: number;
}

/** The first line of a file names its session. */
const HEAD = 64 * 1024;
/** Maximum number of files searched for the sessions of a family. */
const MAX_FILES = 20_000;
const FOLDERS = ['sessions', 'archived_sessions'];

/** The ancestors that have a file; other forks of the same session only if its own file is missing. */
export function familyOf(file: SourceFile, { id: own, ancestors, start }: Fork): Family {
  const relatives: { id: string; path: string }[] = [];
  for (const path of logsBeside(file)) {
    const { id, parent } = headOf(path);
    if (path === file.path || id === undefined || id === own) continue;
    if (ancestors.includes(id) || parent === ancestors[0]) relatives.push({ id, path });
  }
  const hasParent = relatives.some(({ id }) => id === ancestors[0]);
  const sequences = relatives.flatMap(({ id, path }) => {
    if (ancestors.includes(id)) return [untilFork(totalsOf(path), start)];
    return hasParent ? [] : [totalsOf(path).map(({ key }) => key)];
  });
  return { hasParent, sequences };
}

/** A fork cannot repeat calls that were made after it, even if a later call has equal counts. */
function untilFork(totals: readonly Total[], start: number | undefined): Sequence {
  const before = totals.filter(({ at }) => start === undefined || Number.isNaN(at) || at < start);
  // If all totals are later, the clocks differ, and the times say nothing.
  return (before.length > 0 ? before : totals).map(({ key }) => key);
}

/** The contents of a `session_meta` line. */
export interface Session {
  id: string | undefined;
  /** The session from which it was forked. */
  parent: string | undefined;
  /** The session that started it as an agent. */
  starter: string | undefined;
}

export function sessionOf(payload: Fields): Session {
  const agent = fieldsOf(fieldsOf(payload['source'])?.['subagent']);
  return {
    id: textOf(payload['id']),
    parent: textOf(payload['forked_from_id']),
    starter: textOf(payload['parent_thread_id']) ?? textOf(fieldsOf(agent?.['thread_spawn'])?.['parent_thread_id']),
  };
}

/** The logs of the same Codex home; for a file named by the user, those in the same folder. */
function logsBeside({ path, relative }: SourceFile): string[] {
  const root = path.slice(0, path.length - relative.length - 1);
  const isHome = FOLDERS.includes(basename(root));
  const folders = isHome ? FOLDERS.map((name) => join(dirname(root), name)) : [root];
  return folders.flatMap((folder) => logsIn(folder, isHome)).slice(0, MAX_FILES);
}

function logsIn(folder: string, recursive: boolean): string[] {
  try {
    return readdirSync(folder, { recursive, encoding: 'utf8' })
      .filter(isSessionFile)
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** The sessions of files whose first line is complete, because it does not change any more. */
const heads = new Map<string, Session>();

function headOf(path: string): Session {
  const known = heads.get(path);
  if (known !== undefined) return known;
  let text: string;
  try {
    text = headText(path, HEAD);
  } catch {
    return sessionOf({});
  }
  const [line = ''] = text.split('\n', 1);
  const entry = fieldsOf(parseJson(line));
  const payload = entry?.['type'] === 'session_meta' ? fieldsOf(entry['payload']) : undefined;
  const session = sessionOf(payload ?? {});
  if (line.length < text.length) {
    if (heads.size >= MAX_FILES) heads.clear();
    heads.set(path, session);
  }
  return session;
}

/** The last files that were read: a session may have many forks and agents, which are read one after another. */
const read = new Map<string, Total[]>();
const MAX_READ = 8;

function totalsOf(path: string): readonly Total[] {
  const version = versionAt(path);
  const known = version === undefined ? undefined : read.get(version);
  if (known !== undefined) return known;
  const totals = readTotals(path);
  if (version === undefined) return totals;
  const [oldest] = read.keys();
  if (read.size >= MAX_READ && oldest !== undefined) read.delete(oldest);
  read.set(version, totals);
  return totals;
}

function versionAt(path: string): string | undefined {
  try {
    return `${path} ${versionOf(statSync(path, { bigint: true }))}`;
  } catch {
    return undefined;
  }
}

function readTotals(path: string): Total[] {
  let text: string;
  try {
    text = sessionText(path);
  } catch {
    return [];
  }
  const totals: Total[] = [];
  for (const line of text.split('\n')) {
    if (!line.includes('"token_count"')) continue;
    const entry = fieldsOf(parseJson(line));
    const payload = fieldsOf(entry?.['payload']);
    if (payload?.['type'] !== 'token_count') continue;
    const total = countsOf(fieldsOf(payload['info'])?.['total_token_usage']);
    const key = total && countsKey(total);
    if (key === undefined || key === totals.at(-1)?.key) continue;
    totals.push({ key, at: Date.parse(timeOf(entry?.['timestamp']) ?? '') });
  }
  return totals;
}
