import * as z from 'zod/mini';
import type { RuleName } from './fieldRow.ts';
import { FIELDS } from './fields.ts';
import { once } from './lazy/once.ts';
import { MAX_COST, MAX_LABEL, MAX_NAME, MAX_NOTE, MAX_TAGS } from './limits.ts';
import { CHARGES, UsageError, type UsageInput } from './record.ts';

/** Validation rules for input from callers. `fields.ts` assigns a rule to each field. */

const TIME_RULE = 'must be an ISO 8601 time with an offset, such as 2026-01-31T09:30:00Z or 2026-01-31T09:30:00+01:00';

const text = (maxLength: number): z.ZodMiniString =>
  z.string('must be a string').check(z.maxLength(maxLength, `must have at most ${maxLength} characters`));

const name = once(() => text(MAX_NAME).check(z.minLength(1, 'must not be empty')));

/** Built lazily: compiling all validators up front would dominate a short-lived process. */
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
  charge: once(() => z.enum(CHARGES, `must be ${CHARGES.slice(0, -1).join(', ')} or ${CHARGES.at(-1)}`)),
  tags: once(() =>
    z
      .array(name(), 'must be an array of strings')
      .check(z.maxLength(MAX_TAGS, `must have at most ${MAX_TAGS} entries`)),
  ),
} satisfies Record<RuleName, () => z.ZodMiniType>;

/**
 * Cheap checks that accept the common case without running zod: asking zod for each field takes a tenth of the time of an
 * append to the disk. A test keeps them consistent with {@link RULES}.
 */
const FAST_CHECKS: Partial<Record<RuleName, (value: unknown) => boolean>> = {
  name: (value) => typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME,
  label: (value) => typeof value === 'string' && value.length <= MAX_LABEL,
  tokens: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  cost: (value) => typeof value === 'number' && value >= 0 && value <= MAX_COST,
  flag: (value) => typeof value === 'boolean',
  time: (value) => typeof value === 'string' && USUAL_TIME.test(value),
};

/** The format of `toISOString`, on a day that every month has. */
const USUAL_TIME = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

const CHECKS = FIELDS.map(({ name: field, rule, presence }) => ({
  field,
  optional: presence !== 'required',
  nullable: presence === 'nullable',
  schema: RULES[rule] as () => z.ZodMiniType,
  fastCheck: FAST_CHECKS[rule],
}));

/** @throws {UsageError} naming the first field that breaks its rule. */
export function checkFields(given: Readonly<Record<string, unknown>>): asserts given is UsageInput {
  for (const { field, optional, nullable, schema, fastCheck } of CHECKS) {
    const value = given[field];
    if (value === undefined) {
      if (!optional) throw new UsageError(field, undefined, 'is required');
      continue;
    }
    if ((value === null && nullable) || fastCheck?.(value)) continue;
    const parsed = schema().safeParse(value);
    if (parsed.success) continue;
    const issue = parsed.error.issues[0];
    const path = issue?.path ?? [];
    throw new UsageError([field, ...path.map(String)].join('.'), at(value, path), issue?.message ?? 'is not valid');
  }
}

function at(value: unknown, path: PropertyKey[]): unknown {
  let here = value;
  for (const key of path) here = (here as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return here;
}

/**
 * Returns the first rule that a finished record breaks; undefined if it breaks none. Makes no copy, because an import calls
 * this for each of a million usages.
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
