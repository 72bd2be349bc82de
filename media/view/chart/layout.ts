import { scaleBand, scaleLinear } from 'd3-scale';
import type { ScaleBand, ScaleLinear } from 'd3-scale';
import type { ChartKind } from '../../../src/protocol/choices.ts';
import type { BudgetLine } from '../../model/budgetLines.ts';
import type { Format } from '../../model/format.ts';
import { textWidth } from '../../model/scale.ts';
import type { ChartModel, ChartColumn, Series } from '../../model/series.ts';
import { measured } from '../../model/totals.ts';

/** The properties of the chart element that the templates read. */
export interface ChartView {
  readonly model: ChartModel;
  readonly kind: Exclude<ChartKind, 'calendar'>;
  readonly format: Format;
  readonly nameOf: (series: Series) => string;
  /** ms since the epoch. */
  readonly now: number;
  /** Limits that are drawn as lines. */
  readonly budgets: readonly BudgetLine[];
  /** Ids of the series hidden through the legend. */
  readonly hiddenSeries: ReadonlySet<string>;
  readonly active: ActiveColumn | undefined;
  /** Columns that are being selected. */
  readonly dragged: { from: number; to: number } | undefined;
  /** px. */
  readonly width: number;
}

/** The active column, and the series within it, by index. */
export interface ActiveColumn {
  column: number;
  series: number | undefined;
  /** Whether it was selected with the keyboard. */
  byKey: boolean;
}

/** The scales of a chart, and the size of its plot area in px. */
export interface Plot {
  x: ScaleBand<number>;
  y: ScaleLinear<number, number>;
  left: number;
  width: number;
  height: number;
}

export const TOP = 10;
export const RIGHT = 4;
const BOTTOM = 20;

export function plotHeight({ width }: Pick<ChartView, 'width'>): number {
  return width < 480 ? 150 : 220;
}

export function layOut(chart: ChartView): Plot {
  const { columns } = chart.model;
  const sizes = columns.map((column) => sizeOfColumn(chart, column));
  const before = sizesBefore(chart);
  const limits = chart.budgets.map(({ size }) => size);
  const sum = (all: readonly number[]): number => all.reduce((whole, each) => whole + each, 0);
  const most =
    chart.kind === 'bars' ? Math.max(0, ...sizes, ...before, ...limits) : Math.max(sum(sizes), sum(before), ...limits);
  const height = plotHeight(chart) - TOP - BOTTOM;
  const y = scaleLinear()
    .domain([0, most > 0 ? most : 1])
    .nice(4)
    .range([height, 0]);
  const left = Math.ceil(Math.max(...y.ticks(4).map((tick) => textWidth(tickText(chart, tick)))) + 8);
  const width = Math.max(10, chart.width - left - RIGHT);
  const dense = width / Math.max(1, columns.length) < 6;
  const x = scaleBand<number>()
    .domain(columns.map((_, index) => index))
    .range([0, width])
    .paddingInner(dense ? 0.12 : 0.28)
    .paddingOuter(0.1);
  return { x, y, left, width, height };
}

export function tickText(chart: ChartView, value: number): string {
  return chart.model.measure === 'cost' ? chart.format.moneyTick(value) : chart.format.compact(value);
}

/** The visible series, with their indexes in the model. */
export function shownSeries(chart: ChartView): { series: Series; index: number }[] {
  return chart.model.series
    .map((series, index) => ({ series, index }))
    .filter(({ series }) => !chart.hiddenSeries.has(series.id));
}

export function sizeOfColumn(chart: ChartView, column: ChartColumn): number {
  return shownSeries(chart).reduce((whole, { index }) => {
    const part = column.parts[index];
    return part === undefined ? whole : whole + measured(part, chart.model.measure);
  }, 0);
}

/** The sizes of the columns of the period compared with. */
export function sizesBefore({ model }: ChartView): number[] {
  return (model.before?.columns ?? []).map((totals) => measured(totals, model.measure));
}

export function center(plot: Plot, index: number): number {
  return (plot.x(index) ?? 0) + plot.x.bandwidth() / 2;
}
