import type { PriceTerms } from '../../columns/priceTerms.ts';
import type { PriceInput, PriceOptions } from '../price.ts';
import { termsOf } from '../terms.ts';

/** A call to be priced, and how. */
export interface PriceQuestion {
  usage: PriceInput;
  options: PriceOptions;
}

/** Modes that cost more in return for speed. */
const FAST: ReadonlySet<string> = new Set(['fast', 'priority', 'ultrafast']);

/** Asks for the price of a record's calls as they were made. */
export function asUsed(usage: PriceInput, { price_factor: factor }: PriceTerms, at: number): PriceQuestion {
  // Records of 0.1.0 state their mode only in the source of their price.
  if (factor === undefined || termsOf(usage) !== undefined) return { usage, options: { at } };
  return { usage, options: { at, factor: { times: factor[0], mode: factor[1] } } };
}

/** Asks for the price of the same calls to another model. The calls would be billed, whatever paid for these. */
export function asked(of: PriceQuestion, model: { provider: string; model: string }): PriceQuestion {
  const { factor, ...options } = of.options;
  const mode = factor?.mode;
  const terms = mode === undefined ? {} : mode === 'fast' ? { speed: mode } : { service_tier: mode };
  return { usage: { ...of.usage, ...terms, ...model, charge: undefined }, options };
}

/** The same calls without a mode that costs more; undefined when they did not use one. */
export function withoutFast({ usage, options }: PriceQuestion): PriceQuestion | undefined {
  const { factor, ...rest } = options;
  if (factor !== undefined) return FAST.has(factor.mode) ? { usage, options: rest } : undefined;
  const isFast = (field: string): boolean => FAST.has(String(usage[field]).toLowerCase());
  if (!isFast('speed') && !isFast('service_tier')) return undefined;
  const { speed, service_tier: tier, ...others } = usage;
  const kept = { ...(isFast('speed') ? {} : { speed }), ...(isFast('service_tier') ? {} : { service_tier: tier }) };
  return { usage: { ...others, ...kept }, options };
}

/** The same calls in the normal mode. */
export function withoutTerms({ usage, options }: PriceQuestion): PriceQuestion {
  const standard = { ...usage, speed: undefined, service_tier: undefined, inference_geo: undefined };
  return { usage: standard, options: { at: options.at } };
}
