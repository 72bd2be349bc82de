import { scaleBand, scaleLinear } from 'd3-scale';
import type { ScaleBand, ScaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import { html, nothing, svg } from 'lit';
import type { PropertyValues, TemplateResult } from 'lit';
import type { ChartKind } from '../../src/protocol/choices.ts';
import type { Totals } from '../../src/usage/query.ts';
import type { Format } from '../model/format.ts';
import { labelled, textWidth } from '../model/scale.ts';
import type { ChartModel, Column, Series } from '../model/series.ts';
import { size, sum } from '../model/totals.ts';
import './figures.ts';
import { LightElement, never } from './light.ts';
import { seriesClass, swatch } from './swatch.ts';

/** What a click or Enter asks for: records of one series, or of one column's span. */
export type ChartPick = { series: Series } | { column: Column };

interface Plot {
  x: ScaleBand<number>;
  y: ScaleLinear<number, number>;
  left: number;
  width: number;
  height: number;
}

const TOP = 10;
const BOTTOM = 20;
const RIGHT = 4;

/** Bars or a cumulative line over time. Pointer and keyboard choose a column; its figures are exact. */
export class SpendChart extends LightElement {
  static override properties = {
    model: { attribute: false },
    kind: { attribute: false },
    format: { attribute: false },
    nameOf: { attribute: false, hasChanged: never },
    now: { attribute: false },
    asTable: { attribute: false },
    hiddenSeries: { state: true },
    active: { state: true },
    width: { state: true },
  };
  declare model: ChartModel;
  declare kind: Exclude<ChartKind, 'calendar'>;
  declare format: Format;
  declare nameOf: (series: Series) => string;
  declare now: number;
  declare asTable: boolean;
  declare hiddenSeries: ReadonlySet<string>;
  /** The column that is pointed at, and the series within it, by their positions. */
  declare active: { column: number; series: number | undefined; byKey: boolean } | undefined;
  declare width: number;

  readonly #resize = new ResizeObserver(([entry]) => {
    if (entry !== undefined) this.width = Math.round(entry.contentRect.width);
  });

  constructor() {
    super();
    this.hiddenSeries = new Set();
    this.asTable = false;
    this.width = 0;
    this.now = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resize.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
  }

  protected override willUpdate(changed: PropertyValues): void {
    // Not left to the observer, which tells it when all else is laid out already and would have to be once more.
    if (this.width === 0) this.width = Math.round(this.clientWidth);
    if (changed.has('model') && this.active !== undefined) {
      // The same moment stays chosen when new records shift the columns.
      const before = changed.get('model') as ChartModel | undefined;
      const key = before?.columns[this.active.column]?.key;
      const column = this.model.columns.findIndex((candidate) => candidate.key === key);
      this.active = column < 0 ? undefined : { ...this.active, column };
    }
  }

  /** The drawing alone, for a picture of it. */
  get drawing(): SVGSVGElement | null {
    return this.querySelector('svg.plot');
  }

  protected override render(): TemplateResult {
    const { model } = this;
    return html`
      ${this.asTable ? nothing : this.#plot()} ${this.#legend()}
      <spend-figures
        class=${this.asTable ? 'chart-table' : 'figures-beside'}
        role="region"
        aria-label="Figures"
        tabindex=${this.asTable ? 0 : nothing}
        .of=${model}
        .format=${this.format}
        .table=${() => this.#table()}
        .seen=${this.asTable}
      ></spend-figures>
      <div class="visually-hidden" aria-live="polite">
        ${this.active?.byKey ? this.#sentence(model.columns[this.active.column]) : nothing}
      </div>
    `;
  }

  get #height(): number {
    return this.width < 480 ? 150 : 220;
  }

  #shown(): { series: Series; index: number }[] {
    return this.model.series
      .map((series, index) => ({ series, index }))
      .filter(({ series }) => !this.hiddenSeries.has(series.id));
  }

  #sizeOf(column: Column): number {
    return this.#shown().reduce((whole, { index }) => {
      const part = column.parts[index];
      return part === undefined ? whole : whole + size(part, this.model.measure);
    }, 0);
  }

  #layout(): Plot {
    const { columns } = this.model;
    const sizes = columns.map((column) => this.#sizeOf(column));
    const most = this.kind === 'bars' ? Math.max(0, ...sizes) : sizes.reduce((whole, each) => whole + each, 0);
    const height = this.#height - TOP - BOTTOM;
    const y = scaleLinear()
      .domain([0, most > 0 ? most : 1])
      .nice(4)
      .range([height, 0]);
    const left = Math.ceil(Math.max(...y.ticks(4).map((tick) => textWidth(this.#tick(tick)))) + 8);
    const width = Math.max(10, this.width - left - RIGHT);
    const dense = width / Math.max(1, columns.length) < 6;
    const x = scaleBand<number>()
      .domain(columns.map((_, index) => index))
      .range([0, width])
      .paddingInner(dense ? 0.12 : 0.28)
      .paddingOuter(0.1);
    return { x, y, left, width, height };
  }

  #tick(value: number): string {
    return this.model.measure === 'cost' ? this.format.moneyTick(value) : this.format.compact(value);
  }

  #plot(): TemplateResult {
    if (this.width === 0) return html`<div class="plot-space"></div>`;
    const plot = this.#layout();
    const { columns, bucket } = this.model;
    const labelWidth = bucket === 'hour' ? 46 : 54;
    const isLabelled = labelled(columns.length, plot.width, labelWidth);
    const active = this.active === undefined ? undefined : columns[this.active.column];
    return html`
      <div
        class="plot-frame"
        tabindex="0"
        role="application"
        aria-roledescription="chart"
        aria-label=${this.#summary()}
        @keydown=${(event: KeyboardEvent) => this.#key(event)}
        @pointermove=${(event: PointerEvent) => this.#point(event, plot)}
        @pointerleave=${() => (this.active = undefined)}
        @blur=${() => (this.active = undefined)}
        @click=${() => this.#pick()}
      >
        <svg class="plot" width=${this.width} height=${this.#height} aria-hidden="true">
          <g transform="translate(${plot.left},${TOP})">
            ${plot.y.ticks(4).map(
              (tick) => svg`
                <line class=${tick === 0 ? 'base' : 'grid'} x2=${plot.width} y1=${plot.y(tick)} y2=${plot.y(tick)} />
                <text class="tick" x="-6" y=${plot.y(tick)} dy="0.32em" text-anchor="end">${this.#tick(tick)}</text>`,
            )}
            ${active === undefined ? nothing : this.#band(plot)}
            ${this.kind === 'bars' ? this.#bars(plot) : this.#cumulative(plot)}
            ${columns.map((column, index) =>
              isLabelled(index)
                ? svg`<text class="tick" x=${this.#clampLabel(plot, index, labelWidth)} y=${plot.height + 14}
                    text-anchor="middle">${this.format.bucketTick(column.since, bucket)}</text>`
                : nothing,
            )}
          </g>
        </svg>
        ${active === undefined ? nothing : this.#tooltip(active, plot)}
      </div>
    `;
  }

  #clampLabel(plot: Plot, index: number, labelWidth: number): number {
    const half = labelWidth / 2 - 6;
    return Math.min(plot.width - half + RIGHT, Math.max(half - plot.left + 4, center(plot, index)));
  }

  #band(plot: Plot): unknown {
    const index = this.active?.column ?? 0;
    return svg`<rect class="band" x=${(plot.x(index) ?? 0) - plot.x.step() * 0.1} y="-4"
      width=${plot.x.bandwidth() + plot.x.step() * 0.2} height=${plot.height + 4} />`;
  }

  /** One path for each series: a rectangle for each of its bars would be most of the page, and as slow to lay out. */
  #bars(plot: Plot): unknown {
    const { columns, measure } = this.model;
    const chosen = this.active;
    // A single bar as wide as the chart would look like a wall.
    const width = Math.min(plot.x.bandwidth(), 64);
    const bases = columns.map(() => 0);
    const bars = this.#shown().map(({ series, index: position }) => {
      let plain = '';
      let pointedAt = '';
      for (const [index, { parts }] of columns.entries()) {
        const part = parts[position];
        const value = part === undefined ? 0 : size(part, measure);
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

  #cumulative(plot: Plot): unknown {
    const points: [x: number, y: number][] = [];
    let upTo = 0;
    for (const [index, column] of this.model.columns.entries()) {
      if (column.since > this.now && column.totals.records === 0) break;
      upTo += this.#sizeOf(column);
      points.push([center(plot, index), plot.y(upTo)]);
    }
    const last = points.at(-1);
    const at = this.active === undefined ? undefined : points[this.active.column];
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

  #tooltip(column: Column, plot: Plot): TemplateResult {
    const index = this.active?.column ?? 0;
    const x = plot.left + center(plot, index);
    const onLeft = x > this.width / 2;
    const narrow = this.width < 480;
    const place = narrow
      ? `inset-inline: 0; top: ${TOP + plot.height + 6}px`
      : onLeft
        ? `right: ${this.width - x + plot.x.step() / 2 + 6}px; top: 0`
        : `left: ${x + plot.x.step() / 2 + 6}px; top: 0`;
    return html`<div class="tooltip" .style=${place} aria-hidden="true">${this.#figures(column, index)}</div>`;
  }

  #figures(column: Column, index: number): TemplateResult {
    const { model, format } = this;
    const shown = this.#shown().filter(({ index: position }) => column.parts[position] !== undefined);
    return html`
      <div class="tooltip-title">${format.bucket(column.since, model.bucket)}</div>
      <div class="figures">
        ${shown.map(({ series, index: position }) => {
          const part = column.parts[position];
          const chosen = this.active?.series === position ? 'active' : '';
          return html`<span class="name ${chosen}"
              >${swatch(series.slot)}<span class="value-name">${this.nameOf(series)}</span></span
            >
            <span class="number ${chosen}">${part === undefined ? '' : this.#figure(part)}</span>`;
        })}
        <span class="name total">${column.totals.records === 0 ? 'Nothing recorded' : 'Total'}</span>
        <span class="number total">${column.totals.records === 0 ? '' : this.#figure(column.totals)}</span>
        ${
          this.kind === 'cumulative'
            ? html`<span class="name">Up to here</span>
                <span class="number"
                  >${this.#figure(sum(model.columns.slice(0, index + 1).map(({ totals }) => totals)))}</span
                >`
            : nothing
        }
      </div>
    `;
  }

  #figure(totals: Column['totals']): unknown {
    if (this.model.measure === 'tokens') return this.format.count(totals.totalTokens);
    return this.format.costParts(totals).map((part) => html`<span class="nowrap">${part}</span> `);
  }

  #exact(totals: Column['totals']): string {
    if (this.model.measure === 'tokens') return this.format.count(totals.totalTokens);
    return this.format.costExact(totals);
  }

  #sentence(column: Column | undefined): string {
    if (column === undefined) return '';
    const title = this.format.bucket(column.since, this.model.bucket);
    const parts = this.#shown().flatMap(({ series, index }) => {
      const part = column.parts[index];
      return part === undefined ? [] : [`${this.nameOf(series)} ${this.#exact(part)}`];
    });
    return `${title}: ${column.totals.records === 0 ? 'nothing' : `${this.#exact(column.totals)}. ${parts.join(', ')}`}`;
  }

  #summary(): string {
    const { model } = this;
    const what = model.measure === 'cost' ? 'Cost' : 'Tokens';
    const how = this.kind === 'bars' ? `by ${model.bucket}` : `added up by ${model.bucket}`;
    return `${what} ${how}: ${this.#exact(model.totals)} over ${model.columns.length} columns. Left and right choose a column, up and down a series, Enter filters.`;
  }

  #legend(): TemplateResult | typeof nothing {
    const { model } = this;
    if (model.series.length === 0) return nothing;
    return html`<div class="legend" role="group" aria-label="Series">
      ${model.series.map((series) => {
        const shown = !this.hiddenSeries.has(series.id);
        return html`<button
          type="button"
          class="legend-item"
          aria-pressed=${shown}
          title=${`${this.nameOf(series)}: ${this.#exact(series.totals)}`}
          @click=${() => this.#toggle(series.id)}
        >
          ${swatch(series.slot)}<span class="value-name">${this.nameOf(series)}</span>
        </button>`;
      })}
      ${
        this.kind === 'bars' && model.measure === 'cost' && isPartial(model.totals)
          ? html`<span class="legend-note">${partialNote(model.totals)}</span>`
          : nothing
      }
    </div>`;
  }

  #toggle(id: string): void {
    const hidden = new Set(this.hiddenSeries);
    if (!hidden.delete(id)) hidden.add(id);
    this.hiddenSeries = hidden;
  }

  /** The same figures as a table: beside the drawing for screen readers, instead of it on demand. */
  #table(): TemplateResult {
    const { model, format } = this;
    return html`<table class="data">
      <caption class="visually-hidden">
        ${model.measure === 'cost' ? 'Cost' : 'Tokens'} by ${model.bucket}
      </caption>
      <thead>
        <tr>
          <th scope="col">${capital(model.bucket)}</th>
          <th scope="col" class="number">Total</th>
          ${model.series.map((series) => html`<th scope="col" class="number">${this.nameOf(series)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${model.columns
          .filter(({ totals }) => totals.records > 0)
          .map(
            (column) =>
              html`<tr>
                <th scope="row">${format.bucket(column.since, model.bucket)}</th>
                <td class="number">${this.#exact(column.totals)}</td>
                ${column.parts.map((part) => html`<td class="number">${part === undefined ? '' : this.#exact(part)}</td>`)}
              </tr>`,
          )}
      </tbody>
    </table>`;
  }

  #point(event: PointerEvent, plot: Plot): void {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const x = event.clientX - box.left - plot.left;
    const column = Math.min(this.model.columns.length - 1, Math.max(0, Math.floor(x / plot.x.step())));
    const chosen = this.model.columns[column];
    if (chosen === undefined || x < -8) return;
    const value = plot.y.invert(event.clientY - box.top - TOP);
    let series: number | undefined;
    let base = 0;
    for (const { index } of this.kind === 'bars' ? this.#shown() : []) {
      const part = chosen.parts[index];
      const top = base + (part === undefined ? 0 : size(part, this.model.measure));
      if (value >= base && value < top) series = index;
      base = top;
    }
    if (this.active?.column !== column || this.active.series !== series) this.active = { column, series, byKey: false };
  }

  #key(event: KeyboardEvent): void {
    const last = this.model.columns.length - 1;
    const column = this.active?.column;
    const series = this.active?.series;
    const go = (next: number): void => {
      this.active = { column: Math.min(last, Math.max(0, next)), series, byKey: true };
    };
    switch (event.key) {
      case 'ArrowLeft':
        go(column === undefined ? this.#today(last) : column - 1);
        break;
      case 'ArrowRight':
        go(column === undefined ? last : column + 1);
        break;
      case 'Home':
        go(0);
        break;
      case 'End':
        go(last);
        break;
      case 'ArrowUp':
      case 'ArrowDown':
        if (column === undefined) return;
        this.active = { column, series: this.#neighbour(column, series, event.key === 'ArrowUp'), byKey: true };
        break;
      case 'Enter':
        this.#pick();
        break;
      case 'Escape':
        this.active = undefined;
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  /** The last column that has begun: a month's others have nothing to say yet. */
  #today(last: number): number {
    const begun = this.model.columns.findLastIndex(({ since }) => since <= this.now);
    return begun < 0 ? last : begun;
  }

  /** The next series that the column has, upwards or downwards; none beyond either end. */
  #neighbour(column: number, series: number | undefined, up: boolean): number | undefined {
    const present = this.#shown()
      .map(({ index }) => index)
      .filter((index) => this.model.columns[column]?.parts[index] !== undefined);
    if (series === undefined) return up ? present[0] : present.at(-1);
    return present[present.indexOf(series) + (up ? 1 : -1)];
  }

  #pick(): void {
    if (this.active === undefined) return;
    const column = this.model.columns[this.active.column];
    const series = this.active.series === undefined ? undefined : this.model.series[this.active.series];
    const detail: ChartPick | undefined =
      series !== undefined && series.rest === undefined ? { series } : column === undefined ? undefined : { column };
    if (detail !== undefined) this.dispatchEvent(new CustomEvent<ChartPick>('pick', { detail }));
  }
}
customElements.define('spend-chart', SpendChart);

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

function center(plot: Plot, index: number): number {
  return (plot.x(index) ?? 0) + plot.x.bandwidth() / 2;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Whether a bar is shorter than what was spent. */
function isPartial({ unpriced, unconvertedNanos }: Totals): boolean {
  return unpriced > 0 || unconvertedNanos !== undefined;
}

function partialNote({ unpriced, unconvertedNanos }: Totals): string {
  const unconverted = unconvertedNanos === undefined ? [] : ['days without a rate'];
  return `has ${[...(unpriced > 0 ? ['unpriced calls'] : []), ...unconverted].join(' and ')}`;
}
