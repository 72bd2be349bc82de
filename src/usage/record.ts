import type { NullableText } from './fields.ts';

/**
 * The usage record: inkwell's format as a superset, in snake_case as it stands in `costs.json`. The table of its fields is
 * `fields.ts`. What a caller hands in is read by `parseInput.ts`, which refuses everything doubtful; what already stands in a
 * ledger by `stored.ts`, which accepts all that inkwell itself would load.
 */

/** How the cost came about, in inkwell's words. `runtime_managed` is a cost that someone else bills, unknown to us. */
export type BillingMode = 'known' | 'estimated' | 'runtime_managed';

/**
 * The optional texts: `project`, `branch`, `session_id`, `note`, ..., all of them in `fields.ts`. `source` is who recorded
 * (`manual`, `cli`, `library`, `claude-code-log`, ...); `price_source` is where `cost_usd` comes from when we computed it, and
 * absent when the caller said the cost.
 */
export type OptionalTexts = { [Field in NullableText]?: string | null };

/** One LLM call as a ledger holds it. Tokens are whole counts, costs are USD, `timestamp` is ISO 8601 with an offset. */
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
  /** false: `cost_usd` is not the real cost, which nobody knows. */
  cost_known: boolean;
  billing_mode: BillingMode;
  timestamp: string;
  cache_read_tokens?: number;
  cache_write_tokens?: number;
  /** Part of `cache_write_tokens`: the ones kept for an hour. */
  cache_write_1h_tokens?: number;
  /** Part of `output_tokens`. */
  reasoning_tokens?: number;
  tags?: string[];
  /** Fields that we do not know are kept as they are. */
  [field: string]: unknown;
}

/** What a caller of `track()` gives: the three names, and whatever else is known. */
export type UsageInput = Pick<UsageRecord, 'provider' | 'model' | 'operation'> & Partial<UsageRecord>;

/** A record that is refused: which field, its value, and the rule that it breaks. Nothing was written. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly field: string;
  readonly value: unknown;
  readonly rule: string;
  constructor(field: string, value: unknown, rule: string) {
    super(`${field}: ${rule} (got ${describe(value)})`);
    this.field = field;
    this.value = value;
    this.rule = rule;
  }
}

/** A stable time for "now" in the ledger's style: UTC, milliseconds, `Z`. */
export function isoNow(ms: number = Date.now()): string {
  return new Date(ms).toISOString();
}

/** undefined for what JSON cannot hold: functions, bigints, circles, ... */
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
