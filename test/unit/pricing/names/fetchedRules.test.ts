import { describe, expect, it } from 'vitest';
import {
  checkPriceData,
  dataDate,
  isPattern,
  MAX_PRICE_DATA,
  parsePriceData,
  PRICE_DATA_URL,
  PriceDataError,
} from '../../../../src/pricing/fetched.ts';

/** Which data from the internet is taken, up to each limit, and which is refused, beyond it. */

const day = '2026-11-20';
const gpt = { id: 'gpt-4o', match: { equals: 'gpt-4o' }, prices: { input_mtok: 1 } };
const openai = { id: 'openai', name: 'OpenAI', api_pattern: 'openai', models: [gpt] };
/** undefined: it is taken. */
const problem = (data: unknown): string | undefined => {
  try {
    checkPriceData(data, day);
    return undefined;
  } catch (error) {
    if (!(error instanceof PriceDataError)) throw error;
    return `${error.name}: ${error.message}`;
  }
};
const unknown = (place: string): string => `PriceDataError: The price data has an unknown form at ${place}.`;
const ofProvider = (more: object): string | undefined => problem([{ ...openai, ...more }]);
const ofModel = (more: object): string | undefined => ofProvider({ models: [{ ...gpt, ...more }] });
const ofPrices = (prices: unknown): string | undefined => ofModel({ prices });

/** Where data of another form is wrong. */
const PLACES: readonly [unknown, string][] = [
  [null, 'its top'],
  [{}, 'its top'],
  [[null], '0'],
  [[{ ...openai, id: 5 }], '0.id'],
  [[{ ...openai, name: undefined }], '0.name'],
  [[openai, { ...openai, api_pattern: '(' }], '1.api_pattern'],
  [[{ ...openai, api_pattern: 5 }], '0.api_pattern'],
  [[{ ...openai, model_match: null }], '0.model_match'],
  [[{ ...openai, provider_match: 'x' }], '0.provider_match'],
  [[{ ...openai, models: [gpt, { ...gpt, id: 5 }] }], '0.models.1.id'],
  [[{ ...openai, models: [{ ...gpt, match: undefined }] }], '0.models.0.match'],
  [[{ ...openai, models: [{ ...gpt, prices: undefined }] }], '0.models.0.prices'],
];

/** Prices, and whether they are taken. */
const PRICES: readonly [unknown, boolean][] = [
  [{}, true],
  [{ input_mtok: 0 }, true],
  [{ input_mtok: 1e6, more_mtok: 1 }, true],
  [{ input_mtok: 1e6 + 1 }, false],
  [{ input_mtok: -0.1 }, false],
  [{ input_mtok: '1' }, false],
  [{ input_mtok: { base: 1, tiers: [] } }, true],
  [{ input_mtok: { base: 1, tiers: [{ start: 0, price: 0 }] } }, true],
  [{ input_mtok: { base: -1, tiers: [] } }, false],
  [{ input_mtok: { base: 1 } }, false],
  [{ input_mtok: { tiers: [] } }, false],
  [{ input_mtok: { base: 1, tiers: [{ start: -1, price: 0 }] } }, false],
  [{ input_mtok: { base: 1, tiers: [{ start: 0.5, price: 0 }] } }, false],
  [{ input_mtok: { base: 1, tiers: [{ start: 1, price: -1 }] } }, false],
  [{ input_mtok: { base: 1, tiers: [{ start: 1 }] } }, false],
  [[], false],
  [[{ prices: { input_mtok: 1 } }], true],
  [[{ prices: { input_mtok: -1 } }], false],
  [[{}], false],
];

/** Hours of the day, and whether they are taken. */
const HOURS: readonly [string, boolean][] = [
  ['00:00:00Z', true],
  ['23:59:59Z', true],
  ['19:00:00.25+05:30', true],
  ['20:00:00-23:59', true],
  ['24:00:00Z', false],
  ['1:00:00Z', false],
  ['01:60:00Z', false],
  ['01:00:60Z', false],
  ['01:00Z', false],
  ['01:00:00', false],
  ['01:00:00.Z', false],
  ['01:00:00+24:00', false],
  ['01:00:00+5:00', false],
  ['01:00:00+05:60', false],
  ['x01:00:00Z', false],
  ['01:00:00Zx', false],
];

