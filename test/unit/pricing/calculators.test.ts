import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { loadPricer } from '../../../src/pricing/price.ts';

/**
 * Costs that other people's calculators gave for the same usages on 2026-11-27: `cost_per_token` of LiteLLM 1.110.2, and
 * `calc_price` of genai-prices 0.2.3 in Python, both from PyPI. Counts are input (with cache), cache reads, cache writes, those
 * for an hour, output; then the tier, LiteLLM's cost, genai-prices' cost.
 */
type Row = [counts: number[], tier: string | null, litellm: number | null, genai: number | null];

const ROWS = JSON.parse(readFileSync(path.join(import.meta.dirname, 'calculators.json'), 'utf8')) as Record<
  string,
  Row[]
>;
const FIELDS = ['input_tokens', 'cache_read_tokens', 'cache_write_tokens', 'cache_write_1h_tokens', 'output_tokens'];

/** Where LiteLLM is judged to be wrong or rounds; its table is compared in test/process/prices. */
const JUDGED: readonly { models: RegExp; tier?: string; above?: number; why: string }[] = [
  { models: /^anthropic claude-opus-4-1$/, why: 'LiteLLM does not find its price and returns 0.' },
  { models: /^anthropic claude-sonnet-4-5$/, above: 200_000, why: 'Anthropic doubles the price above 200,000 tokens.' },
  { models: /^x-ai grok-code-fast-1$/, why: 'LiteLLM has the price of the model that the name was moved to.' },
  { models: /^openai (?:gpt-5\.4|o4-mini)$/, tier: 'flex', why: 'LiteLLM rounds half of the cached price.' },
  { models: /^google gemini-3\.5-flash$/, tier: 'flex', why: 'LiteLLM rounds half of the cached price.' },
  {
    models: /^openai gpt-5\.3-codex$/,
    tier: 'flex',
    why: 'LiteLLM has no price of this tier and takes the usual one.',
  },
  {
    models: /^openai (?:gpt-4\.1(?:-mini)?|gpt-4o(?:-mini)?|o1|gpt-4-turbo|gpt-3\.5-turbo)$/,
    tier: 'flex',
    why: 'The model has no such tier: the cost is unknown, where LiteLLM takes the usual price.',
  },
  {
    models: /^openai (?:gpt-5-nano|o1|gpt-4-turbo|gpt-3\.5-turbo)$/,
    tier: 'priority',
    why: 'The model has no such tier: the cost is unknown, where LiteLLM takes the usual price.',
  },
];

it('costs are those of two other calculators, but for judged differences', () => {
  const pricer = loadPricer();
  const differences: string[] = [];
  let agreed = 0;
  for (const [name, rows] of Object.entries(ROWS)) {
    const [provider = '', model = ''] = name.split(/ (.*)/s);
    for (const [counts, tier, ...costs] of rows) {
      const fields = Object.fromEntries(FIELDS.map((field, i) => [field, counts[i] ?? 0]));
      const usage = { provider, model, operation: 'chat', timestamp: '2026-11-20T12:00:00Z', ...fields };
      const result = pricer.price(tier === null ? usage : { ...usage, service_tier: tier });
      const ours = result.kind === 'priced' ? Number(result.nanos) / 1e9 : undefined;
      const isJudged = JUDGED.some(
        (each) => each.models.test(name) && (each.tier ?? null) === tier && (each.above ?? -1) < (counts[0] ?? 0),
      );
      for (const [i, cost] of costs.entries()) {
        if (cost === null || (i === 0 && isJudged)) continue;
        // A nanodollar, and the other calculators' floating point.
        if (ours !== undefined && Math.abs(cost - ours) <= 2e-9 + 1e-9 * cost) agreed++;
        else differences.push(`${name} ${JSON.stringify(counts)} ${tier}: ${ours} instead of ${cost}`);
      }
    }
  }
  expect(differences).toEqual([]);
  expect(agreed).toBeGreaterThan(750);
});
