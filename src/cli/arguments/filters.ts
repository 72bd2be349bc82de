import { bucketStart, isTimeZone, localCalendar, nextBucket } from '../../usage/time/calendar.ts';
import { parseTime } from '../../usage/time/period.ts';
import { FIELD_DIMENSIONS, type FieldDimension } from '../../usage/dimensions.ts';
import type { Calendar, Dimension, UsageFilter } from '../../usage/query.ts';
import { positive, shown } from './arguments.ts';
import type { OptionSpec } from '../command.ts';
import { usageError } from '../output/exit.ts';
import { t, tText } from '../language/text.ts';

/** The flags that select records for `costs`, `export` and `watch`, as commander parses them. */
export interface FilterFlags extends FieldFilters {
  search?: string;
  since?: string;
  until?: string;
  days?: string;
  timezone?: string;
}
type FieldFilters = { [Name in FieldDimension]?: string[] };

const only = (flags: string, what: string): OptionSpec => ({
  flags,
  help: t`${tText(what)} (repeatable)`,
  repeatable: true,
});

/** The options that select records, including inkwell's short ones. */
export const FILTER_OPTIONS: readonly OptionSpec[] = [
  ...FIELD_DIMENSIONS.map(({ name, label, filter: { short, value = '<name>', help } = {} }) =>
    only(`${short === undefined ? '' : `${short}, `}--${name} ${value}`, help ?? `only this ${label.toLowerCase()}`),
  ),
  only('--with <file>', 'also count this ledger; a record in several ledgers counts once'),
  {
    flags: '--search <words>',
    help: 'only records that match: words, or terms such as model:opus, -project:x, cost>0.1',
  },
  {
    flags: '--since <when>',
    help: 'start of the time range: 2026-01-31, 2026-01, 2026-01-31T09:30, today, yesterday, 12h, 7d',
  },
  { flags: '--until <when>', help: 'end of the time range; a day, month or year is included' },
  { flags: '-d, --days <n>', help: 'only the last n days, including today' },
  { flags: '--timezone <zone>', help: "the time zone of days, for example Europe/Berlin (default: the system's)" },
];

/** Shown below the examples in the help of these commands. */
export const FILTER_NOTES = t`A repeatable filter matches any of its values; "" matches the records that do not have the field.`;

export interface Selection {
  filter: UsageFilter;
  calendar: Calendar;
}

/** Weeks as in ISO 8601, so that the same command returns the same groups on every machine. */
const MONDAY = 1;

/** @throws {CliError} for an invalid flag. */
export function selection(flags: FilterFlags, now: number): Selection {
  const calendar: Calendar = { timeZone: timeZone(flags.timezone), firstDayOfWeek: MONDAY };
  if (flags.days !== undefined && (flags.since !== undefined || flags.until !== undefined)) {
    throw usageError(t`--days: cannot be combined with --since or --until. Give one or the other.`, '--days');
  }
  const filter: UsageFilter = {};
  if (flags.days !== undefined) {
    const days = positive('--days', flags.days);
    const first = parseTime(`${days - 1}d`, 'since', now, calendar);
    if (first === undefined) throw usageError(t`--days: must be at most 100000 (got ${shown(flags.days)}).`, '--days');
    filter.since = bucketStart(first, 'day', calendar);
    filter.until = nextBucket(now, 'day', calendar);
  }
  if (flags.since !== undefined) filter.since = time(flags.since, 'since', now, calendar);
  if (flags.until !== undefined) filter.until = time(flags.until, 'until', now, calendar);
  if (filter.since !== undefined && filter.until !== undefined && filter.since >= filter.until) {
    throw usageError(t`--since: must be before --until. Swap the two.`, '--since');
  }
  const values: Partial<Record<Dimension, (string | null)[]>> = {};
  for (const { name } of FIELD_DIMENSIONS) {
    const wanted = flags[name];
    // An empty text selects the records without a value.
    if (wanted !== undefined) values[name] = wanted.map((value) => (value === '' ? null : value));
  }
  if (Object.keys(values).length > 0) filter.values = values;
  if (flags.search !== undefined && flags.search.trim() !== '') filter.search = flags.search;
  return { filter, calendar };
}

/** The selection, as printed in `--json`. */
export function filterJson({ filter }: Selection): object {
  const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());
  return { since: iso(filter.since), until: iso(filter.until), search: filter.search ?? null, ...filter.values };
}

function timeZone(name: string | undefined): string {
  if (name === undefined) return localCalendar().timeZone;
  if (name === '' || !isTimeZone(name)) {
    throw usageError(
      t`--timezone: must be a time zone such as Europe/Berlin, America/New_York or UTC (got ${shown(name)}).`,
      '--timezone',
    );
  }
  return name;
}

/** The value of `--since` or `--until`. */
function time(text: string, edge: 'since' | 'until', now: number, calendar: Calendar): number {
  const flag = `--${edge}`;
  const ms = parseTime(text, edge, now, calendar);
  // No calendar has a name for times beyond the range of a Date.
  if (ms === undefined || Number.isNaN(new Date(ms).getTime())) {
    throw usageError(
      t`${flag}: must be a date or time such as 2026-01-31, 2026-01, 2026-01-31T09:30, today, yesterday or 7d (got ${shown(text)}).`,
      flag,
    );
  }
  return ms;
}
