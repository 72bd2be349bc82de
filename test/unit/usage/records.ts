import * as fc from 'fast-check';
import { fieldsWith } from '../../../src/usage/fieldLists.ts';
import { DIMENSIONS } from '../../../src/usage/dimensions.ts';
import { BUCKETS, type Calendar, type Grouping, type UsageFilter } from '../../../src/usage/query.ts';
import { CHARGES, type UsageRecord } from '../../../src/usage/record.ts';

/** A record with defaults, for tests of a single field. */
export function usage(fields: Partial<UsageRecord> = {}): UsageRecord {
  return {
    usage_id: 'id-1',
    provider: 'anthropic',
    model: 'opus',
    operation: 'chat',
    input_tokens: 100,
    output_tokens: 20,
    total_tokens: 120,
    cost_usd: 0.25,
    cost_known: true,
    billing_mode: 'known',
    timestamp: '2026-11-23T10:00:00Z',
    ...fields,
  };
}

export const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Pacific/Apia',
  'America/St_Johns',
];

/** Instants close to clock changes, including the skipped day of Apia, and some before 1970. */
const EDGES = [
  '2026-03-29T01:00:00Z',
  '2026-10-25T01:00:00Z',
  '2026-03-08T07:00:00Z',
  '2026-11-01T06:00:00Z',
  '2026-04-04T15:00:00Z',
  '2026-10-03T15:30:00Z',
  '2011-12-30T10:00:00Z',
  '2006-10-29T02:31:00Z',
  '1969-12-31T23:59:59.999Z',
  '2026-12-31T18:30:00Z',
].map((iso) => Date.parse(iso));

export const instant = fc.oneof(
  fc.tuple(fc.constantFrom(...EDGES), fc.integer({ min: -7_200_000, max: 7_200_000 })).map(([a, b]) => a + b),
  fc.integer({ min: Date.UTC(1950, 0, 1), max: Date.UTC(2050, 0, 1) }),
);

export const calendars: fc.Arbitrary<Calendar> = fc.record({
  timeZone: fc.constantFrom(...ZONES),
  firstDayOfWeek: fc.integer({ min: 1, max: 7 }),
});

const few = (...names: string[]): fc.Arbitrary<string> => fc.constantFrom(...names);
const label = fc.option(few('', 'alpha', 'Beta', 'null', '__proto__', 'été'), { nil: null });
/** Some exceed 32 bits. */
const tokens = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 1_000_000 }) },
  fc.constantFrom(2 ** 32 - 1, 2 ** 32, 2 ** 40),
);

/** All optional texts except those that no query uses. */
const OPTIONAL_TEXTS = fieldsWith(({ presence, rule }) => presence === 'nullable' && rule !== 'note');

export const records: fc.Arbitrary<UsageRecord> = fc
  .record(
    {
      usage_id: few('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'),
      provider: few('openai', 'anthropic', 'google'),
      model: few('gpt-5', 'opus', 'constructor', 'Flash 2.5'),
      operation: few('chat', 'tag'),
      input_tokens: tokens,
      output_tokens: tokens,
      total_tokens: tokens,
      cost_usd: fc.oneof(
        { weight: 5, arbitrary: fc.double({ min: 0, max: 10, noNaN: true }) },
        fc.constantFrom(0, 1e-9, 0.1, 0.25),
        fc.double({ min: 4_000_000, max: 1e9, noNaN: true }),
      ),
      cost_known: fc.boolean(),
      billing_mode: fc.constantFrom('known', 'estimated', 'runtime_managed'),
      timestamp: instant.map((ms) => new Date(ms).toISOString()),
      cache_read_tokens: tokens,
      cache_write_tokens: tokens,
      reasoning_tokens: tokens,
      estimated_tokens: tokens,
      ...Object.fromEntries(OPTIONAL_TEXTS.map((field) => [field, label])),
      charge: fc.option(few(...CHARGES), { nil: null }),
      tags: fc.array(few('', 'red', 'green', 'Blue sky'), { maxLength: 4 }),
    },
    {
      requiredKeys: [
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
      ],
    },
  )
  .map((record) => record as UsageRecord);

const values = fc.array(fc.option(few('openai', 'opus', 'alpha', 'red', 'unknown', 'first'), { nil: null }), {
  maxLength: 3,
});

export const filters: fc.Arbitrary<UsageFilter> = fc.record(
  {
    since: instant,
    until: instant,
    values: fc.dictionary(fc.constantFrom(...DIMENSIONS), values, { maxKeys: 2 }),
    search: fc.oneof(
      fc.constantFrom('', 'OPUS', 'a', 'e t', 'sky red', '  5 ', 'nowhere'),
      fc
        .array(
          fc.constantFrom(
            'a',
            'model:opus',
            'model:"gpt-5"',
            '-model:opus',
            '-project:""',
            'project:""',
            'tag:re',
            '-tag:red',
            'cost>0.5',
            'cost<=1',
            'tokens>=100',
            'tokens<5000',
          ),
          { maxLength: 3 },
        )
        .map((terms) => terms.join(' ')),
    ),
  },
  { requiredKeys: [] },
);

export const groupings: fc.Arbitrary<Grouping[]> = fc.array(fc.constantFrom(...DIMENSIONS, ...BUCKETS), {
  maxLength: 3,
});
