import { describe, expect, test } from 'vitest';
import {
  countOf,
  firstText,
  isUsualTime,
  labelOf,
  nameOf,
  objectsIn,
  parseJson,
  projectOf,
  stemOf,
  textOf,
  timeKey,
  timeOf,
} from '../../../src/sources/fields.ts';
import { isEarlier, keptLine, logRecord } from '../../../src/sources/record.ts';
import { beside, including, takeTotal } from '../../../src/sources/tokens.ts';
import { usageId } from '../../../src/sources/reading/identity.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { cpuTimeBelow } from '../../fixtures/cpuTime.ts';
import { idOf } from './agents/expected.ts';

/** Values of other programs' logs, and how records have them. */

const AT = '2026-11-20T10:00:00.000Z';

describe('times', () => {
  test.each<[unknown, string | undefined]>([
    [AT, AT],
    [` ${AT} `, AT],
    ['2026-11-20T10:00:00Z', '2026-11-20T10:00:00Z'],
    ['2026-11-20T10:00:00.123456Z', '2026-11-20T10:00:00.123456Z'],
    ['2026-11-20T10:00Z', '2026-11-20T10:00Z'],
    ['2026-11-20T10:00:00+05:30', '2026-11-20T10:00:00+05:30'],
    ['2026-11-20T10:00:00+0530', '2026-11-20T04:30:00.000Z'],
    ['2026-11-20 10:00:00Z', AT],
    ['2026-11-20t10:00:00z', AT],
    ['2026-12-31T10:00:00.000Z', '2026-12-31T10:00:00.000Z'],
    ['2026-02-30T10:00:00.000Z', '2026-03-02T10:00:00.000Z'],
    ['2024-02-29T10:00:00.000Z', '2024-02-29T10:00:00.000Z'],
    ['2026-11-20T24:00:00.000Z', '2026-11-21T00:00:00.000Z'],
    ['2026-11-20T10:00:00', undefined],
    ['2026-11-20', undefined],
    ['x2026-11-20T10:00:00Z', undefined],
    ['2026-11-20T10:00:00Zx', undefined],
    ['2026-13-20T10:00:00Z', undefined],
    ['', undefined],
    [1_795_168_800, AT],
    [1_795_168_800_000, AT],
    [1_795_168_800.25, '2026-11-20T10:00:00.250Z'],
    [10_000_000_000, '2286-11-20T17:46:40.000Z'],
    [10_000_000_001, '1970-04-26T17:46:40.001Z'],
    [0, undefined],
    [-1, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    [253_402_300_799_999, '9999-12-31T23:59:59.999Z'],
    [253_402_300_800_000, undefined],
    [null, undefined],
    [true, undefined],
  ])('%j is %j', (value, time) => {
    expect(timeOf(value)).toBe(time);
  });

  test.each([
    '2026-11-20T10:00:00.000z',
    '2026-11-29T10:00:00.000Z',
    '2026-00-20T10:00:00.000Z',
    '2026-13-20T10:00:00.000Z',
    '2026-11-00T10:00:00.000Z',
    '2026-11-20T24:00:00.000Z',
    '2026-11-20T10:60:00.000Z',
    '2026-11-20T10:00:60.000Z',
    '2026-11-20T10:00:00.00Z',
    '2026-11-20T10:00:00.0000Z',
    '2026/11/20T10:00:00.000Z',
    '2026-11-2:T10:00:00.000Z',
    '2026-11-2/T10:00:00.000Z',
  ])('%s needs a slower look', (text) => {
    expect(isUsualTime(text)).toBe(false);
  });

  test.each(['2026-01-01T00:00:00.000Z', '2026-12-28T23:59:59.999Z', '0000-10-09T09:09:09.090Z'])(
    '%s does not',
    (text) => {
      expect(isUsualTime(text)).toBe(true);
    },
  );

  test('in an id are as the log has them', () => {
    expect(timeKey(' 2026-11-20 10:00:00Z ', AT)).toBe('2026-11-20 10:00:00Z');
    expect(timeKey(1_795_168_800, AT)).toBe(AT);
  });
});

describe('counts', () => {
  test.each([
    [undefined, 0],
    [null, 0],
    [0, 0],
    [7, 7],
    [2 ** 53 - 1, 2 ** 53 - 1],
    [2 ** 53, Number.NaN],
    [-1, Number.NaN],
    [1.5, Number.NaN],
    ['7', Number.NaN],
    [true, Number.NaN],
  ])('%j is %j', (value, count) => {
    expect(countOf(value)).toBe(count);
  });

  const counts = { input: 100, output: 10, cacheRead: 60, cacheWrite: 30, reasoning: 4 };
  const rest = { output: 10, cacheRead: 60, cacheWrite: 30, reasoning: 4 };
  test('beside the cache and the reasoning, or with them', () => {
    expect(beside(counts)).toEqual({ ...rest, input: 190 });
    expect(beside(counts, 'beside')).toEqual({ ...rest, input: 190, output: 14 });
    expect(including(counts)).toEqual({ ...rest, input: 100 });
    expect(including(counts, 'beside')).toEqual({ ...rest, input: 100, output: 14 });
    expect(including({ ...counts, input: 90 })).toEqual({ ...rest, input: 90 });
    // Less than the cached tokens cannot include them.
    expect(including({ ...counts, input: 89 })).toEqual({ ...rest, input: 179 });
    expect(including({ ...counts, input: 5 }, 'beside')).toEqual({ ...rest, input: 95, output: 14 });
    expect(beside({ ...counts, reasoning: 40 })).toMatchObject({ output: 10, reasoning: 10 });
    expect(beside({ input: 1, output: 2 })).toEqual({ input: 1, output: 2, cacheRead: 0, cacheWrite: 0, reasoning: 0 });
  });

  test('a total alone is output, and a guess', () => {
    const tokens = beside({ input: 0, output: 0 });
    takeTotal(tokens, 9);
    expect(tokens).toMatchObject({ input: 0, output: 9, estimated: 9 });
  });
});

test('texts and lists', () => {
  expect([' ', '', 5, null, 'a', ' a'].map(textOf)).toEqual([undefined, undefined, undefined, undefined, 'a', ' a']);
  expect(firstText({ a: '', b: 3, c: 'x', d: 'y' }, 'a', 'b', 'c', 'd')).toBe('x');
  expect(firstText(undefined, 'a')).toBeUndefined();
  expect(objectsIn([{ a: 1 }, [1], null, 'x', { b: 2 }])).toEqual([{ a: 1 }, { b: 2 }]);
  expect(objectsIn({ a: 1 })).toEqual([]);
  expect(stemOf('a/b.c/d.e.jsonl')).toBe('d.e');
  expect(stemOf('a.b/c')).toBe('c');
});

test('names and labels are cut to what a record holds', () => {
  expect([nameOf('n'.repeat(256)).length, nameOf('n'.repeat(300)).length]).toEqual([256, 256]);
  const most = labelOf('l'.repeat(10_000))!.length;
  expect(labelOf('l'.repeat(most))!.length).toBe(most);
  expect(labelOf('l'.repeat(most - 1))!.length).toBe(most - 1);
  expect(labelOf(undefined)).toBeUndefined();
});

test.each([
  ['/srv/site', 'site'],
  ['/srv/site/', 'site'],
  ['C:\\work\\site\\', 'site'],
  ['C:\\work/site//', 'site'],
  ['/', undefined],
  ['', undefined],
  [undefined, undefined],
  ['/srv/other', 'other'],
  ['/srv/other', 'other'],
])('the project of %j is %j', (folder, project) => {
  expect(projectOf(folder)).toBe(project);
});

describe('the record of a log', () => {
  const usage = { usageId: 'u', source: 'x-log', provider: 'p', model: 'm', operation: 'agent', timestamp: AT };

  test('has no field for what is not known', () => {
    expect(
      logRecord({
        ...usage,
        tokens: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, cacheWrite1h: 0, reasoning: 0, estimated: 0 },
        more: { a: undefined },
      }),
    ).toEqual({
      usage_id: 'u',
      provider: 'p',
      model: 'm',
      operation: 'agent',
      input_tokens: 0,
      output_tokens: 0,
      total_tokens: 0,
      cost_usd: 0,
      cost_known: false,
      billing_mode: 'runtime_managed',
      timestamp: AT,
      source: 'x-log',
    });
  });

  test('has what is', () => {
    const tokens = { input: 9, output: 8, cacheRead: 1, cacheWrite: 2, cacheWrite1h: 3, reasoning: 4, estimated: 5 };
    const record = logRecord({
      ...usage,
      tokens,
      project: 'p1',
      folder: '/srv/p2',
      branch: 'b',
      session: 's',
      more: { a: 0, b: null },
    });
    expect(record).toMatchObject({
      total_tokens: 17,
      cache_read_tokens: 1,
      cache_write_tokens: 2,
      cache_write_1h_tokens: 3,
      reasoning_tokens: 4,
      estimated_tokens: 5,
      project: 'p2',
      folder: '/srv/p2',
      branch: 'b',
      session_id: 's',
      a: 0,
      b: null,
    });
    expect(logRecord({ ...usage, tokens, project: 'p1' })).toMatchObject({ project: 'p1' });
    expect('folder' in logRecord({ ...usage, tokens, project: 'p1' })).toBe(false);
  });

  test('of two equal ones is the earlier, or the one of the first session', () => {
    const at = (timestamp: string, session?: string): UsageRecord =>
      logRecord({ ...usage, timestamp, session, tokens: { input: 1, output: 1 } });
    expect(isEarlier(at(AT), at('2026-11-20T10:00:01Z'))).toBe(true);
    expect(isEarlier(at('2026-11-20T11:00:01+01:00'), at(AT))).toBe(false);
    expect(isEarlier(at(AT, 'a'), at('2026-11-20T10:00:00Z', 'b'))).toBe(true);
    expect(isEarlier(at(AT, 'b'), at(AT, 'a'))).toBe(false);
    expect(isEarlier(at(AT), at(AT, 'a'))).toBe(true);
    expect(isEarlier(at(AT, 'a'), at(AT))).toBe(false);
    expect(isEarlier(at(AT), at(AT))).toBe(false);
    expect([{ a: 1 }, null, 'x', undefined].map((named_line) => keptLine({ ...at(AT), named_line }))).toEqual([
      { a: 1 },
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('JSON', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  const LONG = 'x'.repeat(1_000_000);

  test('of any length is parsed up to a depth of a million', () => {
    const value = [[LONG]];
    expect(parseJson(JSON.stringify(value))).toEqual(value);
    expect(parseJson(nested(100_000))).toBeDefined();
    expect(parseJson(nested(1_000_001))).toBeUndefined();
    expect(parseJson(`${'{"a":'.repeat(1_000_001)}1${'}'.repeat(1_000_001)}`)).toBeUndefined();
    expect(parseJson(`[${'[{}],'.repeat(300_000)}0]`)).toHaveLength(300_001);
  });

  test.each([String.raw`[{`, String.raw`\"[[[`, String.raw`\\`, String.raw`[\\\"[`])(
    'has brackets in strings: %s',
    (text) => {
      const json = `["${text.repeat(50_000)}",["${text}"],"${LONG}"]`;
      expect(parseJson(json)).toEqual(JSON.parse(json));
    },
  );

  test.each(['[', '{"a":', '[{"a":', '["\\"', '"', '\\"', '{"a":"'])(
    'takes time that grows with its length alone: %s',
    async (unit) => {
      const took = (length: number, limit: number): Promise<number> =>
        cpuTimeBelow(limit, () => parseJson(unit.repeat(length / unit.length)));
      await took(1 << 18, Infinity);
      const limit = 64 * Math.max(await took(1 << 18, Infinity), 2);
      expect(await took(1 << 22, limit)).toBeLessThan(limit);
    },
  );
});

test('ids are UUIDs of version 5, of names of any length and language', () => {
  const cases: (string | number | undefined)[][] = [
    [],
    ['a'],
    [''],
    [undefined],
    ['a', undefined, 'b'],
    ['a', '', 'b'],
    [7],
    ['x'.repeat(5_000)],
    ['日本語 🎉'],
    ['b'],
  ];
  for (const parts of cases) expect(usageId('source', parts)).toBe(idOf('source', ...parts));
  for (let i = 0; i < 40; i++) expect(usageId('s', [i])).toBe(idOf('s', i));
  expect(new Set(cases.map((parts) => usageId('source', parts))).size).toBe(cases.length);
  expect(usageId('s', ['x'])).toMatch(/^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
});
