import type { Factor } from './priceSource.ts';
import type { PartKind } from './tokens.ts';
import { ownValue } from '../usage/tables/ownValue.ts';
import { termText } from '../usage/tables/termText.ts';

/**
 * The terms of a call that change its price: a service tier (`batch`, `flex`, `priority`), Claude's fast mode, and the region
 * to which Claude is bound. The price table does not cover them, so they are listed here by vendor and model, as multiples of
 * the list price. A term that is not listed makes the cost unknown: the normal price is never assumed.
 */
export interface Terms {
  /** From the record's fields, in lowercase; undefined: the default. */
  tier: string | undefined;
  speed: string | undefined;
  geo: string | undefined;
}

/** A multiple of the list price, and the parts of the call to which it does not apply. */
export interface TermsFactor extends Factor {
  keeps?: readonly PartKind[] | undefined;
}

/** Terms whose price is unknown, and the reason. */
export interface UnknownTerms {
  /** Display text: `the service tier "scale"`. */
  unknown: string;
  /** Whether the call is paid for in advance, by contract. */
  isPrepaid: boolean;
}

interface Rule {
  term: string;
  providers: readonly string[];
  models?: RegExp;
  times: number;
  keeps?: readonly PartKind[];
}

/** Gemini models whose cached tokens cost the same in every tier. */
const SAME_CACHE = /^gemini-(?:2\.5-(?:pro|flash|flash-lite)|3-flash|3\.1-pro)(?:-preview|-customtools|-\d|$)/;
const CACHE: readonly PartKind[] = ['cacheRead', 'cacheAudioRead', 'cacheImageRead'];
const OPENAI = ['openai', 'azure'];

/**
 * From the vendors' price pages: OpenAI's for batch, flex and priority processing, Google's for the Gemini API and Vertex AI,
 * Amazon's for Bedrock's tiers, Anthropic's for batches, fast mode and `inference_geo`. The first matching rule applies.
 */
const RULES: readonly Rule[] = [
  { term: 'batch', providers: OPENAI, models: /^gpt-3\.5-turbo-1106/, times: 1 },
  { term: 'batch', providers: ['groq'], times: 0.5, keeps: CACHE },
  { term: 'batch', providers: ['anthropic', 'openai', 'azure', 'aws', 'mistral'], times: 0.5 },
  { term: 'batch', providers: ['google'], models: SAME_CACHE, times: 0.5, keeps: CACHE },
  { term: 'batch', providers: ['google'], times: 0.5 },
  { term: 'batch', providers: ['x-ai'], times: 0.8 },
  { term: 'flex', providers: OPENAI, models: /^(?:o3|o4-mini|gpt-[56])/, times: 0.5 },
  { term: 'flex', providers: ['google'], models: SAME_CACHE, times: 0.5, keeps: CACHE },
  { term: 'flex', providers: ['google', 'aws'], times: 0.5 },
  { term: 'flex', providers: ['groq'], times: 1 },
  { term: 'priority', providers: OPENAI, models: /^gpt-4o-mini/, times: 5 / 3 },
  { term: 'priority', providers: OPENAI, models: /^gpt-4o-2024-05-13/, times: 1.75 },
  { term: 'priority', providers: OPENAI, models: /^gpt-4o(?:-2024|$)/, times: 1.7 },
  { term: 'priority', providers: OPENAI, models: /^gpt-4\.1-nano/, times: 2 },
  { term: 'priority', providers: OPENAI, models: /^(?:gpt-4\.1|o3(?:-2025|$))/, times: 1.75 },
  { term: 'priority', providers: OPENAI, models: /^o4-mini/, times: 20 / 11 },
  { term: 'priority', providers: OPENAI, models: /^gpt-5(?:\.1-codex)?-mini/, times: 1.8 },
  { term: 'priority', providers: OPENAI, models: /^gpt-5\.5(?!-pro)/, times: 2.5 },
  { term: 'priority', providers: OPENAI, models: /^gpt-[56](?!.*-(?:pro|nano))/, times: 2 },
  { term: 'priority', providers: ['google'], models: /^gemini/, times: 1.8 },
  { term: 'priority', providers: ['aws'], times: 1.75 },
  { term: 'ultrafast', providers: ['openai'], models: /^gpt-6(?:-astra|\.1-sol)/, times: 6 },
  { term: 'fast', providers: ['anthropic'], models: /^claude-opus-4-[67]/, times: 6 },
  { term: 'fast', providers: ['anthropic'], models: /^claude-(?:opus-(?:4-8|5)|(?:fable|mythos)-5-2)/, times: 2 },
  {
    term: 'us',
    providers: ['anthropic'],
    models: /^claude-(?:opus-4-[678]|sonnet-4-6|(?:opus|sonnet|haiku|fable|mythos)-5|mythos-preview)/,
    times: 1.1,
  },
  // Azure's data zones. https://azure.microsoft.com/pricing/details/cognitive-services/openai-service
  { term: 'us', providers: ['azure'], times: 1.1 },
  { term: 'eu', providers: ['azure'], models: /^(?!gpt-6)/, times: 1.1 },
  { term: 'eu', providers: ['azure'], times: 1.2 },
];

