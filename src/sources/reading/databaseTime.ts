import { timeOf } from '../fields.ts';

/**
 * Parses a time in a column: ISO 8601, SQLite's own `2026-01-31 09:30:00` (UTC), or seconds or milliseconds since the epoch.
 */
export function databaseTime(value: unknown): string | undefined {
  if (typeof value !== 'string') return timeOf(value);
  const text = value.trim();
  if (/^\d{9,17}(\.\d+)?$/.test(text)) return timeOf(Number(text));
  const time = timeOf(text) ?? timeOf(`${text.replace(' ', 'T')}Z`);
  return time === undefined ? undefined : new Date(time).toISOString();
}
