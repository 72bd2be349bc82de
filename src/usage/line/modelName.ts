/** Splits names of models into words, version and snapshot date. Pure. */

/** Digits at the end of a name that may be a date: `-20250929`, `@20250929`, `-2025-09-29`, `-0709`. */
const SNAPSHOT = /[-@](?:20\d{2}(?:-\d{2}-\d{2}|\d{4})|\d{4})$/;
/** Has each day that a date without a year may be. */
const LEAP_YEAR = '2000';

/** The model of a dated snapshot: `claude-sonnet-4-5-20250929` belongs to `claude-sonnet-4-5`. */
export function withoutSnapshot(model: string): string {
  const [date] = SNAPSHOT.exec(model) ?? [];
  return date !== undefined && isDate(date.replaceAll(/\D/g, '')) ? model.slice(0, -date.length) : model;
}

/** @param digits of year, month and day, or of the last two. */
function isDate(digits: string): boolean {
  const [year, month, day] = [digits.slice(0, -4) || LEAP_YEAR, digits.slice(-4, -2), digits.slice(-2)].map(Number);
  const date = new Date(Date.UTC(year!, month! - 1, day));
  return date.getUTCMonth() + 1 === month && date.getUTCDate() === day;
}

/** The words and numbers of a name in lowercase: `GPT-4o mini` -> `gpt`, `4`, `o`, `mini`; `command-r+` ends with `plus`. */
export function nameParts(text: string): string[] {
  return (
    text
      .toLowerCase()
      .replaceAll('+', ' plus')
      .match(/\p{L}+|\d+/gu) ?? []
  );
}

/** A name without the characters that users omit: `gpt-4o-mini` -> `gpt4omini`. */
export function compactName(text: string): string {
  return nameParts(text).join('');
}

export function isNumberPart(part: string): boolean {
  return /^\d+$/.test(part);
}
