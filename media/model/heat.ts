import { bucketKey, bucketStart, nextBucket } from '../../src/usage/time/calendar.ts';
import type { Calendar, Measure, Totals } from '../../src/usage/query.ts';
import type { Day } from './glance.ts';
import { measured } from './totals.ts';

export interface HeatCell {
  key: string;
  since: number;
  until: number;
  /** undefined: no records. */
  totals: Totals | undefined;
  /** 0 for nothing, then 1 to 4 by size. */
  level: number;
}

export interface HeatWeek {
  since: number;
  /** The seven days of a week; undefined for days in the future. */
  days: (HeatCell | undefined)[];
  /** Whether the week contains the first day of a month. */
  startsMonth: boolean;
}

const LEVELS = 4;

/** The last `count` weeks up to that of `end`, oldest first. Levels are the quartiles of the days with records. */
export function heatWeeks(
  days: readonly Day[],
  { end, count, measure }: { end: number; count: number; measure: Measure },
  calendar: Calendar,
): HeatWeek[] {
  const byKey = new Map(days.map((day) => [day.key, day.totals]));
  const starts: number[] = [];
  let start = bucketStart(end, 'week', calendar);
  for (let n = 0; n < count; n++) {
    starts.unshift(start);
    start = bucketStart(start - 1, 'week', calendar);
  }
  const last = nextBucket(end, 'day', calendar);
  const weeks = starts.map((since): HeatWeek => {
    const cells: (HeatCell | undefined)[] = [];
    let day = since;
    for (let n = 0; n < 7; n++) {
      const until = nextBucket(day, 'day', calendar);
      const key = bucketKey(day, 'day', calendar);
      cells.push(day >= last ? undefined : { key, since: day, until, totals: byKey.get(key), level: 0 });
      day = until;
    }
    return { since, days: cells, startsMonth: cells.some((cell) => cell?.key.endsWith('-01')) };
  });
  const cells = weeks.flatMap(({ days: week }) => week).filter((cell) => cell !== undefined);
  const sizes = cells
    .map(({ totals }) => (totals === undefined ? 0 : measured(totals, measure)))
    .filter((value) => value > 0)
    .sort((a, b) => a - b);
  const limits = Array.from(
    { length: LEVELS - 1 },
    (_, n) => sizes[Math.floor((sizes.length * (n + 1)) / LEVELS)] ?? 0,
  );
  for (const cell of cells) {
    const value = cell.totals === undefined ? 0 : measured(cell.totals, measure);
    // A day whose calls have zero or unknown cost is not an empty day.
    if (cell.totals !== undefined) cell.level = value === 0 ? 1 : 1 + limits.filter((limit) => value >= limit).length;
  }
  return weeks;
}