const USUAL: ReadonlySet<string> = new Set([
  'standard',
  'default',
  'auto',
  'on-demand',
  'unspecified',
  'global',
  'not-available',
]);
/** Tiers that are paid for in advance, so a single call has no price. */
const PREPAID: ReadonlySet<string> = new Set(['scale', 'provisioned', 'reserved']);

/**
 * The terms in a record's fields; undefined if all have their defaults.
 * @param zone the region contained in the model's name.
 */
export function termsOf(usage: { readonly [field: string]: unknown }, zone?: string): Terms | undefined {
  const tier = term(usage['service_tier']);
  const speed = term(usage['speed']);
  const geo = zone ?? term(usage['inference_geo']);
  return tier === undefined && speed === undefined && geo === undefined ? undefined : { tier, speed, geo };
}

function term(value: unknown): string | undefined {
  const name = termText(value)?.toLowerCase().replaceAll('_', '-');
  return name === undefined || USUAL.has(name) ? undefined : name;
}

/** OpenAI's newer name of its priority tier. */
const RENAMED: Readonly<Record<string, string>> = { fast: 'priority' };

/** `provider` and `model` are ids of the price table. */
export function termsFactor(provider: string, model: string, { tier, speed, geo }: Terms): TermsFactor | UnknownTerms {
  let times = 1;
  let keeps: readonly PartKind[] | undefined;
  const modes: string[] = [];
  for (const [kind, name] of [
    ['tier', tier],
    ['speed', speed],
    ['geo', geo],
  ] as const) {
    if (name === undefined) continue;
    const sold = kind === 'tier' && OPENAI.includes(provider) ? (ownValue(RENAMED, name) ?? name) : name;
    const rule = ruleFor(sold, provider, model);
    if (rule === undefined) {
      // Anthropic sells its priority tier as a commitment.
      const isPrepaid = PREPAID.has(name) || (provider === 'anthropic' && name === 'priority');
      return { unknown: UNKNOWN[kind](JSON.stringify(name.slice(0, 40))), isPrepaid };
    }
    times *= rule.times;
    keeps ??= rule.keeps;
    modes.push(name);
  }
  return { times: Math.round(times * 1e12) / 1e12, mode: modes.join('-'), keeps };
}

const UNKNOWN: Readonly<Record<keyof Terms, (name: string) => string>> = {
  tier: (name) => `the service tier ${name}`,
  speed: (name) => `the speed ${name}`,
  geo: (name) => `the region ${name}`,
};

function ruleFor(name: string, provider: string, model: string): Rule | undefined {
  return RULES.find(
    (rule) =>
      rule.term === name && rule.providers.includes(provider) && (rule.models === undefined || rule.models.test(model)),
  );
}
