import type { BigIntStats } from 'node:fs';
import { lstat, opendir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Skip, Source, SourceFile } from './types.ts';

/** The logs below the folders of a source, in the order of their paths, and what could not be looked at. */
export interface Found {
  files: SourceFile[];
  skips: Skip[];
}

/** Deeper than any agent's folders; a bound, so that nothing can lead us on for ever. */
const MAX_DEPTH = 32;

/**
 * Links to folders and files are not followed, as ccusage does not: whatever they show is either read where it is, or
 * not a log of this tool. The named folders themselves may be links.
 */
export async function findLogs(
  source: Source,
  roots: readonly string[],
  signal?: AbortSignal,
  within: readonly string[] = [''],
): Promise<Found> {
  const found: Found = { files: [], skips: [] };
  for (const root of new Set(roots)) {
    for (const below of within) {
      const place = join(root, below);
      let stats;
      try {
        stats = await stat(place, { bigint: true });
      } catch (error) {
        if (!isMissing(error)) found.skips.push({ reason: 'unreadable-folder', file: place, detail: messageOf(error) });
        continue;
      }
      if (stats.isDirectory()) await walk(source, place, below, 0, found, signal);
      else found.files.push(fileOf(place, below === '' ? basename(root) : below, stats));
    }
  }
  found.files.sort((a, b) => (a.path < b.path ? -1 : 1));
  if (source.choose) found.files = source.choose(found.files);
  return found;
}

async function walk(
  source: Source,
  folder: string,
  relative: string,
  depth: number,
  found: Found,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  try {
    for await (const entry of await opendir(folder)) {
      const path = join(folder, entry.name);
      const below = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isSymbolicLink()) {
        if (source.matches(below)) found.skips.push({ reason: 'link', file: path });
      } else if (entry.isDirectory()) {
        if (depth < MAX_DEPTH) await walk(source, path, below, depth + 1, found, signal);
      } else if (source.matches(below)) {
        const stats = await lstat(path, { bigint: true }).catch(() => undefined);
        // Gone since it was listed, or a pipe, which would never end.
        if (stats?.isFile() === true) found.files.push(fileOf(path, below, stats));
      }
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (!isMissing(error)) found.skips.push({ reason: 'unreadable-folder', file: folder, detail: messageOf(error) });
  }
}

function fileOf(path: string, relative: string, stats: BigIntStats): SourceFile {
  return { path, relative, modifiedAt: Number(stats.mtimeMs), size: Number(stats.size), version: versionOf(stats) };
}

/** What tells one version of a file from another. */
export function versionOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`;
}

export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

export function messageOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
