import { bucketStart, isTimeZone, localCalendar, nextBucket } from '../../usage/time/calendar.ts';
import { parseTime } from '../../usage/time/period.ts';
import { FIELD_DIMENSIONS, type FieldDimension } from '../../usage/dimensions.ts';
import type { Calendar, Dimension, UsageFilter } from '../../usage/query.ts';
import { positive, shown } from './arguments.ts';
import type { OptionSpec } from '../command.ts';
import { usageError } from '../output/exit.ts';

/** The flags by which `costs`, `export` and `watch` choose records, as commander hands them over. */
export interface FilterFlags extends FieldFilters {
  search?: string;
  since?: string;
  until?: string;
  days?: string;
  timezone?: string;
}
type FieldFilters = { [Name in FieldDimension]?: string[] };

const only = (flags: string, what: string): OptionSpec => ({ flags, help: `${what} (repeatable)`, repeatable: true });

/** The options that choose records, inkwell's short ones among them. */
export const FILTER_OPTIONS: readonly OptionSpec[] = [
  ...FIELD_DIMENSIONS.map(({ name, label, filter: { short, value = '<name>', help } = {} }) =>
    only(`${short === undefined ? '' : `${short}, `}--${name} ${value}`, help ?? `only this ${label.toLowerCase()}`),
  ),
  only('--with <file>', 'also count this ledger; a record that is in several counts once'),
  { flags: '--search <words>', help: 'only records whose texts contain all of these words' },
  { flags: '--since <when>', help: 'from then on: 2026-01-31, 2026-01, 2026-01-31T09:30, today, yesterday, 12h, 7d' },
  { flags: '--until <when>', help: 'until then; a day, month or year is included' },
  { flags: '-d, --days <n>', help: 'only the last n days, including today' },
  { flags: '--timezone <zone>', help: "the time zone of days, for example Europe/Berlin (default: the system's)" },
];

/** Shown below the examples of the commands that have these options. */
export const FILTER_NOTES = `A repeatable filter matches any of its values; "" matches the records that do not have the field.`;

export interface Selection {
  filter: UsageFilter;
  calendar: Calendar;
}

/** ISO weeks, so that the same command gives the same groups on every machine. */
const MONDAY = 1;

/** @throws {CliError} for a flag that cannot be understood. */
export function selection(flags: FilterFlags, now: number): Selection {
  const calendar: Calendar = { timeZone: timeZone(flags.timezone), firstDayOfWeek: MONDAY };
  if (flags.days !== undefined && (flags.since !== undefined || flags.until !== undefined)) {
    throw usageError('--days: cannot be combined with --since or --until. Give one or the other.', '--days');
  }
  const filter: UsageFilter = {};
  if (flags.days !== undefined) {
    const days = positive('--days', flags.days);
    const first = parseTime(`${days - 1}d`, 'since', now, calendar);
    if (first === undefined) throw usageError(`--days: must be at most 100000 (got ${shown(flags.days)}).`, '--days');
    filter.since = bucketStart(first, 'day', calendar);
    filter.until = nextBucket(now, 'day', calendar);
  }
  if (flags.since !== undefined) filter.since = time('--since', flags.since, 'since', now, calendar);
  if (flags.until !== undefined) filter.until = time('--until', flags.until, 'until', now, calendar);
  if (filter.since !== undefined && filter.until !== undefined && filter.since >= filter.until) {
    throw usageError('--since: must be before --until. Swap the two.', '--since');
  }
  const values: Partial<Record<Dimension, (string | null)[]>> = {};
  for (const { name } of FIELD_DIMENSIONS) {
    const wanted = flags[name];
    // An empty text asks for the records that have none.
    if (wanted !== undefined) values[name] = wanted.map((value) => (value === '' ? null : value));
  }
  if (Object.keys(values).length > 0) filter.values = values;
  if (flags.search !== undefined && flags.search.trim() !== '') filter.search = flags.search;
  return { filter, calendar };
}

/** What was asked for, as it stands in `--json`. */
export function filterJson({ filter }: Selection): object {
  const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());
  return { since: iso(filter.since), until: iso(filter.until), search: filter.search ?? null, ...filter.values };
}

function timeZone(name: string | undefined): string {
  if (name === undefined) return localCalendar().timeZone;
  if (name === '' || !isTimeZone(name)) {
    throw usageError(
      `--timezone: must be a time zone, as Europe/Berlin, America/New_York or UTC (got ${shown(name)}).`,
      '--timezone',
    );
  }
  return name;
}

function time(flag: string, text: string, edge: 'since' | 'until', now: number, calendar: Calendar): number {
  const ms = parseTime(text, edge, now, calendar);
  // Beyond what a Date holds, no calendar has a name for it.
  if (ms === undefined || Number.isNaN(new Date(ms).getTime())) {
    throw usageError(
      `${flag}: must be a date or time, as 2026-01-31, 2026-01, 2026-01-31T09:30, today, yesterday or 7d (got ${shown(text)}).`,
      flag,
    );
  }
  return ms;
}
