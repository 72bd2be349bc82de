import type { UsageRecord } from '../../src/usage/record.ts';

/** The records used in benches: two years, identical in each run. */

const YEARS = 2;
export const NOW = Date.UTC(2026, 10, 23);

/** A small linear congruential generator: the same records in each run. */
export function randomSource(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

export function* sampleRecords(count: number): Generator<UsageRecord> {
  const random = randomSource(1);
  const start = NOW - YEARS * 365 * 86_400_000;
  const step = (NOW - start) / count;
  for (let i = 0; i < count; i++) {
    const input = random(100_000);
    const output = random(10_000);
    const priced = random(20);
    yield {
      usage_id: `${random(2 ** 32).toString(16)}-${i}`,
      provider: `provider-${random(6)}`,
      model: `model-${random(40)}`,
      operation: `operation-${random(12)}`,
      input_tokens: input,
      output_tokens: output,
      total_tokens: input + output,
      cache_read_tokens: random(50_000),
      cost_usd: priced === 0 ? 0 : (input * 3 + output * 15) / 1e6,
      cost_known: priced !== 0,
      billing_mode: priced === 0 ? 'runtime_managed' : priced < 10 ? 'estimated' : 'known',
      timestamp: new Date(start + i * step + random(600_000)).toISOString(),
      project: random(5) === 0 ? null : `project-${random(60)}`,
      branch: `branch-${random(200)}`,
      session_id: `session-${Math.floor(i / 40)}`,
      tags: random(3) === 0 ? [`tag-${random(20)}`, `tag-${random(20)}`] : [],
      source: `source-${random(5)}`,
    };
  }
}
