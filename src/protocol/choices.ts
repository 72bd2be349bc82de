import * as z from 'zod/mini';
import { once } from '../usage/lazy/once.ts';
// A named import: destructuring the namespace object would bundle all of zod.
import { catch as fallback } from 'zod/mini';
import { PERIODS } from '../usage/time/period.ts';
import type { Period } from '../usage/time/period.ts';
import { DIMENSIONS } from '../usage/dimensions.ts';
import { MEASURES, SORT_KEYS } from '../usage/query.ts';
import type { Dimension, Measure, SortKey } from '../usage/query.ts';

/**
 * The user's choices in the cost history: all that the webview and the editor store of it. Never data.
 *
 * Choices are read back from the webview's state or the editor's storage, possibly written by an older version, so each invalid
 * field falls back to its own default.
 */
export interface Choices {
  range: RangeChoice;
  /** The measure for charts and shares. */
  measure: Measure;
  chart: ChartKind;
  /** `auto` depends on the length of the range. */
  bucket: 'auto' | ChartBucket;
  /** The dimension by which bars are stacked. */
  stack: Dimension;
  /** The groupings of the breakdown, outermost first, at most {@link MAX_LEVELS}, without duplicates. */
  levels: readonly Dimension[];
  breakdownSort: { by: BreakdownColumn; descending: boolean };
  recordsSort: { by: SortKey; descending: boolean };
  /** The columns of the records, in order. Empty: as many as fit. */
  columns: readonly ColumnChoice[];
  values: FilterValues;
  search: string;
  /** Whether dated snapshots (`-20250929`) are shown as the model that they belong to. */
  foldSnapshots: boolean;
  /** Whether the chart also shows another period. */
  compare: boolean;
  /** That period; absent: the one before. */
  compareWith?: DateSpan | undefined;
}

/** A column of the records; the page ignores keys that it does not know. `width` in px; absent: a share of the view. */
export interface ColumnChoice {
  readonly key: string;
  readonly width?: number | undefined;
}

export type FilterValues = Partial<Record<Dimension, readonly (string | null)[]>>;

/** Two local dates, both included: `2026-11-01`. */
export interface DateSpan {
  readonly from: string;
  readonly to: string;
}

/** A named period of local days, or two dates. */
export type RangeChoice = { kind: Period } | ({ kind: 'dates' } & DateSpan);

export const CHART_KINDS = ['bars', 'cumulative', 'calendar'] as const;
export type ChartKind = (typeof CHART_KINDS)[number];
export const CHART_BUCKETS = ['hour', 'day', 'week', 'month'] as const;
export type ChartBucket = (typeof CHART_BUCKETS)[number];
export const BREAKDOWN_COLUMNS = ['name', 'cost', 'tokens', 'records'] as const;
export type BreakdownColumn = (typeof BREAKDOWN_COLUMNS)[number];

export const MAX_LEVELS = 3;
/** px. */
export const COLUMN_WIDTHS = { least: 40, most: 1200 } as const;
const MAX_COLUMNS = 64;
const MAX_SEARCH = 500;
const MAX_FILTER_VALUES = 200;
const MAX_VALUE = 1024;

export const DEFAULT_CHOICES: Choices = {
  range: { kind: 'last30days' },
  measure: 'cost',
  chart: 'bars',
  bucket: 'auto',
  stack: 'model',
  levels: ['provider', 'model'],
  breakdownSort: { by: 'cost', descending: true },
  recordsSort: { by: 'time', descending: true },
  columns: [],
  values: {},
  search: '',
  foldSnapshots: true,
  compare: false,
};

const date = once(() =>
  z.string().check(
    z.regex(/^\d{4}-\d{2}-\d{2}$/),
    z.refine((text) => isDate(text)),
  ),
);
/** Whether the day exists: the engine's parser takes 30 February for 2 March. */
function isDate(text: string): boolean {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}
const range = once(() =>
  z.union([
    z.object({ kind: z.enum(PERIODS) }),
    z.object({ kind: z.literal('dates'), from: date(), to: date() }).check(z.refine(({ from, to }) => from <= to)),
  ]),
);
const dateSpan = once(() => z.object({ from: date(), to: date() }).check(z.refine(({ from, to }) => from <= to)));
const dimension = once(() => z.enum(DIMENSIONS));
const columnChoice = once(() =>
  z.object({
    key: z.string().check(z.minLength(1), z.maxLength(64)),
    width: z.optional(z.int().check(z.minimum(COLUMN_WIDTHS.least), z.maximum(COLUMN_WIDTHS.most))),
  }),
);
const filterValue = once(() => z.nullable(z.string().check(z.maxLength(MAX_VALUE))));

export const filterValuesSchema = once(() =>
  z.partialRecord(dimension(), z.array(filterValue()).check(z.maxLength(MAX_FILTER_VALUES))),
);
export const searchSchema = once(() => z.string().check(z.maxLength(MAX_SEARCH)));

const choicesSchema = once(() =>
  z.object({
    range: fallback(range(), DEFAULT_CHOICES.range),
    measure: fallback(z.enum(MEASURES), DEFAULT_CHOICES.measure),
    chart: fallback(z.enum(CHART_KINDS), DEFAULT_CHOICES.chart),
    bucket: fallback(z.enum(['auto', ...CHART_BUCKETS]), DEFAULT_CHOICES.bucket),
    stack: fallback(dimension(), DEFAULT_CHOICES.stack),
    levels: fallback(
      z.array(dimension()).check(
        z.minLength(1),
        z.maxLength(MAX_LEVELS),
        z.refine((levels) => new Set(levels).size === levels.length),
      ),
      [...DEFAULT_CHOICES.levels],
    ),
    breakdownSort: fallback(
      z.object({ by: z.enum(BREAKDOWN_COLUMNS), descending: z.boolean() }),
      DEFAULT_CHOICES.breakdownSort,
    ),
    recordsSort: fallback(z.object({ by: z.enum(SORT_KEYS), descending: z.boolean() }), DEFAULT_CHOICES.recordsSort),
    columns: fallback(
      z.array(columnChoice()).check(
        z.maxLength(MAX_COLUMNS),
        z.refine((columns) => new Set(columns.map(({ key }) => key)).size === columns.length),
      ),
      [],
    ),
    values: fallback(filterValuesSchema(), {}),
    search: fallback(searchSchema(), ''),
    foldSnapshots: fallback(z.boolean(), DEFAULT_CHOICES.foldSnapshots),
    compare: fallback(z.boolean(), DEFAULT_CHOICES.compare),
    compareWith: fallback(z.optional(dateSpan()), undefined),
  }),
);

/** Parses stored choices. Never throws: an invalid field gets its default. */
export function parseChoices(value: unknown): Choices {
  const given = typeof value === 'object' && value !== null ? value : {};
  return choicesSchema().parse({ ...DEFAULT_CHOICES, ...given });
}

export function sameChoices(a: Choices, b: Choices): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
