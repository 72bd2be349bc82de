import { fieldsWith } from './fieldLists.ts';
import { MAX_STORED_COST } from './limits.ts';
import type { UsageRecord } from './record.ts';

/** The fields without which no element is a record. */
export const NAME_FIELDS = fieldsWith(({ presence }) => presence === 'required');
/**
 * Both lists exclude fields added after 0.1.0: in an existing ledger another program may use the same name with another type.
 */
const TOKEN_FIELDS = fieldsWith(({ rule, added }) => rule === 'tokens' && added === undefined);
const TEXT_FIELDS = fieldsWith(({ presence, added }) => presence === 'nullable' && added === undefined);

const STORED_TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/i;

/** An element of a ledger that is not a usage record: kept byte for byte, counted, and excluded from all sums. */
export interface Unreadable {
  unreadable: string;
}

/**
 * Reads an element of a ledger, applying inkwell's defaults.
 *
 * Hand-written because it runs once for each of a million records. The rules are those of {@link parseInput} without the length
 * limits; a test keeps the two consistent.
 * @param fallbackId generates an id for records of old inkwell versions, which have none.
 */
export function readStored(value: unknown, fallbackId: () => string): UsageRecord | Unreadable {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { unreadable: 'is not an object' };
  const record = value as Record<string, unknown>;
  for (const field of NAME_FIELDS) {
    if (typeof record[field] !== 'string' || record[field] === '') return { unreadable: `${field} is not a string` };
  }
  for (const field of TOKEN_FIELDS) {
    const n = record[field];
    if (n !== undefined && !(typeof n === 'number' && Number.isSafeInteger(n) && n >= 0)) {
      return { unreadable: `${field} is not a whole number of tokens` };
    }
  }
  const cost = record['cost_usd'];
  if (cost !== undefined && !(typeof cost === 'number' && cost >= 0 && cost <= MAX_STORED_COST)) {
    return { unreadable: 'cost_usd is not an amount' };
  }
  const known = record['cost_known'];
  if (known !== undefined && typeof known !== 'boolean') return { unreadable: 'cost_known is not true or false' };
  const mode = record['billing_mode'];
  if (mode !== undefined && mode !== 'known' && mode !== 'estimated' && mode !== 'runtime_managed') {
    return { unreadable: 'billing_mode is not known, estimated or runtime_managed' };
  }
  const timestamp = record['timestamp'];
  if (typeof timestamp !== 'string' || !STORED_TIME.test(timestamp) || Number.isNaN(Date.parse(timestamp))) {
    return { unreadable: 'timestamp is not a time with an offset' };
  }
  const id = record['usage_id'];
  if (id !== undefined && (typeof id !== 'string' || id === '')) return { unreadable: 'usage_id is not a string' };
  const tags = record['tags'];
  if (tags !== undefined && tags !== null && !(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string'))) {
    return { unreadable: 'tags is not an array of strings' };
  }
  for (const field of TEXT_FIELDS) {
    const text = record[field];
    if (text !== undefined && text !== null && typeof text !== 'string')
      return { unreadable: `${field} is not a string` };
  }
  const input = (record['input_tokens'] as number | undefined) ?? 0;
  const output = (record['output_tokens'] as number | undefined) ?? 0;
  const total = (record['total_tokens'] as number | undefined) || input + output;
  if (!Number.isSafeInteger(total)) return { unreadable: 'total_tokens is not a whole number of tokens' };
  const result = record as UsageRecord;
  result.usage_id = id ?? fallbackId();
  result.input_tokens = input;
  result.output_tokens = output;
  result.total_tokens = total;
  result.cost_usd = cost ?? 0;
  result.cost_known = known ?? true;
  result.billing_mode = mode ?? 'known';
  if (tags === null) delete result.tags;
  return result;
}

export function isUnreadable(value: UsageRecord | Unreadable): value is Unreadable {
  return typeof (value as Unreadable).unreadable === 'string' && (value as UsageRecord).provider === undefined;
}
