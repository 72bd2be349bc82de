import { expect, test } from 'vitest';
import { forecastOf, type ForecastInput } from '../../../src/budgets/forecast.ts';
import { bucketSpans } from '../../../src/usage/time/calendar.ts';

const UTC = { timeZone: 'UTC', firstDayOfWeek: 1 };
const JULY = { since: Date.parse('2026-07-01'), until: Date.parse('2026-08-01') };
const DAY = 86_400_000;

function input(spentOn: (ms: number) => number, now: number, more: Partial<ForecastInput> = {}): ForecastInput {
  const spentByDay = new Map<string, bigint>();
  for (const { key, since } of bucketSpans(now - 80 * DAY, now, 'day', UTC))
    spentByDay.set(key, BigInt(spentOn(since)));
  const spent = [...spentByDay].filter(([day]) => day >= '2026-07-01').reduce((sum, [, cost]) => sum + cost, 0n);
  return { spentByDay, spent, limit: 10n ** 18n, period: JULY, now, calendar: UTC, ...more };
}

test('equal days end where they lead', () => {
  const forecast = forecastOf(input(() => 1_000, Date.parse('2026-07-11')));
  expect(forecast).toMatchObject({ middle: 31_000n, half: [31_000n, 31_000n], most: [31_000n, 31_000n] });
});

test('weekends without work are expected to stay without', () => {
  const isWeekend = (ms: number): boolean => [0, 6].includes(new Date(ms).getUTCDay());
  // July 2026 has 23 weekdays.
  expect(forecastOf(input((ms) => (isWeekend(ms) ? 0 : 1_000), Date.parse('2026-07-11')))?.middle).toBe(23_000n);
});

test('it names the day on which the limit is passed', () => {
  const forecast = forecastOf(input(() => 1_000, Date.parse('2026-07-11'), { limit: 19_500n }));
  expect(new Date(forecast!.passesAt!).toISOString()).toBe('2026-07-20T00:00:00.000Z');
  expect(forecastOf(input(() => 1_000, Date.parse('2026-07-11'), { limit: 100_000n }))?.passesAt).toBeUndefined();
});

test('it is silent with too little history, without any spending, and outside the period', () => {
  const now = Date.parse('2026-07-11');
  expect(forecastOf(input((ms) => (ms >= now - 10 * DAY ? 1_000 : 0), now))).toBeUndefined();
  expect(forecastOf(input(() => 0, now))).toBeUndefined();
  expect(forecastOf(input(() => 1_000, JULY.until))).toBeUndefined();
});

/** How the cost of a day varies around its level, by two numbers: one from 0 to 1, one of a normal distribution. */
const HABITS: Record<string, (spread: number, even: number, normal: number) => number> = {
  'with many small days and few large ones': (spread, _, normal) => Math.exp(spread * normal),
  'that vary without memory': (_, even) => -Math.log(even),
  'that vary evenly': (_spread, _even, normal) => Math.max(0, 1 + 0.4 * normal),
};

/** The percentages that docs/budgets.md states. */
const MEASURED: Record<string, number[]> = {
  'with many small days and few large ones': [50, 90.5],
  'that vary without memory': [53, 91.5],
  'that vary evenly': [53, 90.5],
};

/** 200 people for each kind of habit: their level, how much their days vary, how idle their weekends are, and how often they rest. */
test.each(Object.keys(HABITS))(
  'of 200 simulated months of days %s, half end in one range, and nine of ten in the other',
  (name) => {
    let seed = 1;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const normal = (): number => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
    let [inHalf, inMost] = [0, 0];
    const people = 200;
    for (let person = 0; person < people; person++) {
      const [level, spread] = [10 ** (6 + 3 * random()), 0.3 + 0.9 * random()];
      const [weekend, rest] = [random() * 0.6, random() * 0.3];
      const days = new Map<number, number>();
      for (let ms = JULY.since - 80 * DAY; ms < JULY.until; ms += DAY) {
        const factor = [0, 6].includes(new Date(ms).getUTCDay()) ? weekend : 1;
        days.set(ms, random() < rest ? 0 : Math.round(level * factor * HABITS[name]!(spread, random(), normal())));
      }
      const now = JULY.since + (6 + (person % 18)) * DAY;
      const forecast = forecastOf(input((ms) => days.get(ms)!, now))!;
      const end = [...days].filter(([ms]) => ms >= JULY.since).reduce((sum, [, cost]) => sum + BigInt(cost), 0n);
      if (end >= forecast.half[0] && end <= forecast.half[1]) inHalf++;
      if (end >= forecast.most[0] && end <= forecast.most[1]) inMost++;
    }
    const shares = [inHalf, inMost].map((count) => (100 * count) / people);
    expect(shares).toEqual(MEASURED[name]);
    expect(Math.abs(shares[0]! - 50)).toBeLessThanOrEqual(5);
    expect(Math.abs(shares[1]! - 90)).toBeLessThanOrEqual(5);
  },
);
