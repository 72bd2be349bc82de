import { area, line } from 'd3-shape';
import { html, nothing, svg } from 'lit';
import type { TemplateResult } from 'lit';
import type { BudgetLine } from '../../model/budgetLines.ts';
import { labelled } from '../../model/scale.ts';
import { measured } from '../../model/totals.ts';
import { seriesClass } from '../swatch.ts';
import { budgetLineText, isPartial } from './figures.ts';
import { center, plotHeight, RIGHT, shownSeries, sizeOfColumn, sizesBefore, tickText, TOP } from './layout.ts';
import type { ChartView, Plot } from './layout.ts';

/** The SVG: axis, grid, and bars or the cumulative line. */
export function drawingTemplate(chart: ChartView, plot: Plot): TemplateResult {
  const { columns, bucket } = chart.model;
  const labelWidth = bucket === 'hour' ? 46 : 54;
  const isLabelled = labelled(columns.length, plot.width, labelWidth);
  return html`<svg class="plot" width=${chart.width} height=${plotHeight(chart)} aria-hidden="true">
    <g transform="translate(${plot.left},${TOP})">
      ${plot.y.ticks(4).map(
        (tick) => svg`
          <line class=${tick === 0 ? 'base' : 'grid'} x2=${plot.width} y1=${plot.y(tick)} y2=${plot.y(tick)} />
          <text class="tick" x="-6" y=${plot.y(tick)} dy="0.32em" text-anchor="end">${tickText(chart, tick)}</text>`,
      )}
      ${chart.active === undefined ? nothing : band(plot, chart.active.column)}
      ${chart.dragged === undefined ? nothing : selection(plot, chart.dragged)}
      ${chart.kind === 'bars' ? bars(chart, plot) : cumulative(chart, plot)} ${before(chart, plot)}
      ${chart.budgets.map((each) => budgetLine(chart, plot, each))}
      ${columns.map((column, index) =>
        isLabelled(index)
          ? svg`<text class="tick" x=${labelPosition(plot, index, labelWidth)} y=${plot.height + 14}
              text-anchor="middle">${chart.format.bucketTick(column.since, bucket)}</text>`
          : nothing,
      )}
    </g>
  </svg>`;
}

/** The name lies below a line at the upper edge, where it would cover the controls. */
function budgetLine(chart: ChartView, plot: Plot, budget: BudgetLine): unknown {
  const y = plot.y(budget.size);
  return svg`
    <line class="budget-line" x2=${plot.width} y1=${y} y2=${y} />
    <text class="budget-line-name" x=${plot.width} y=${y < 16 ? y + 13 : y - 4} text-anchor="end">${budgetLineText(chart, budget)}</text>`;
}

function labelPosition(plot: Plot, index: number, labelWidth: number): number {
  const half = labelWidth / 2 - 6;
  return Math.min(plot.width - half + RIGHT, Math.max(half - plot.left + 4, center(plot, index)));
}

function band(plot: Plot, index: number): unknown {
  return svg`<rect class="band" x=${(plot.x(index) ?? 0) - plot.x.step() * 0.1} y="-4"
    width=${plot.x.bandwidth() + plot.x.step() * 0.2} height=${plot.height + 4} />`;
}

function selection(plot: Plot, { from, to }: { from: number; to: number }): unknown {
  const left = plot.x(Math.min(from, to)) ?? 0;
  const right = (plot.x(Math.max(from, to)) ?? 0) + plot.x.bandwidth();
  return svg`<rect class="selection" x=${left} y="-4" width=${right - left} height=${plot.height + 4} />`;
}

