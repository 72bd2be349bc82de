import { lstatSync, readdirSync, statSync, type BigIntStats } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { nextTurn } from '../../system/turns.ts';
import type { Skip, Source, SourceFile } from '../source.ts';
import { lastWritten, logVersion } from './logVersion.ts';

/** The logs below the folders of a source, in path order, and the folders that could not be read. */
export interface Found {
  files: SourceFile[];
  skips: Skip[];
}

export interface Where {
  /** Restricts the search to these files and folders below the places, with `/`. */
  within?: readonly string[] | undefined;
  /** Checked after each turn of the event loop. */
  signal?: AbortSignal | undefined;
}

/** Number of folders between two turns of the event loop, for signals and progress. */
const FOLDERS_PER_TURN = 256;
/** Deeper than any agent's folders; bounds the recursion. */
const MAX_DEPTH = 32;

/**
 * Uses synchronous calls: each takes several times as long through the thread pool, and an import without new files does
 * nothing else.
 *
 * Links to folders and files are not followed, as in ccusage: their targets are either read in their own place or not logs of
 * this tool. The folders passed in may be links.
 */
export async function findLogs(source: Source, roots: readonly string[], where: Where = {}): Promise<Found> {
  const { within = [''] } = where;
  const walk = new Walk(source, where);
  const { found } = walk;
  for (const root of new Set(roots)) {
    for (const below of within) {
      const place = join(root, below);
      let stats;
      try {
        // Most places do not exist, and an exception costs more than all other calls.
        stats = statSync(place, EXACTLY);
        if (stats === undefined) continue;
      } catch (error) {
        if (!isMissing(error)) found.skips.push({ reason: 'unreadable-folder', file: place, detail: messageOf(error) });
        continue;
      }
      if (stats.isDirectory()) await walk.folder(place, below);
      else found.files.push(fileOf(place, below === '' ? basename(root) : below, stats));
    }
  }
  found.files.sort((a, b) => (a.path < b.path ? -1 : 1));
  if (source.choose) found.files = source.choose(found.files);
  return found;
}

class Walk {
  readonly found: Found = { files: [], skips: [] };
  readonly #source: Source;
  readonly #where: Where;
  /** Folders still to be searched. */
  readonly #left: { folder: string; relative: string; depth: number }[] = [];

  constructor(source: Source, where: Where) {
    this.#source = source;
    this.#where = where;
  }

  async folder(folder: string, relative: string): Promise<void> {
    this.#left.push({ folder, relative, depth: 0 });
    let count = 0;
    for (let next = this.#left.pop(); next !== undefined; next = this.#left.pop()) {
      this.#look(next.folder, next.relative, next.depth);
      if (++count % FOLDERS_PER_TURN !== 0) continue;
      await nextTurn();
      this.#where.signal?.throwIfAborted();
    }
  }

  #look(folder: string, relative: string, depth: number): void {
    const { found } = this;
    let entries;
    try {
      entries = readdirSync(folder, { withFileTypes: true });
    } catch (error) {
      if (!isMissing(error)) found.skips.push({ reason: 'unreadable-folder', file: folder, detail: messageOf(error) });
      return;
    }
    for (const entry of entries) {
      // Not `join`, which would normalise the whole path again for each file.
      const path = folder + sep + entry.name;
      const below = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isSymbolicLink()) {
        if (this.#source.matches(below)) found.skips.push({ reason: 'link', file: path });
      } else if (entry.isDirectory()) {
        if (depth < MAX_DEPTH && this.#source.enters?.(below) !== false)
          this.#left.push({ folder: path, relative: below, depth: depth + 1 });
      } else if (this.#source.matches(below)) {
        const stats = statsOf(path);
        // It was removed since it was listed, or is a pipe, which would never end.
        if (stats?.isFile() === true) found.files.push(fileOf(path, below, stats));
      }
    }
  }
}

const EXACTLY = { bigint: true, throwIfNoEntry: false } as const;

function statsOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, EXACTLY);
  } catch {
    return undefined;
  }
}

function fileOf(path: string, relative: string, stats: BigIntStats): SourceFile {
  return {
    path,
    relative,
    modifiedAt: lastWritten(path, stats),
    size: Number(stats.size),
    version: versionOf(stats) + logVersion(path),
  };
}

/** Identifies a version of a file. */
export function versionOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`;
}

export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

export function messageOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  // SQLite has one code for all errors.
  return code === undefined || code === 'ERR_SQLITE_ERROR' ? message : code;
}

/** Whether a file is the place itself, or below it. */
export function isIn({ path }: Pick<SourceFile, 'path'>, place: string): boolean {
  return (
    path === place ||
    path.startsWith(place.endsWith('/') || place.endsWith('\\') ? place : `${place}/`) ||
    path.startsWith(`${place}\\`)
  );
}
