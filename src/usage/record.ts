import type { NullableText } from './fieldLists.ts';

/**
 * The usage record: a superset of inkwell's format, with the snake_case names of `costs.json`. `fields.ts` has the table of its
 * fields. `parseInput.ts` validates input from callers and refuses anything doubtful; `stored.ts` reads records from a ledger
 * and accepts whatever inkwell itself would load.
 */

/** How the cost was determined, in inkwell's terms. `runtime_managed`: someone else bills it, and we do not know the amount. */
export type BillingMode = 'known' | 'estimated' | 'runtime_managed';

/**
 * The kind of charge. `metered`: each call is billed. `plan`: a subscription covers the call; its cost is what it would be at list
 * price. `credits`: the call is taken off an allowance of credits. `free`: there is no charge, as for a model on this machine.
 */
export const CHARGES = ['metered', 'plan', 'credits', 'free'] as const;

/**
 * The optional texts: `project`, `branch`, `session_id`, `note`, ..., all listed in `fields.ts`. `source` names the recorder
 * (`manual`, `cli`, `library`, `claude-code-log`, ...); `price_source` names the prices from which we computed `cost_usd`, and
 * is absent when the caller gave the cost.
 */
export type OptionalTexts = { [Field in NullableText]?: string | null };

/** One LLM call, as stored in a ledger. Tokens are whole counts, costs are USD, `timestamp` is ISO 8601 with an offset. */
export interface UsageRecord extends OptionalTexts {
  usage_id: string;
  provider: string;
  model: string;
  operation: string;
  /** Includes cache reads and cache writes. */
  input_tokens: number;
  output_tokens: number;
  total_tokens: number;
  cost_usd: number;
  /** false: the real cost is unknown, and `cost_usd` does not show it. */
  cost_known: boolean;
  billing_mode: BillingMode;
  timestamp: string;
  cache_read_tokens?: number;
  cache_write_tokens?: number;
  /** Part of `cache_write_tokens`: those cached for an hour. */
  cache_write_1h_tokens?: number;
  /** Part of `output_tokens`. */
  reasoning_tokens?: number;
  /** How many of the tokens a source guessed. */
  estimated_tokens?: number;
  tags?: string[];
  /** Unknown fields are kept unchanged. */
  [field: string]: unknown;
}

/** Input of `track()`: the three required names, and any other fields that are known. */
export type UsageInput = Pick<UsageRecord, 'provider' | 'model' | 'operation'> & Partial<UsageRecord>;

/** A refused record: the field, its value, and the rule that it breaks. Nothing was written. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly field: string;
  readonly value: unknown;
  readonly rule: string;

  /** Bundles that are loaded on demand have a copy of this class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'UsageError';
  }

  constructor(field: string, value: unknown, rule: string) {
    super(`${field}: ${rule} (got ${describe(value)})`);
    this.field = field;
    this.value = value;
    this.rule = rule;
  }
}

/** Formats a time as ledgers store it: UTC, milliseconds, `Z`. */
export function isoNow(ms: number = Date.now()): string {
  return new Date(ms).toISOString();
}

/** Returns undefined for values that JSON cannot represent: functions, bigints, circular objects, ... */
export function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const text = toJson(value) ?? `a ${typeof value}`;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
