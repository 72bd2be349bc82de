import type { UsageInput } from '../../src/usage/record.ts';

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
