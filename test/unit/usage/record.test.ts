import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { parseInput, type InputDefaults } from '../../../src/usage/parseInput.ts';
import { fieldsWith } from '../../../src/usage/fieldLists.ts';
import { FIELDS } from '../../../src/usage/fields.ts';
import { MAX_COST, MAX_LABEL, MAX_NAME, MAX_NOTE, MAX_STORED_COST, MAX_TAGS } from '../../../src/usage/limits.ts';
import { UsageError } from '../../../src/usage/record.ts';
import { brokenRule } from '../../../src/usage/rules.ts';
import { isUnreadable, readStored } from '../../../src/usage/stored.ts';
import { usage } from './records.ts';
import { runs } from '../../long.ts';

// On a busy machine thousands of random cases take their time.
vi.setConfig({ testTimeout: 60_000 });

const defaults: InputDefaults = { id: () => 'new-id', now: () => '2026-11-23T10:00:00.000Z' };
const names = { provider: 'anthropic', model: 'opus', operation: 'chat' };
const noId = (): string => 'fallback';

function refusal(value: unknown): UsageError {
  try {
    parseInput(value, defaults);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('parseInput', () => {
  it('refuses what is no record', () => {
    for (const value of [undefined, null, 5, 'text', [], [names]]) {
      expect(refusal(value)).toMatchObject({ field: 'record' });
    }
    expect(refusal({})).toMatchObject({ field: 'provider', rule: 'is required' });
  });

  it('completes the least that a caller can give, with the cost unknown', () => {
    expect(parseInput(names, defaults)).toEqual({
      usage_id: 'new-id',
      ...names,
      input_tokens: 0,
      output_tokens: 0,
      total_tokens: 0,
      cost_usd: 0,
      cost_known: false,
      billing_mode: 'runtime_managed',
      timestamp: '2026-11-23T10:00:00.000Z',
    });
  });

  it('takes a given cost for the real one, $0 too', () => {
    for (const cost_usd of [0, 0.25]) {
      expect(parseInput({ ...names, cost_usd }, defaults)).toMatchObject({
        cost_usd,
        cost_known: true,
        billing_mode: 'known',
      });
    }
    expect(refusal({ ...names, cost_known: true })).toMatchObject({ field: 'cost_usd' });
    expect(parseInput({ ...names, cost_usd: 1, cost_known: false }, defaults).cost_known).toBe(false);
  });

  it('adds a total up when there is none, and trusts one that is given', () => {
    const tokens = { input_tokens: 5, output_tokens: 6 };
    expect(parseInput({ ...names, ...tokens }, defaults).total_tokens).toBe(11);
    expect(parseInput({ ...names, ...tokens, total_tokens: 0 }, defaults).total_tokens).toBe(11);
    expect(parseInput({ ...names, ...tokens, total_tokens: 7 }, defaults).total_tokens).toBe(7);
    const most = Number.MAX_SAFE_INTEGER;
    expect(refusal({ ...names, input_tokens: most, output_tokens: 1 })).toMatchObject({ field: 'total_tokens' });
  });

  it('names who recorded, unless the caller does', () => {
    const cli = { ...defaults, source: 'cli' };
    expect(parseInput(names, cli).source).toBe('cli');
    expect(parseInput({ ...names, source: 'mine' }, cli).source).toBe('mine');
    expect(parseInput({ ...names, source: null }, cli).source).toBeNull();
  });

  const tokenFields = fieldsWith(({ name }) => name.endsWith('_tokens'));
  const labels = fieldsWith(({ rule }) => rule === 'label');
  const nameFields = ['usage_id', 'provider', 'model', 'operation', 'source'];
  const refused: [field: string, value: unknown, rule: RegExp][] = [
    ...tokenFields.flatMap((field): [string, unknown, RegExp][] => [
      [field, -1, /negative/],
      [field, 1.5, /whole number/],
      [field, Number.NaN, /whole number/],
      [field, Number.POSITIVE_INFINITY, /whole number/],
      [field, '5', /whole number/],
      [field, null, /whole number/],
      [field, 2 ** 53, /at most/],
    ]),
    ...nameFields.flatMap((field): [string, unknown, RegExp][] => [
      [field, '', /empty/],
      [field, 5, /string/],
      [field, {}, /string/],
      [field, 'x'.repeat(MAX_NAME + 1), /at most 256/],
    ]),
    ...labels.flatMap((field): [string, unknown, RegExp][] => [
      [field, 5, /string/],
      [field, [], /string/],
      [field, 'x'.repeat(MAX_LABEL + 1), /at most 1024/],
    ]),
    ['cost_usd', -0.01, /negative/],
    ['cost_usd', Number.NaN, /finite/],
    ['cost_usd', Number.POSITIVE_INFINITY, /finite/],
    ['cost_usd', '1', /finite/],
    ['cost_usd', null, /finite/],
    ['cost_usd', MAX_COST + 1, /at most/],
    ['cost_known', 1, /true or false/],
    ['cost_known', 'true', /true or false/],
    ['billing_mode', 'free', /known, estimated or runtime_managed/],
    ['timestamp', '2026-11-23T10:00:00', /offset/],
    ['timestamp', '2026-11-23', /offset/],
    ['timestamp', '2026-02-30T10:00:00Z', /offset/],
    ['timestamp', 'yesterday', /offset/],
    ['timestamp', 1_795_428_000, /offset/],
    ['note', 5, /string/],
    ['note', 'x'.repeat(MAX_NOTE + 1), /at most/],
    ['charge', 'gratis', /must be metered, plan, credits or free/],
    ['estimated_tokens', 1.5, /whole/],
    ['tags', 'red', /array/],
    ['tags', null, /array/],
    ['tags', Array.from({ length: MAX_TAGS + 1 }, String), /at most/],
  ];

  it.each(refused)('refuses %s of %j', (field, value, rule) => {
    const error = refusal({ ...names, [field]: value });
    expect(error.field).toBe(field);
    expect(error.rule).toMatch(rule);
    expect(error.value).toEqual(value);
    expect(error.message).toContain(field);
    expect(error.message.length).toBeLessThan(300);
  });

  it('has a rule tested for each field that it knows', () => {
    expect(new Set(refused.map(([field]) => field))).toEqual(new Set(FIELDS.map(({ name }) => name)));
  });

  it('names the tag that breaks a rule', () => {
    expect(refusal({ ...names, tags: ['a', 5] })).toMatchObject({ field: 'tags.1', value: 5 });
    expect(refusal({ ...names, tags: [''] })).toMatchObject({ field: 'tags.0' });
  });

  it('says what it got even when that cannot be shown', () => {
    const round: Record<string, unknown> = {};
    round['self'] = round;
    expect(refusal({ ...names, model: round }).message).toContain('model');
    expect(refusal({ ...names, model: 5n }).message).toContain('5');
    expect(refusal({ ...names, model: Symbol('s') }).message).toContain('model');
  });

  it('keeps fields that it does not know, whatever their names', () => {
    const odd =
      '"__proto__":{"polluted":1},"constructor":2,"toString":"x","hasOwnProperty":null,"":[],"0":{"__proto__":3}';
    const input: unknown = JSON.parse(`{"provider":"p","model":"m",${odd},"operation":"o"}`);
    const record = parseInput(input, defaults);
    expect(JSON.stringify(record)).toContain('"__proto__":{"polluted":1}');
    for (const [field, value] of Object.entries(input as object)) {
      expect(Object.getOwnPropertyDescriptor(record, field)?.value, field).toEqual(value);
    }
    expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
    expect((record as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('takes nothing from a prototype', () => {
    const input = Object.assign(Object.create({ provider: 'inherited', cost_usd: 7 }), { model: 'm', operation: 'o' });
    expect(refusal(input)).toMatchObject({ field: 'provider' });
  });

  it('refuses a field that could not be written', () => {
    for (const value of [5n, () => 5, Symbol('s'), { deep: [5n] }]) {
      expect(refusal({ ...names, extra: value })).toMatchObject({
        field: 'extra',
        rule: expect.stringContaining('JSON') as string,
      });
    }
    expect('extra' in parseInput({ ...names, extra: undefined }, defaults)).toBe(false);
  });

  it('does not change what it is given', () => {
    const input = Object.freeze({ ...names, tags: Object.freeze(['a']), project: undefined });
    const record = parseInput(input, { ...defaults, source: 'cli' });
    expect('project' in record).toBe(false);
    expect(Object.keys(input)).toEqual(['provider', 'model', 'operation', 'tags', 'project']);
  });
});

it('a rule that a record breaks is told, and any other fault is not taken for one', () => {
  const stored = { ...names, timestamp: '2026-01-01T00:00:00Z' };
  expect(brokenRule(stored)).toBeUndefined();
  expect(brokenRule({ ...stored, model: '' })).toMatchObject({ field: 'model', rule: 'must not be empty' });
  expect(brokenRule({ ...stored, tags: ['a', 5] })).toMatchObject({ field: 'tags.1', rule: 'must be a string' });
  const hostile = Object.defineProperty({ ...stored }, 'model', {
    get: () => {
      throw new RangeError('no');
    },
  });
  expect(() => brokenRule(hostile)).toThrow(RangeError);
});

describe('readStored', () => {
  it('tells what is no record', () => {
    for (const value of [null, undefined, 5, 'text', [], {}]) expect(isUnreadable(readStored(value, noId))).toBe(true);
  });

  it('tells costs and counts that no sum could hold', () => {
    const stored = { ...names, timestamp: '2026-01-01T00:00:00Z' };
    expect(readStored({ ...stored, cost_usd: 1e308 }, noId)).toEqual({ unreadable: 'cost_usd is not an amount' });
    expect(isUnreadable(readStored({ ...stored, cost_usd: MAX_STORED_COST }, noId))).toBe(false);
    const most = Number.MAX_SAFE_INTEGER;
    expect(readStored({ ...stored, input_tokens: most, output_tokens: 1 }, noId)).toEqual({
      unreadable: 'total_tokens is not a whole number of tokens',
    });
    expect(isUnreadable(readStored({ ...stored, input_tokens: most, total_tokens: most }, noId))).toBe(false);
  });

  it('does not judge by fields that were unknown when the record was written', () => {
    const foreign = { user: { id: 5 }, commit: 7, account: null };
    const record = readStored({ ...names, timestamp: '2026-01-01T00:00:00Z', ...foreign }, noId);
    expect(isUnreadable(record)).toBe(false);
    expect(record).toMatchObject(foreign);
  });

  it('fills in what inkwell fills in', () => {
    expect(readStored({ ...names, timestamp: '2026-01-01T00:00:00Z', input_tokens: 3 }, noId)).toEqual({
      usage_id: 'fallback',
      ...names,
      timestamp: '2026-01-01T00:00:00Z',
      input_tokens: 3,
      output_tokens: 0,
      total_tokens: 3,
      cost_usd: 0,
      cost_known: true,
      billing_mode: 'known',
    });
  });

  it.each([
    ['provider', ''],
    ['provider', undefined],
    ['model', null],
    ['operation', 5],
    ['usage_id', 5],
    ['usage_id', ''],
    ['input_tokens', 1.5],
    ['output_tokens', -1],
    ['total_tokens', '5'],
    ['cache_read_tokens', null],
    ['cost_usd', -1],
    ['cost_usd', '1'],
    ['cost_known', 'yes'],
    ['billing_mode', 'free'],
    ['timestamp', '2026-11-23T10:00:00'],
    ['timestamp', '2026-99-23T10:00:00Z'],
    ['timestamp', 5],
    ['tags', [5]],
    ['tags', 'red'],
    ['project', 5],
  ])('cannot read %s of %j', (field, value) => {
    const found = readStored({ ...usage(), [field]: value }, noId);
    expect(isUnreadable(found)).toBe(true);
    expect(found).toMatchObject({ unreadable: expect.stringContaining(field) as string });
  });

  it('reads the times that stand in ledgers, to an instant', () => {
    for (const timestamp of [
      '2026-11-23T10:00:00Z',
      '2026-11-23T10:00:00.123456Z',
      '2026-11-23T10:00Z',
      '2026-11-23T10:00:00+00:00',
      '2026-11-23 10:00:00+00:00',
      '2026-11-23T12:00:00+0200',
      '2026-11-23t10:00:00z',
    ]) {
      expect(isUnreadable(readStored(usage({ timestamp }), noId)), timestamp).toBe(false);
      expect(Math.floor(Date.parse(timestamp) / 1000)).toBe(Date.UTC(2026, 10, 23, 10) / 1000);
    }
  });

  it('is not misled by a field that is called unreadable', () => {
    expect(isUnreadable(readStored(usage({ unreadable: 'text' }), noId))).toBe(false);
  });

  const text = (max: number): fc.Arbitrary<string> => fc.string({ unit: 'binary', minLength: 1, maxLength: max });
  const count = fc.nat(2 ** 40);
  const label = fc.option(fc.string({ maxLength: 20 }), { nil: null });
  const inputs = fc
    .record(
      {
        provider: text(20),
        model: text(20),
        operation: text(20),
        usage_id: text(20),
        input_tokens: count,
        output_tokens: count,
        total_tokens: count,
        cost_usd: fc.double({ min: 0, max: MAX_COST, noNaN: true }),
        cost_known: fc.boolean(),
        billing_mode: fc.constantFrom('known', 'estimated', 'runtime_managed'),
        timestamp: fc
          .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
          .map((date) => date.toISOString())
          .chain((iso) => fc.constantFrom(iso, iso.replace('Z', '+05:30'), iso.replace(/\.\d+Z/, '.123456Z'))),
        cache_read_tokens: count,
        cache_write_tokens: count,
        cache_write_1h_tokens: count,
        reasoning_tokens: count,
        episode_title: label,
        project: label,
        session_id: label,
        note: label,
        source: fc.option(text(20), { nil: null }),
        tags: fc.array(text(10), { maxLength: 3 }),
      },
      { requiredKeys: ['provider', 'model', 'operation'] },
    )
    .chain((known) =>
      fc
        .dictionary(fc.oneof(fc.constantFrom('__proto__', 'constructor', 'x'), fc.string()), fc.jsonValue())
        .map((unknown): unknown => {
          // By way of JSON, as records come: there `__proto__` is a field like any other.
          const own = Object.entries(unknown).filter(([field]) => !FIELDS.some(({ name }) => name === field));
          const fields = [...own, ...Object.entries(known)].map(
            ([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`,
          );
          return JSON.parse(`{${fields.join()}}`);
        }),
    )
    .filter(
      (input) =>
        (input as { cost_known?: boolean; cost_usd?: number }).cost_known !== true || 'cost_usd' in (input as object),
    );

  it('reads as equal whatever parseInput accepts, once it has been through JSON', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const record = parseInput(input, defaults);
        const stored: unknown = JSON.parse(JSON.stringify(record));
        const read = readStored(stored, noId);
        expect(read).toEqual(JSON.parse(JSON.stringify(record)));
        expect(parseInput(read, defaults)).toEqual(read);
        for (const [field, value] of Object.entries(input as object)) {
          if (field === 'total_tokens' && value === 0) continue;
          expect(Object.getOwnPropertyDescriptor(read, field)?.value).toEqual(value);
        }
      }),
      { numRuns: runs(100) },
    );
  });
});