describe('the data', () => {
  // In one test: the form is made once, by the first one that needs it, and mutation testing asks that one alone about it.
  it('is taken up to each limit, and refused beyond it with the place', () => {
    expect(PLACES.map(([data]) => problem(data))).toEqual(PLACES.map(([, place]) => unknown(place)));
    const isTaken = (prices: unknown): boolean => {
      const found = ofPrices(prices);
      if (found !== undefined) expect(found).toContain(' unknown form at 0.models.0.prices');
      return found === undefined;
    };
    expect(PRICES.filter(([prices, taken]) => isTaken(prices) !== taken)).toEqual([]);
    const during = (start_time: string, end_time: string): unknown => [
      { prices: { input_mtok: 1 }, constraint: { start_time, end_time } },
    ];
    const noon = '12:00:00Z';
    expect(HOURS.filter(([time, taken]) => isTaken(during(time, noon)) !== taken)).toEqual([]);
    expect(HOURS.filter(([time, taken]) => isTaken(during(noon, time)) !== taken)).toEqual([]);
    const since = (constraint: object): unknown => [{ prices: { input_mtok: 1 }, constraint }];
    expect(
      [
        { start_date: '2026-02-28' },
        { type: 'start_date', start_date: '2026-02-28' },
        { type: 'time_of_date', start_date: '2026-02-28' },
        { start_date: '2026-02-30' },
        { start_date: '2026-02-28', more: 1 },
        { type: 'time_of_date', start_time: noon, end_time: noon },
        { type: 'start_date', start_time: noon, end_time: noon },
        { start_time: noon },
        {},
      ].map((constraint) => isTaken(since(constraint))),
    ).toEqual([true, true, false, false, false, true, false, false, false]);
    expect(ofProvider({ model_match: { equals: 'x' }, provider_match: { or: [] } })).toBeUndefined();
  });

  it('is taken whole, with the day that is given', () => {
    expect(checkPriceData([openai], day)).toEqual({ providers: [openai], date: day });
    expect(parsePriceData(JSON.stringify([{ ...openai, more: 1 }]), day)).toEqual({
      providers: [{ ...openai, more: 1 }],
      date: day,
    });
    expect(PRICE_DATA_URL).toBe(
      'https://raw.githubusercontent.com/pydantic/genai-prices/main/prices/new_data/v2/data.json',
    );
  });

  it('has at most twenty million characters, and is JSON', () => {
    const padded = (length: number): string => JSON.stringify([openai]).padEnd(length);
    expect(parsePriceData(padded(MAX_PRICE_DATA), day).providers).toHaveLength(1);
    expect(() => parsePriceData(padded(MAX_PRICE_DATA + 1), day)).toThrow('The price data is too large.');
    expect(() => parsePriceData('[', day)).toThrow('The price data is not valid JSON.');
    expect(MAX_PRICE_DATA).toBe(20_000_000);
  });
});

