/** A value of a parameter, or one of an array. */
export type SqlElement = string | number | bigint | boolean | null;

/**
 * The text of an array parameter, as PostgreSQL reads it. The client can write arrays too, but takes three times as long, which
 * a first synchronisation notices.
 */
export function arrayText(values: readonly SqlElement[]): string {
  return `{${values.map(elementText).join(',')}}`;
}

function elementText(value: SqlElement): string {
  if (typeof value !== 'string') return value === null ? 'NULL' : String(value);
  const text = value.includes('\\') ? value.replaceAll('\\', String.raw`\\`) : value;
  return `"${text.includes('"') ? text.replaceAll('"', String.raw`\"`) : text}"`;
}
