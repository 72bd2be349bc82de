import type { UsageRecord } from '../../../src/usage/record.ts';

const DAY = 86_400_000;
const MODELS = [
  { provider: 'claude', model: 'claude-sonnet-4-5', input: 3, output: 15 },
  { provider: 'claude', model: 'claude-opus-4-6', input: 5, output: 25 },
  { provider: 'claude', model: 'claude-haiku-4-5', input: 1, output: 5 },
  { provider: 'openai', model: 'gpt-5.5', input: 2, output: 12 },
  { provider: 'openai', model: 'gpt-5-mini', input: 0.25, output: 2 },
  { provider: 'gemini', model: 'gemini-2.5-flash', input: 0.3, output: 2.5 },
  { provider: 'gemini', model: 'gemini-3-pro', input: 2, output: 12 },
  { provider: 'mistral', model: 'mistral-large', input: 2, output: 6 },
  { provider: 'ollama', model: 'qwen3-coder:30b', input: 0, output: 0 },
  { provider: 'openai', model: 'o4-mini', input: 1.1, output: 4.4 },
] as const;
const OPERATIONS = ['chat', 'extraction', 'review', 'transcription', 'embedding'];
const PROJECTS = ['atlas', 'billing-service', 'docs', null];

/** A small generator with a seed, so that every run draws the same. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Usage as a team leaves it behind: busy weekdays, a few models that matter, some costs that nobody knows. */
export function sampleRecords(count: number, now: number, days = 200, seed = 7): UsageRecord[] {
  const next = random(seed);
  const pick = <T>(list: readonly T[], bias = 1): T => list[Math.floor(next() ** bias * list.length)] as T;
  return Array.from({ length: count }, (_, index): UsageRecord => {
    let time = now - next() ** 1.3 * days * DAY;
    const weekday = new Date(time).getUTCDay();
    if ((weekday === 0 || weekday === 6) && next() < 0.7) time -= 2 * DAY;
    const { provider, model, input, output } = pick(MODELS, 1.8);
    const inputTokens = Math.floor(200 + next() ** 3 * 90_000);
    const outputTokens = Math.floor(50 + next() ** 2 * 6000);
    const unknown = provider === 'ollama' || next() < 0.02;
    const estimated = !unknown && next() < 0.3;
    return {
      usage_id: `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`,
      provider,
      model,
      operation: pick(OPERATIONS, 1.5),
      input_tokens: inputTokens,
      output_tokens: outputTokens,
      total_tokens: inputTokens + outputTokens,
      cost_usd: unknown ? 0 : Math.round((inputTokens * input + outputTokens * output) * 1000) / 1e9,
      cost_known: !unknown,
      billing_mode: unknown ? 'runtime_managed' : estimated ? 'estimated' : 'known',
      timestamp: new Date(time).toISOString(),
      project: pick(PROJECTS),
      session_id: `session-${Math.floor(next() * (count / 20 + 1))}`,
      source: pick(['cli', 'library', 'claude-code-log']),
      ...(estimated ? { price_source: 'genai-prices 0.1.8' } : {}),
      ...(next() < 0.2 ? { tags: pick([['batch'], ['nightly', 'batch'], ['experiment']]) } : {}),
    };
  });
}
