import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fieldsOf, parseJson, textOf, type Fields } from '../fields.ts';
import type { SourceFile } from '../source.ts';
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

/** The first line of a file names its session. */
const HEAD = 64 * 1024;
/** Maximum number of files searched for the sessions of a family. */
const MAX_FILES = 20_000;
const FOLDERS = ['sessions', 'archived_sessions'];

/** @param ancestors ids of sessions, beginning with the one that was forked. */
export function familyOf(file: SourceFile, own: string | undefined, ancestors: readonly string[]): Family {
  const sequences: { id: string; parent: string | undefined; path: string }[] = [];
  for (const path of logsBeside(file)) {
    const { id, parent } = headOf(path);
    if (path === file.path || id === undefined || id === own) continue;
    if (ancestors.includes(id) || parent === ancestors[0]) sequences.push({ id, parent, path });
  }
  return {
    hasParent: sequences.some(({ id }) => id === ancestors[0]),
    sequences: sequences.map(({ path }) => sequenceOf(path)),
  };
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
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function headOf(path: string): Session {
  const bytes = Buffer.alloc(HEAD);
  let length: number;
  try {
    const fd = openSync(path, 'r');
    try {
      length = readSync(fd, bytes, 0, HEAD, 0);
    } finally {
      closeSync(fd);
    }
  } catch {
    return sessionOf({});
  }
  const [line = ''] = bytes.toString('utf8', 0, length).split('\n', 1);
  const entry = fieldsOf(parseJson(line));
  const payload = entry?.['type'] === 'session_meta' ? fieldsOf(entry['payload']) : undefined;
  return sessionOf(payload ?? {});
}

function sequenceOf(path: string): Sequence {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  const keys: string[] = [];
  for (const line of text.split('\n')) {
    if (!line.includes('"token_count"')) continue;
    const payload = fieldsOf(fieldsOf(parseJson(line))?.['payload']);
    if (payload?.['type'] !== 'token_count') continue;
    const total = countsOf(fieldsOf(payload['info'])?.['total_token_usage']);
    const key = total && countsKey(total);
    if (key !== undefined && key !== keys.at(-1)) keys.push(key);
  }
  return keys;
}
