import { closeSync, openSync, readSync } from 'node:fs';
import { codexWindows, type QuotaSample } from '../../usage/time/quota.ts';
import { fieldsOf, parseJson, textOf } from '../fields.ts';
import type { SourceFile } from '../source.ts';

/** Bytes at the end of a session that are searched for the plan's limits, which each count of tokens repeats. */
const END_BYTES = 256 * 1024;
/** Limits of older sessions have been reset. */
const MAX_AGE_MS = 8 * 86_400_000;
/** Sessions of one import that are searched, the newest first. */
const MAX_FILES = 20;

/** The state of the plan's quota at the end of each of these sessions. */
export function codexQuota(files: readonly SourceFile[], now: number): QuotaSample[] {
  return files
    .filter(({ modifiedAt }) => now - modifiedAt < MAX_AGE_MS)
    .toSorted((a, b) => b.modifiedAt - a.modifiedAt)
    .slice(0, MAX_FILES)
    .flatMap((file) => quotaOf(file));
}

function quotaOf({ path, size }: SourceFile): QuotaSample[] {
  for (const line of endOf(path, size).split('\n').toReversed()) {
    if (!line.includes('"rate_limits"')) continue;
    const entry = fieldsOf(parseJson(line));
    const payload = fieldsOf(entry?.['payload']);
    const at = Date.parse(textOf(entry?.['timestamp']) ?? '');
    const limits = fieldsOf(payload?.['rate_limits']);
    if (payload?.['type'] !== 'token_count' || limits === undefined || Number.isNaN(at)) continue;
    return codexWindows(limits, at).map((window) => ({ ...window, agent: 'codex', at }));
  }
  return [];
}

/** Empty when the file cannot be read. Its first line may be cut off. */
function endOf(path: string, size: number): string {
  const from = Math.max(0, size - END_BYTES);
  const bytes = Buffer.alloc(size - from);
  try {
    const fd = openSync(path, 'r');
    try {
      return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, from)).toString('utf8');
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}
