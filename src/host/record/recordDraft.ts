import type { UsageInput } from '../../usage/record.ts';
import { readCost, readTags, readTime, readTokens } from './recordInput.ts';
import type { Reading } from './recordInput.ts';

/** A usage that is being typed: the texts of its fields in the quick input. */
export interface RecordDraft {
  provider: string;
  model: string;
  operation: string;
  input: string;
  output: string;
  cacheRead: string;
  cacheWrite: string;
  /** Empty: by the prices. */
  cost: string;
  project: string;
  tags: string;
  note: string;
  /** Empty: now. */
  time: string;
}

export function emptyDraft(given: Partial<RecordDraft> = {}): RecordDraft {
  const texts = { input: '', output: '', cacheRead: '', cacheWrite: '', cost: '', tags: '', note: '', time: '' };
  return { provider: '', model: '', operation: '', project: '', ...texts, ...given };
}

/** The usage to record. Invalid texts count as empty: each was checked while it was typed. */
export function usageOf(draft: RecordDraft, now: number): UsageInput {
  const usage: UsageInput = {
    provider: draft.provider,
    model: draft.model,
    operation: draft.operation,
    input_tokens: valueOf(readTokens(draft.input)) ?? 0,
    output_tokens: valueOf(readTokens(draft.output)) ?? 0,
    source: 'manual',
  };
  const cacheRead = valueOf(readTokens(draft.cacheRead)) ?? 0;
  const cacheWrite = valueOf(readTokens(draft.cacheWrite)) ?? 0;
  const cost = valueOf(readCost(draft.cost));
  const tags = valueOf(readTags(draft.tags)) ?? [];
  const time = valueOf(readTime(draft.time, now));
  if (cacheRead > 0) usage.cache_read_tokens = cacheRead;
  if (cacheWrite > 0) usage.cache_write_tokens = cacheWrite;
  if (cost !== undefined) usage.cost_usd = cost;
  if (draft.project.trim() !== '') usage.project = draft.project.trim();
  if (tags.length > 0) usage.tags = tags;
  if (draft.note.trim() !== '') usage.note = draft.note.trim();
  if (time !== undefined) usage.timestamp = time;
  return usage;
}

function valueOf<T>(reading: Reading<T>): T | undefined {
  return 'value' in reading ? reading.value : undefined;
}
