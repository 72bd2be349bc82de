import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketRanges, piecesOf, type Pieces } from '../../../../src/ledger/postgres/sums/pieces.ts';
import { bucketKey } from '../../../../src/usage/time/calendar.ts';
import { DAY, HOUR } from '../../../../src/usage/time/zone.ts';

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/Los_Angeles',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];
const START = Date.UTC(2026, 2, 1);

/** How often the pieces count an instant in each bucket. */
function counted({ days, hours, times }: Pieces, ms: number): Record<number, number> {
  const found: Record<number, number> = {};
  const count = (bucket: number, sign: number): number => (found[bucket] = (found[bucket] ?? 0) + sign);
  for (const { bucket, sign, slot } of days) if (slot === Math.floor(ms / DAY)) count(bucket, sign);
  for (const { bucket, sign, slot } of hours) if (slot === Math.floor(ms / HOUR)) count(bucket, sign);
  for (const { bucket, sign, low, high } of times) if (ms >= low && ms < high) count(bucket, sign);
  return Object.fromEntries(Object.entries(found).filter(([, times]) => times !== 0));
}

describe('the pieces of a question', () => {
  const instant = fc.integer({ min: START, max: START + 60 * DAY });

  it('count each instant once, in its bucket, and none outside of the range', () => {
    const bucket = fc.constantFrom('hour' as const, 'day' as const, 'week' as const, 'month' as const);
    fc.assert(
      fc.property(
        fc.array(instant, { minLength: 1, maxLength: 30 }),
        fc.constantFrom(...ZONES),
        bucket,
        fc.tuple(instant, instant),
        (instants, timeZone, by, [a, b]) => {
          const calendar = { timeZone, firstDayOfWeek: 1 };
          const [low, high] = [Math.min(a, b), Math.max(a, b)];
          const days = [...new Set(instants.map((ms) => Math.floor(ms / DAY)))].sort((x, y) => x - y);
          const { ranges, keys } = bucketRanges([by], calendar, days, { low, high });
          const pieces = piecesOf(ranges, days);
          for (const ms of instants) {
            const found = Object.entries(counted(pieces, ms)).map(([index, times]) => [keys[Number(index)]![0], times]);
            expect(found).toEqual(ms >= low && ms < high ? [[bucketKey(ms, by, calendar), 1]] : []);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('of a day in New York are a day and a few hours, and no records', () => {
    const calendar = { timeZone: 'America/New_York', firstDayOfWeek: 1 };
    const days = Array.from({ length: 40 }, (_, i) => START / DAY + i);
    const range = { low: Date.UTC(2026, 2, 10, 4), high: Date.UTC(2026, 2, 20, 4) };
    const pieces = piecesOf(bucketRanges(['day'], calendar, days, range).ranges, days);
    expect([pieces.days.length, pieces.hours.length, pieces.times.length]).toEqual([10, 80, 0]);
  });

  it('of a day in Kolkata leave half an hour at each end to the records', () => {
    const calendar = { timeZone: 'Asia/Kolkata', firstDayOfWeek: 1 };
    const days = [START / DAY - 1, START / DAY];
    const range = { low: START - 5.5 * HOUR, high: START + 18.5 * HOUR };
    const { times } = piecesOf(bucketRanges(['day'], calendar, days, range).ranges, days);
    expect(times.map(({ low, high }) => high - low)).toEqual([HOUR / 2, HOUR / 2]);
  });
});
