import { statSync, type BigIntStats } from 'node:fs';

const DATABASE = /\.(db|sqlite3?|vscdb)$/i;

/**
 * The part of a database's version that is in its log: its program's latest writes are in `-wal`, while the database file is
 * unchanged until a checkpoint. Empty for other files, and without a log.
 */
export function logVersion(path: string): string {
  const log = logOf(path);
  return log === undefined ? '' : `+${log.size}:${log.mtimeNs}`;
}

/** Time of the last write to a file, or to the log beside a database, ms since the epoch. */
export function lastWritten(path: string, stats: BigIntStats): number {
  return Math.max(Number(stats.mtimeMs), Number(logOf(path)?.mtimeMs ?? 0));
}

function logOf(path: string): BigIntStats | undefined {
  if (!DATABASE.test(path)) return undefined;
  const log = statSync(`${path}-wal`, { bigint: true, throwIfNoEntry: false });
  return log === undefined || log.size === 0n ? undefined : log;
}
