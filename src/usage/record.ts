import * as z from 'zod/mini';
import { MAX_COST, MAX_LABEL, MAX_NAME, MAX_NOTE, MAX_TAGS } from './limits.ts';

/**
 * The usage record: inkwell's format as a superset, in snake_case as it stands in `costs.json`.
 *
 * Two readings of it: {@link parseInput} is for what a caller hands us and refuses everything doubtful;
 * {@link readStored} is for what already stands in a ledger and accepts all that inkwell itself would load.
 */

/** How the cost came about, in inkwell's words. `runtime_managed` is a cost that someone else bills, unknown to us. */
export type BillingMode = 'known' | 'estimated' | 'runtime_managed';

/** One LLM call as a ledger holds it. Tokens are whole counts, costs are USD, `timestamp` is ISO 8601 with an offset. */
export interface UsageRecord {
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
  episode_title?: string | null;
  template_name?: string | null;
  cache_read_tokens?: number;
  cache_write_tokens?: number;
  /** Part of `cache_write_tokens`: the ones kept for an hour. */
  cache_write_1h_tokens?: number;
  /** Part of `output_tokens`. */
  reasoning_tokens?: number;
  project?: string | null;
  branch?: string | null;
  session_id?: string | null;
  tags?: string[];
  note?: string | null;
  /** Who recorded: `manual`, `cli`, `library`, `claude-code-log`, ... */
  source?: string | null;
  /** Where `cost_usd` comes from when we computed it. Absent: the caller said it. */
  price_source?: string | null;
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

export * from './limits.ts';

const TIME_RULE = 'must be an ISO 8601 time with an offset, as 2026-01-31T09:30:00Z or 2026-01-31T09:30:00+01:00';

const text = (maxLength: number): z.ZodMiniString =>
  z.string('must be a text').check(z.maxLength(maxLength, `must have at most ${maxLength} characters`));

const name = once(() => text(MAX_NAME).check(z.minLength(1, 'must not be empty')));

/** Made when the first value of its kind is looked at: most of a short process's time would go into those it has no use for. */
const RULES = {
  name,
  label: once(() => text(MAX_LABEL)),
  note: once(() => text(MAX_NOTE)),
  tokens: once(() =>
    z.number('must be a whole number of tokens').check(
      z.refine((n) => Number.isInteger(n), { error: 'must be a whole number of tokens', abort: true }),
      z.refine((n) => n >= 0, { error: 'must not be negative', abort: true }),
      z.refine((n) => Number.isSafeInteger(n), `must be at most ${Number.MAX_SAFE_INTEGER}`),
    ),
  ),
  cost: once(() =>
    z.number('must be a finite number of USD').check(
      z.refine((n) => n >= 0, { error: 'must not be negative', abort: true }),
      z.refine((n) => n <= MAX_COST, `must be at most ${MAX_COST} (it is in USD)`),
    ),
  ),
  flag: once(() => z.boolean('must be true or false')),
  time: once(() => z.iso.datetime({ offset: true, error: TIME_RULE })),
  billingMode: once(() =>
    z.enum(['known', 'estimated', 'runtime_managed'], 'must be known, estimated or runtime_managed'),
  ),
  tags: once(() =>
    z.array(name(), 'must be an array of texts').check(z.maxLength(MAX_TAGS, `must have at most ${MAX_TAGS} entries`)),
  ),
} satisfies Record<string, () => z.ZodMiniType>;

/** The rule of each field that we know, in the order in which we write them. `?`: may be absent; `??`: or null. */
const FIELDS = {
  usage_id: 'name?',
  provider: 'name',
  model: 'name',
  operation: 'name',
  input_tokens: 'tokens?',
  output_tokens: 'tokens?',
  total_tokens: 'tokens?',
  cost_usd: 'cost?',
  cost_known: 'flag?',
  billing_mode: 'billingMode?',
  timestamp: 'time?',
  episode_title: 'label??',
  template_name: 'label??',
  cache_read_tokens: 'tokens?',
  cache_write_tokens: 'tokens?',
  cache_write_1h_tokens: 'tokens?',
  reasoning_tokens: 'tokens?',
  project: 'label??',
  branch: 'label??',
  session_id: 'label??',
  tags: 'tags?',
  note: 'note??',
  source: 'name??',
  price_source: 'label??',
} as const satisfies Record<string, `${keyof typeof RULES}${'' | '?' | '??'}`>;

/** The fields that we know, in the order in which we write them. */
export const KNOWN_FIELDS: readonly string[] = Object.keys(FIELDS);

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/**
 * What surely keeps its rule, without asking it: in a program that records now and then nothing of zod is compiled yet,
 * and asking for each field takes a tenth of the time of an append to the disk. A test holds it to the rules.
 */
const SURELY: Partial<Record<keyof typeof RULES, (value: unknown) => boolean>> = {
  name: (value) => typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME,
  label: (value) => typeof value === 'string' && value.length <= MAX_LABEL,
  tokens: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  cost: (value) => typeof value === 'number' && value >= 0 && value <= MAX_COST,
  flag: (value) => typeof value === 'boolean',
  time: (value) => typeof value === 'string' && USUAL_TIME.test(value),
};

/** As `toISOString` writes it, on a day that every month has. */
const USUAL_TIME = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

const CHECKS = Object.entries(FIELDS).map(([field, how]) => {
  const rule = how.replace(/\?+$/, '') as keyof typeof RULES;
  const schema: () => z.ZodMiniType = RULES[rule];
  return { field, optional: how.endsWith('?'), nullable: how.endsWith('??'), schema, surely: SURELY[rule] };
});

/** @throws {UsageError} naming the first field that breaks its rule. */
function checkFields(given: Readonly<Record<string, unknown>>): asserts given is UsageInput {
  for (const { field, optional, nullable, schema, surely } of CHECKS) {
    const value = given[field];
    if (value === undefined) {
      if (!optional) throw new UsageError(field, undefined, 'is required');
      continue;
    }
    if ((value === null && nullable) || surely?.(value)) continue;
    const parsed = schema().safeParse(value);
    if (parsed.success) continue;
    const issue = parsed.error.issues[0];
    const path = issue?.path ?? [];
    throw new UsageError([field, ...path.map(String)].join('.'), at(value, path), issue?.message ?? 'is not valid');
  }
}

/**
 * The first rule of {@link parseInput} that a finished record breaks; undefined when it keeps all of them. Makes no copy:
 * an import asks this for each of a million usages.
 */
export function brokenRule(record: Readonly<Record<string, unknown>>): UsageError | undefined {
  try {
    checkFields(record);
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
}

/** How an assignment makes a property. */
const PLAIN = { enumerable: true, writable: true, configurable: true } as const;

/** What fills the gaps of an input: the clock and the identity are the caller's to pass in. */
export interface InputDefaults {
  id: () => string;
  /** ISO 8601 with an offset. */
  now: () => string;
  source?: string | undefined;
}

/**
 * Validates what a caller hands in and completes it to a record.
 *
 * A missing total is input + output. A missing `cost_usd` makes the cost unknown, never $0.
 * @throws {UsageError} naming the first field that breaks a rule.
 */
export function parseInput(value: unknown, defaults: InputDefaults): UsageRecord {
  // A copy of its own fields: what is checked is what is stored, and `__proto__` is a field like any other.
  const given = isPlain(value) ? { ...value } : value;
  if (!isPlain(given)) throw new UsageError('record', given, 'must be an object with provider, model and operation');
  checkFields(given);
  const input: UsageInput = given;
  const fields = Object.keys(input);
  for (const field of fields) {
    if (Object.hasOwn(FIELDS, field) || input[field] === undefined) continue;
    if (toJson(input[field]) === undefined) {
      throw new UsageError(field, input[field], 'must be something that JSON can hold');
    }
  }
  const { input_tokens = 0, output_tokens = 0, total_tokens, cost_usd, cost_known } = input;
  const total = total_tokens ? total_tokens : input_tokens + output_tokens;
  if (!Number.isSafeInteger(total)) {
    throw new UsageError('total_tokens', total, `must be at most ${Number.MAX_SAFE_INTEGER}`);
  }
  if (cost_known === true && cost_usd === undefined) {
    throw new UsageError('cost_usd', undefined, 'is required when cost_known is true');
  }
  const known = cost_known ?? cost_usd !== undefined;
  const record: UsageRecord = {
    usage_id: input.usage_id ?? defaults.id(),
    provider: input.provider,
    model: input.model,
    operation: input.operation,
    input_tokens,
    output_tokens,
    total_tokens: total,
    cost_usd: cost_usd ?? 0,
    cost_known: known,
    billing_mode: input.billing_mode ?? (known ? 'known' : 'runtime_managed'),
    timestamp: input.timestamp ?? defaults.now(),
  };
  for (const field of fields) {
    const value = input[field];
    if (value === undefined || Object.hasOwn(record, field)) continue;
    // An assignment would take this one for the prototype.
    if (field === '__proto__') Object.defineProperty(record, field, { value, ...PLAIN });
    else record[field] = value;
  }
  if (record.source === undefined && defaults.source !== undefined) record.source = defaults.source;
  return record;
}

const STORED_TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/i;

/** An element of a ledger that is no usage record: kept byte for byte, counted, and left out of every sum. */
export interface Unreadable {
  unreadable: string;
}

/**
 * Reads an element that stands in a ledger, with inkwell's defaults (`formats.md`, section 1).
 *
 * Hand-written because it runs once for each of a million records; the rules are those of {@link parseInput}
 * less the limits of length, and a test holds the two together.
 * @param fallbackId identity for records of old inkwell versions, which have none.
 */
export function readStored(value: unknown, fallbackId: () => string): UsageRecord | Unreadable {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { unreadable: 'is not an object' };
  const record = value as Record<string, unknown>;
  for (const field of ['provider', 'model', 'operation'] as const) {
    if (typeof record[field] !== 'string' || record[field] === '') return { unreadable: `${field} is not a text` };
  }
  for (const field of TOKEN_FIELDS) {
    const n = record[field];
    if (n !== undefined && !(typeof n === 'number' && Number.isSafeInteger(n) && n >= 0)) {
      return { unreadable: `${field} is not a whole number of tokens` };
    }
  }
  const cost = record['cost_usd'];
  if (cost !== undefined && !(typeof cost === 'number' && Number.isFinite(cost) && cost >= 0)) {
    return { unreadable: 'cost_usd is not an amount' };
  }
  const known = record['cost_known'];
  if (known !== undefined && typeof known !== 'boolean') return { unreadable: 'cost_known is not true or false' };
  const mode = record['billing_mode'];
  if (mode !== undefined && mode !== 'known' && mode !== 'estimated' && mode !== 'runtime_managed') {
    return { unreadable: 'billing_mode is not known, estimated or runtime_managed' };
  }
  const timestamp = record['timestamp'];
  if (typeof timestamp !== 'string' || !STORED_TIME.test(timestamp) || Number.isNaN(Date.parse(timestamp))) {
    return { unreadable: 'timestamp is not a time with an offset' };
  }
  const id = record['usage_id'];
  if (id !== undefined && (typeof id !== 'string' || id === '')) return { unreadable: 'usage_id is not a text' };
  const tags = record['tags'];
  if (tags !== undefined && tags !== null && !(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string'))) {
    return { unreadable: 'tags is not an array of texts' };
  }
  for (const field of LABEL_FIELDS) {
    const text = record[field];
    if (text !== undefined && text !== null && typeof text !== 'string')
      return { unreadable: `${field} is not a text` };
  }
  const input = (record['input_tokens'] as number | undefined) ?? 0;
  const output = (record['output_tokens'] as number | undefined) ?? 0;
  const result = record as UsageRecord;
  result.usage_id = id ?? fallbackId();
  result.input_tokens = input;
  result.output_tokens = output;
  result.total_tokens = (record['total_tokens'] as number | undefined) || input + output;
  result.cost_usd = cost ?? 0;
  result.cost_known = known ?? true;
  result.billing_mode = mode ?? 'known';
  if (tags === null) delete result.tags;
  return result;
}

export function isUnreadable(value: UsageRecord | Unreadable): value is Unreadable {
  return typeof (value as Unreadable).unreadable === 'string' && (value as UsageRecord).provider === undefined;
}

export const TOKEN_FIELDS = [
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'cache_write_1h_tokens',
  'reasoning_tokens',
] as const;

const LABEL_FIELDS = [
  'episode_title',
  'template_name',
  'project',
  'branch',
  'session_id',
  'note',
  'source',
  'price_source',
] as const;

/** The fields of inkwell's own records, and the only ones that a strict ledger takes. */
export const INKWELL_FIELDS = [
  'usage_id',
  'provider',
  'model',
  'operation',
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cost_usd',
  'cost_known',
  'billing_mode',
  'timestamp',
  'episode_title',
  'template_name',
] as const;
export const INKWELL_PROVIDERS = ['gemini', 'claude', 'youtube', 'codex', 'claude-code'] as const;
export const INKWELL_OPERATIONS = ['transcription', 'extraction', 'tag_generation', 'interview'] as const;

/** A stable time for "now" in the ledger's style: UTC, milliseconds, `Z`. */
export function isoNow(ms: number = Date.now()): string {
  return new Date(ms).toISOString();
}

function at(value: unknown, path: PropertyKey[]): unknown {
  let here = value;
  for (const key of path) here = (here as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return here;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** undefined for what JSON cannot hold: functions, bigints, circles, ... */
function toJson(value: unknown): string | undefined {
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