/** One path per series: a rectangle per bar would make up most of the page, and lay out slowly. */
function bars(chart: ChartView, plot: Plot): unknown {
  const { columns, measure } = chart.model;
  const chosen = chart.active;
  // A single bar as wide as the chart would look like a wall.
  const width = Math.min(plot.x.bandwidth(), 64);
  const bases = columns.map(() => 0);
  const bars = shownSeries(chart).map(({ series, index: position }) => {
    let plain = '';
    let pointedAt = '';
    for (const [index, { parts }] of columns.entries()) {
      const part = parts[position];
      const value = part === undefined ? 0 : measured(part, measure);
      if (value === 0) continue;
      const base = bases[index] ?? 0;
      bases[index] = base + value;
      const bar = barPath(center(plot, index) - width / 2, width, plot.y(base), plot.y(base + value));
      if (chosen?.column === index) pointedAt = bar;
      else plain += bar;
    }
    const faded = chosen?.series !== undefined && chosen.series !== position;
    const classes = `bar ${seriesClass(series.slot)}`;
    return svg`${plain === '' ? nothing : svg`<path class=${classes} d=${plain} />`}${
      pointedAt === '' ? nothing : svg`<path class="${classes} ${faded ? 'faded' : ''}" d=${pointedAt} />`
    }`;
  });
  const radius = Math.min(2.5, Math.max(1.25, width / 2));
  const marks = columns.map(({ totals }, index) =>
    measure === 'cost' && isPartial(totals)
      ? circlePath(center(plot, index), plot.y(bases[index] ?? 0) - 5, radius)
      : '',
  );
  return svg`${bars}<path class="unpriced-mark" d=${marks.join('')} />`;
}

function cumulative(chart: ChartView, plot: Plot): unknown {
  const points: [x: number, y: number][] = [];
  let upTo = 0;
  for (const [index, column] of chart.model.columns.entries()) {
    if (column.since > chart.now && column.totals.records === 0) break;
    upTo += sizeOfColumn(chart, column);
    points.push([center(plot, index), plot.y(upTo)]);
  }
  const last = points.at(-1);
  const at = chart.active === undefined ? undefined : points[chart.active.column];
  return svg`
    <path class="cumulative-area" d=${
      area()
        .x(([x]) => x)
        .y1(([, y]) => y)
        .y0(plot.height)(points) ?? ''
    } />
    <path class="cumulative-line" d=${line()(points) ?? ''} />
    ${last === undefined ? nothing : svg`<circle class="cumulative-dot" cx=${last[0]} cy=${last[1]} r="2.5" />`}
    ${at === undefined ? nothing : svg`<circle class="cumulative-dot" cx=${at[0]} cy=${at[1]} r="3.5" />`}`;
}

/** The period before: a mark across each bar, or a second line. */
function before(chart: ChartView, plot: Plot): unknown {
  const sizes = sizesBefore(chart);
  if (sizes.length === 0) return nothing;
  let upTo = 0;
  const sums = sizes.map((size) => (upTo += size));
  const width = Math.min(plot.x.bandwidth() + 4, 68);
  const marks = sizes.map((size, index) => {
    const left = coordinate(center(plot, index) - width / 2);
    return size === 0 ? '' : `M${left} ${coordinate(plot.y(size))}h${coordinate(width)}`;
  });
  const path =
    chart.kind === 'bars'
      ? marks.join('')
      : (line()(sums.map((sum, index) => [center(plot, index), plot.y(sum)])) ?? '');
  return svg`<path class="before" d=${path} />`;
}

function barPath(left: number, width: number, bottom: number, top: number): string {
  const gap = bottom - top > 3 ? 1 : 0;
  const height = Math.max(0.5, bottom - top - gap);
  return `M${coordinate(left)} ${coordinate(top + gap)}h${coordinate(width)}v${coordinate(height)}h${coordinate(-width)}z`;
}

function circlePath(x: number, y: number, radius: number): string {
  const arc = (across: number): string => `a${radius} ${radius} 0 1 0 ${across} 0`;
  return `M${coordinate(x - radius)} ${coordinate(y)}${arc(2 * radius)}${arc(-2 * radius)}`;
}

function coordinate(value: number): number {
  return Math.round(value * 100) / 100;
}
