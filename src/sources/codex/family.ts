import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fieldsOf, parseJson, textOf, type Fields } from '../fields.ts';
import type { SourceFile } from '../source.ts';
import { countsKey, countsOf } from './counts.ts';

/**
 * The sessions that a forked session shares its first events with: those that it was forked from, and others that were
 * forked from the same one. Their running totals tell which events of the fork are a replay.
 */

/** The running totals of a session, in their order, without repetitions. */
export type Sequence = readonly string[];

export interface Family {
  /** The file of the session that was forked is there. */
  hasParent: boolean;
  sequences: readonly Sequence[];
}

/** The session of a file stands in its first line. */
const HEAD = 64 * 1024;
/** Files that are looked into for the sessions of a family. */
const MAX_FILES = 20_000;
const FOLDERS = ['sessions', 'archived_sessions'];

/** @param ancestors ids of sessions, the one that was forked first. */
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

/** What a `session_meta` line says of its session. */
export interface Session {
  id: string | undefined;
  /** The session that it was forked from. */
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

/** The logs of the same home of Codex; those in the same folder where a file was named. */
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
