import { FREE_SOURCE } from '../usage/query.ts';
import type { CustomPrice } from './custom.ts';
import type { TableVersion } from './data/bundled.ts';

/**
 * The origin of a computed cost, as stored in a record's `price_source`:
 *
 *     genai-prices 0.1.8 2026-09-23 anthropic/claude-sonnet-4-5
 *     genai-prices 0.2.3 2026-11-09 anthropic/claude-sonnet-5 assumed
 *     genai-prices online 2026-11-20 openai/gpt-5 x2 priority
 *     custom: anthropic/claude-* from 2026-01-01
 *     custom: anthropic/claude-*; repriced 2026-11-23
 *
 * Data fetched online has the version `online` and the day of the fetch.
 */
export type PriceSource =
  | ({ kind: 'table'; version: string; date: string | undefined; provider: string; model: string } & PriceExtras &
      Assumed)
  | ({ kind: 'custom'; pattern: string; from: string | undefined } & PriceExtras)
  /** The call is free of charge. */
  | ({ kind: 'free' } & PriceExtras)
  /** A text written by another program. */
  | { kind: 'other'; text: string };

interface Assumed {
  /** The record's model is not in the table: the price is that of `model`, which has the most similar name. */
  isAssumed?: true;
}

export interface PriceExtras {
  factor?: Factor;
  /** ISO day on which the record got this price, if it was repriced. */
  repriced?: string;
}

/** A multiple of the list price, as charged for fast modes and service tiers. */
export interface Factor {
  times: number;
  /** The mode: one lowercase word, such as `fast`. */
  mode: string;
}

const TABLE = 'genai-prices';
const TABLE_TEXT = /^genai-prices (\S+)(?: (\d{4}-\d\d-\d\d))? ([^\s/]+)\/(.+)$/s;
const CUSTOM_TEXT = /^custom: (.+?)(?: from (\d{4}-\d\d-\d\d))?$/s;
const ASSUMED_TEXT = /^(.*) assumed$/s;
const REPRICED_TEXT = /^(.*); repriced (\d{4}-\d\d-\d\d)$/s;
const FACTOR_TEXT = /^(.*) x(\d+(?:\.\d+)?) ([a-z][a-z0-9-]*)$/s;

export function tableSource(
  table: TableVersion,
  { provider, model, isAssumed }: { provider: string; model: string; isAssumed: boolean },
  factor?: Factor,
): string {
  const name = `${provider}/${model}${isAssumed ? ' assumed' : ''}`;
  return `${TABLE} ${table.version} ${table.date} ${name}${factorText(factor)}`;
}

export function customSource(rule: CustomPrice, factor?: Factor): string {
  const pattern = rule.provider === undefined ? rule.model : `${rule.provider}/${rule.model}`;
  return `custom: ${pattern}${rule.from === undefined ? '' : ` from ${rule.from}`}${factorText(factor)}`;
}

/** The price source of a record that was repriced. */
export function repricedSource(source: string, day: string): string {
  return `${source}; repriced ${day}`;
}

/** Parses a `price_source`. */
export function parsePriceSource(text: string): PriceSource {
  const [, source = text, repriced] = REPRICED_TEXT.exec(text) ?? [];
  const [, base = source, times, mode] = FACTOR_TEXT.exec(source) ?? [];
  const extras: PriceExtras = {};
  if (times !== undefined && mode !== undefined) extras.factor = { times: Number(times), mode };
  if (repriced !== undefined) extras.repriced = repriced;
  if (base === FREE_SOURCE) return { kind: 'free', ...extras };
  const [, plain] = ASSUMED_TEXT.exec(base) ?? [];
  const table = TABLE_TEXT.exec(plain ?? base);
  if (table !== null) {
    const [, version = '', date, provider = '', model = ''] = table;
    const assumed: Assumed = plain === undefined ? {} : { isAssumed: true };
    return { kind: 'table', version, date, provider, model, ...assumed, ...extras };
  }
  const custom = CUSTOM_TEXT.exec(base);
  if (custom !== null) return { kind: 'custom', pattern: custom[1] ?? '', from: custom[2], ...extras };
  return { kind: 'other', text };
}

function factorText(factor: Factor | undefined): string {
  return factor === undefined ? '' : ` x${factor.times} ${factor.mode}`;
}
