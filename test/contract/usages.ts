import type { StoredElement } from '../../src/ledger/results.ts';
import type { UsageInput } from '../../src/usage/record.ts';
import { isUnreadable, readStored } from '../../src/usage/stored.ts';

/** One usage with the given id. */
export function call(id: string, more: Partial<UsageInput> = {}): UsageInput {
  return {
    usage_id: id,
    provider: 'openai',
    model: 'gpt-5',
    operation: 'chat',
    input_tokens: 1000,
    output_tokens: 200,
    cost_usd: 0.5,
    timestamp: '2026-11-01T12:00:00.000Z',
    ...more,
  };
}

/** The usage as a ledger stores it: its text, and the record that every reader gets from this text. */
export function stored(usage: UsageInput): StoredElement {
  const text = JSON.stringify(usage);
  const record = readStored(JSON.parse(text), () => usage.usage_id!);
  if (isUnreadable(record)) throw new Error(record.unreadable);
  return { record, text };
}
