import type { UsageInput, UsageRecord } from '../usage/record.ts';
import { UsageError } from '../usage/record.ts';

/** A second record with a known id is a retry if its values are the same, and a mistake otherwise. */
export function assertSame(usage: UsageInput, there: UsageRecord): void {
  for (const [field, value] of Object.entries(usage)) {
    if (value === undefined || JSON.stringify(value) === JSON.stringify(there[field])) continue;
    throw new UsageError('usage_id', usage.usage_id, `is taken by another record, which has a different ${field}`);
  }
}

/**
 * Whether two elements have the same content, regardless of whitespace, and of whether the id is in the text or was derived
 * from it.
 */
export function sameElement(there: string, text: string, usageId: string): boolean {
  if (there === text) return true;
  const plain = (json: string): string => JSON.stringify({ ...(JSON.parse(json) as object), usage_id: usageId });
  return plain(there) === plain(text);
}
