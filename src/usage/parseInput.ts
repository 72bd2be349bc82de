import { FIELDS } from './fields.ts';
import { toJson, UsageError, type UsageInput, type UsageRecord } from './record.ts';
import { checkFields } from './rules.ts';

const KNOWN: ReadonlySet<string> = new Set(FIELDS.map(({ name }) => name));

/** The attributes of a property created by assignment. */
const PLAIN = { enumerable: true, writable: true, configurable: true } as const;

/** Values for missing fields. The caller passes in the clock and the id generator. */
export interface InputDefaults {
  id: () => string;
  /** ISO 8601 with an offset. */
  now: () => string;
  source?: string | undefined;
}

/**
 * Validates input from a caller and completes it to a record.
 *
 * A missing total is input + output. A missing `cost_usd` makes the cost unknown, never $0.
 * @throws {UsageError} naming the first field that breaks a rule.
 */
export function parseInput(value: unknown, defaults: InputDefaults): UsageRecord {
  // Copies the input's own fields, so that the checked values are the stored ones and `__proto__` is an ordinary field.
  const given = isPlain(value) ? { ...value } : value;
  if (!isPlain(given)) throw new UsageError('record', given, 'must be an object with provider, model and operation');
  checkFields(given);
  const input: UsageInput = given;
  const fields = Object.keys(input);
  for (const field of fields) {
    if (KNOWN.has(field) || input[field] === undefined) continue;
    if (toJson(input[field]) === undefined) {
      throw new UsageError(field, input[field], 'must be a value that JSON can represent');
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
    // An assignment would set the prototype instead.
    if (field === '__proto__') Object.defineProperty(record, field, { value, ...PLAIN });
    else record[field] = value;
  }
  if (record.source === undefined && defaults.source !== undefined) record.source = defaults.source;
  return record;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