describe('a rule for names', () => {
  const nested = (depth: number): object => (depth === 0 ? { equals: 'x' } : { or: [nested(depth - 1)] });

  it.each<[unknown, boolean]>([
    [{ equals: 'x' }, true],
    [{ starts_with: 'x' }, true],
    [{ ends_with: 'x' }, true],
    [{ contains: 'x' }, true],
    [{ regex: 'x' }, true],
    [{ or: [{ equals: 'x' }, { and: [{ contains: 'y' }, { regex: 'z' }] }] }, true],
    [{ or: [] }, true],
    [nested(10), true],
    [nested(11), false],
    [{ or: { equals: 'x' } }, false],
    [{ and: 'x' }, false],
    [{ or: [{ equals: 'x' }, { like: 'x' }] }, false],
    [{ and: [{ equals: 'x' }, { equals: 5 }] }, false],
    [{ equals: 5 }, false],
    [{ regex: 5 }, false],
    [{ regex: '(' }, false],
    [{ like: 'x' }, false],
    [{ toString: 'x' }, false],
    [{ equals: 'x', like: 'x' }, false],
    [null, false],
    ['x', false],
  ])('%j is taken: %s', (rule, isTaken) => {
    expect(ofProvider({ model_match: rule })).toBe(isTaken ? undefined : unknown('0.model_match'));
    expect(ofProvider({ provider_match: rule })).toBe(isTaken ? undefined : unknown('0.provider_match'));
    expect(ofModel({ match: rule })).toBe(isTaken ? undefined : unknown('0.models.0.match'));
  });

  it.each<[string, boolean]>([
    ['', true],
    ['x'.repeat(300), true],
    ['x'.repeat(301), false],
    // One repetition without an end.
    ['a*', true],
    ['a+b', true],
    ['a{2,}b', true],
    ['a{100,}', true],
    ['[ab]*c', true],
    ['a*b*', false],
    ['a*b{2,}', false],
    ['a{2,}b+', false],
    ['[ab]*[cd]*', false],
    // Signs that stand for themselves are none.
    [String.raw`a\*b\+c*`, true],
    [String.raw`a\\*b*`, false],
    ['[*+]a*', true],
    [String.raw`[\]*]a*`, true],
    // Repeated groups.
    ['(ab)*', false],
    ['(ab)+', false],
    ['(ab){2}', false],
    ['(ab)?', true],
    ['(ab)', true],
    // Repetitions with an end have at most two digits.
    ['a{99}', true],
    ['a{1,99}', true],
    ['a{100}', false],
    ['a{1,100}', false],
    // Up to twelve choices.
    ['a|b'.repeat(12), true],
    ['a|b'.repeat(13), false],
    ['a?'.repeat(12), true],
    ['a?'.repeat(13), false],
    ['a{1,2}'.repeat(12), true],
    ['a{1,2}'.repeat(13), false],
    ['a{10,20}'.repeat(13), false],
    ['a{2}'.repeat(13), true],
    ['[a|?]'.repeat(13), true],
    ['(?:ab)'.repeat(13), true],
    ['(?!ab)'.repeat(13), true],
    // Nothing that looks back.
    [String.raw`(a)\1`, false],
    [String.raw`(a)\9`, false],
    [String.raw`a\0`, true],
    [String.raw`(?<n>a)\k<n>`, false],
    ['(?<=a)b', false],
    ['(?<!a)b', false],
    ['(?<n>a)b', true],
    ['(', false],
    ['[', false],
    ['a**', false],
  ])('the pattern %j is taken: %s', (pattern, isTaken) => {
    expect(isPattern(pattern)).toBe(isTaken);
  });
});

it('is of the day on which the newest price began, announced ones apart', () => {
  const at = (...starts: (string | undefined)[]): object => ({
    ...gpt,
    prices: starts.map((start_date) => ({
      prices: {},
      ...(start_date === '12:00' && { constraint: { start_time: '12:00:00Z', end_time: '13:00:00Z' } }),
      ...(start_date !== undefined && start_date !== '12:00' && { constraint: { start_date } }),
    })),
  });
  const of = (...models: object[]): string | undefined =>
    dataDate(
      checkPriceData(
        [
          { ...openai, models: [gpt] },
          { ...openai, models },
        ],
        day,
      ),
      day,
    );
  expect(of()).toBeUndefined();
  expect(of(at(undefined))).toBeUndefined();
  expect(of(at('12:00'))).toBeUndefined();
  expect(of(at('2026-01-02'))).toBe('2026-01-02');
  expect(of(at(undefined, '2026-01-02', '12:00'), at('2026-01-03', '2026-01-01'))).toBe('2026-01-03');
  expect(of(at('2026-11-20'))).toBe('2026-11-20');
  expect(of(at('2026-11-19', '2026-11-21'))).toBe('2026-11-19');
  expect(of(at('2026-11-21'))).toBeUndefined();
});
