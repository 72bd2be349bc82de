/** Splits names of models into words, version and snapshot date. Pure. */

/** A date at the end of a name: `-20250929`, `@20250929`, `-2025-09-29`, `-0709`, `-25-08`. */
const SNAPSHOT = /[-@](?:20\d{2}-?[01]\d-?[0-3]\d|[01]\d[0-3]\d)$/;

/** The model of a dated snapshot: `claude-sonnet-4-5-20250929` belongs to `claude-sonnet-4-5`. */
export function withoutSnapshot(model: string): string {
  return model.replace(SNAPSHOT, '');
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
