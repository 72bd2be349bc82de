import type { Pricer } from '../../src/pricing/price.ts';
import type { UsageRecord } from '../../src/usage/record.ts';
import { nanosToDecimal } from '../../src/usage/money.ts';
import { NOW, randomSource } from './sampleRecords.ts';

/**
 * The usage of agents over two years, with real models and their prices: sessions whose cached prefix grows call by call,
 * some calls beyond the limit of a long-context price, some in fast mode or in another service tier.
 */

const DAYS = 730;
/** Provider, model, share in percent, and what makes some of its calls dearer or cheaper: a field of one call in ten. */
const MODELS: readonly (readonly [provider: string, model: string, share: number, mode?: Partial<UsageRecord>])[] = [
  ['anthropic', 'claude-sonnet-4-5', 30],
  ['anthropic', 'claude-opus-4-5', 15],
  ['anthropic', 'claude-opus-4-6', 5, { speed: 'fast' }],
  ['anthropic', 'claude-haiku-4-5', 10],
  ['openai', 'gpt-5', 10, { service_tier: 'flex' }],
  ['openai', 'gpt-5-mini', 10],
  ['google', 'gemini-2.5-pro', 10, { service_tier: 'batch' }],
  ['google', 'gemini-2.5-flash', 5],
  ['deepseek', 'deepseek-chat', 3],
  ['example', 'a-model-without-a-price', 2],
];
const CALLS_A_SESSION = 40;

export function* agentRecords(count: number, pricer: Pricer): Generator<UsageRecord> {
  const random = randomSource(7);
  const start = NOW - DAYS * 86_400_000;
  let [provider, model, , mode] = MODELS[0]!;
  let prefix = 0;
  for (let i = 0; i < count; i++) {
    if (i % CALLS_A_SESSION === 0) {
      [provider, model, , mode] = pick(random(100));
      prefix = 8_000 + random(20_000);
    }
    const session = Math.floor(i / CALLS_A_SESSION);
    const isClaude = provider === 'anthropic';
    const fresh = random(400);
    const written = isClaude ? 200 + random(12_000) : 0;
    const input = prefix + fresh + written;
    const output = 20 + random(3_000);
    const usage: UsageRecord = {
      usage_id: `${random(2 ** 32).toString(16)}-${i}`,
      provider,
      model,
      operation: `operation-${random(6)}`,
      input_tokens: input,
      output_tokens: output,
      total_tokens: input + output,
      cache_read_tokens: random(20) === 0 ? 0 : prefix,
      ...(written > 0 && { cache_write_tokens: written }),
      ...(written > 0 && random(8) === 0 && { cache_write_1h_tokens: written }),
      ...(mode !== undefined && random(10) === 0 && mode),
      cost_usd: 0,
      cost_known: false,
      billing_mode: 'runtime_managed',
      timestamp: new Date(start + (i * DAYS * 86_400_000) / count + random(60_000)).toISOString(),
      project: session % 30 === 0 ? null : `project-${Math.floor(i / 400) % 40}`,
      branch: `branch-${Math.floor(i / 200) % 150}`,
      session_id: `session-${session}`,
      source: isClaude ? 'claude-code' : 'codex',
    };
    prefix += isClaude ? written : random(6_000);
    const price = pricer.price(usage);
    yield price.kind === 'unpriced'
      ? usage
      : {
          ...usage,
          cost_usd: Number(nanosToDecimal(price.nanos)),
          cost_known: true,
          billing_mode: 'estimated',
          price_source: price.priceSource,
        };
  }
}

function pick(percent: number): (typeof MODELS)[number] {
  let below = 0;
  return MODELS.find(([, , share]) => percent < (below += share)) ?? MODELS[0]!;
}
