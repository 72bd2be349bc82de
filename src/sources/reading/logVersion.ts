import { statSync, type BigIntStats } from 'node:fs';

const DATABASE = /\.(db|sqlite3?|vscdb)$/i;

/**
 * The part of a file's version that is in the log beside a database: its program's last writes are in `-wal`, and the database
 * itself stays as it is until a checkpoint. Empty for other files, and where there is no log.
 */
export function logVersion(path: string): string {
  const log = logOf(path);
  return log === undefined ? '' : `+${log.size}:${log.mtimeNs}`;
}

/** When a file, or the log beside a database, was written last: ms since the epoch. */
export function lastWritten(path: string, stats: BigIntStats): number {
  return Math.max(Number(stats.mtimeMs), Number(logOf(path)?.mtimeMs ?? 0));
}

function logOf(path: string): BigIntStats | undefined {
  if (!DATABASE.test(path)) return undefined;
  const log = statSync(`${path}-wal`, { bigint: true, throwIfNoEntry: false });
  return log === undefined || log.size === 0n ? undefined : log;
}
