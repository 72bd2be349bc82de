import type { UsageRecord } from '../../src/usage/record.ts';
import { NOW } from './sampleRecords.ts';

/** The records of one machine of a team: sessions of forty calls, each of one agent in one project. */

const YEARS = 2;
const CALLS = 40;

export function* teamRecords(count: number, now = NOW): Generator<UsageRecord> {
  const start = now - YEARS * 365 * 86_400_000;
  const step = (now - start) / count;
  for (let i = 0; i < count; i++) {
    const session = Math.floor(i / CALLS);
    const input = 1_000 + ((i * 7919) % 90_000);
    const output = 50 + ((i * 104_729) % 9_000);
    // Every tenth call is one of the agent's small model.
    const model = i % 10 === 0 ? 30 + (session % 3) : session % 11;
    const isPriced = i % 20 !== 0;
    yield {
      usage_id: `msg_${((i * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0')}-${i}`,
      provider: `provider-${model % 6}`,
      model: `model-${model}`,
      operation: `operation-${session % 4}`,
      input_tokens: input,
      output_tokens: output,
      total_tokens: input + output,
      cache_read_tokens: (i * 31_337) % 50_000,
      cost_usd: isPriced ? (input * 3 + output * 15) / 1e6 : 0,
      cost_known: isPriced,
      billing_mode: isPriced ? 'estimated' : 'runtime_managed',
      timestamp: new Date(start + i * step).toISOString(),
      project: `project-${session % 23}`,
      branch: `branch-${session % 200}`,
      session_id: `session-${session}`,
      tags: session % 3 === 0 ? [`tag-${session % 20}`] : [],
      source: `source-${session % 3}`,
    };
  }
}
