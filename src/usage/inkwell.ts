import { fieldsWith } from './fieldLists.ts';
import { UsageError, type UsageRecord } from './record.ts';

/**
 * Rules for records in inkwell's own `costs.json`.
 *
 * inkwell rejects the whole file because of a single record that it cannot read, and drops fields that it does not know at its
 * next save. A strict ledger therefore refuses such records and fields; the error suggests where to record them instead.
 */

/** The fields of inkwell's records, the only ones that a strict ledger accepts. */
const INKWELL_FIELDS: readonly string[] = fieldsWith(({ inkwell }) => inkwell === true);
export const INKWELL_PROVIDERS = ['gemini', 'claude', 'youtube', 'codex', 'claude-code'] as const;
export const INKWELL_OPERATIONS = ['transcription', 'extraction', 'tag_generation', 'interview'] as const;

/** Fields that we fill in ourselves. A strict ledger leaves them out, which loses nothing that the caller gave. */
const OURS_ALONE: readonly string[] = ['source', 'price_source'];

const INSTEAD = "record it in a ledger of your own instead: LLM Spend's default one, or any other file";
const OFFSET = /(Z|[+-]\d\d:?\d\d)$/i;
/** A Python datetime starts at year 1, so inkwell's parser (pydantic) refuses year 0, which ISO 8601 and we accept. */
const YEAR_ZERO = /^0000/;

/**
 * Returns the first reason why inkwell could not read or keep this record; undefined when it can.
 * @param record a record that passed `parseInput`, whose rules (types, signs, whole tokens) are not checked again.
 */
export function strictProblem(record: UsageRecord): UsageError | undefined {
  const refuse = (field: string, rule: string): UsageError =>
    new UsageError(field, record[field], `${rule}; ${INSTEAD}`);

  if (!includes(INKWELL_PROVIDERS, record.provider)) {
    return refuse('provider', `inkwell reads only ${list(INKWELL_PROVIDERS)}`);
  }
  if (!includes(INKWELL_OPERATIONS, record.operation)) {
    return refuse('operation', `inkwell reads only ${list(INKWELL_OPERATIONS)}`);
  }
  if (!OFFSET.test(record.timestamp) || YEAR_ZERO.test(record.timestamp)) {
    return refuse('timestamp', 'inkwell reads only times with an offset, from year 1 on, such as 2026-01-31T09:30:00Z');
  }
  for (const field of ['input_tokens', 'output_tokens', 'total_tokens'] as const) {
    if (!Number.isInteger(record[field])) return refuse(field, 'inkwell reads only whole numbers of tokens');
  }
  for (const field of Object.keys(record)) {
    if (includes(INKWELL_FIELDS, field) || OURS_ALONE.includes(field) || isAbsent(record[field])) continue;
    return refuse(field, 'inkwell drops this field at its next save');
  }
  return undefined;
}

/** Whether the value carries no information, so that omitting it loses nothing. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

function includes(names: readonly string[], name: string): boolean {
  return names.includes(name);
}

function list(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
