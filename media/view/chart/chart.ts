import { html, nothing } from 'lit';
import type { PropertyValues, TemplateResult } from 'lit';
import type { ChartKind } from '../../../src/protocol/choices.ts';
import type { BudgetLine } from '../../model/budgetLines.ts';
import type { Format } from '../../model/format.ts';
import type { ChartModel, ChartColumn, Series } from '../../model/series.ts';
import { measured } from '../../model/totals.ts';
import '../figures.ts';
import { LightElement, never } from '../light.ts';
import { drawingTemplate } from './drawing.ts';
import { chartSummary, columnSentence, legendTemplate, tableTemplate, tooltipTemplate } from './figures.ts';
import { layOut, shownSeries, TOP } from './layout.ts';
import type { TimeSpan } from '../../../src/usage/time/period.ts';
import type { ActiveColumn, Plot } from './layout.ts';
import { t } from '../../model/texts.ts';

/** The lines are a new list at each rendering. */
const differ = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);

/** The target of a click or Enter: one series, or the span of one column. */
export type ChartPick = { series: Series } | { column: ChartColumn };

/** Bars or a cumulative line over time. Pointer and keyboard select a column and show its exact figures. */
export class SpendChart extends LightElement {
  static override properties = {
    model: { attribute: false },
    kind: { attribute: false },
    format: { attribute: false },
    nameOf: { attribute: false, hasChanged: never },
    now: { attribute: false },
    budgets: { attribute: false, hasChanged: differ },
    asTable: { attribute: false },
    hiddenSeries: { state: true },
    active: { state: true },
    dragged: { state: true },
    width: { state: true },
  };
  declare model: ChartModel;
  declare kind: Exclude<ChartKind, 'calendar'>;
  declare format: Format;
  declare nameOf: (series: Series) => string;
  declare now: number;
  declare budgets: readonly BudgetLine[];
  declare asTable: boolean;
  declare hiddenSeries: ReadonlySet<string>;
  declare active: ActiveColumn | undefined;
  /** The columns that the pointer is dragged over, from where it began. */
  declare dragged: { from: number; to: number } | undefined;
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
    this.budgets = [];
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
    // The observer would report the width only after the first layout, which would then have to be repeated.
    if (this.width === 0) this.width = Math.round(this.clientWidth);
    if (changed.has('model') && this.active !== undefined) {
      // Keeps the same moment selected when new records shift the columns.
      const before = changed.get('model') as ChartModel | undefined;
      const key = before?.columns[this.active.column]?.key;
      const column = this.model.columns.findIndex((candidate) => candidate.key === key);
      this.active = column < 0 ? undefined : { ...this.active, column };
    }
  }

  /** The SVG alone, for saving it as an image. */
  get drawing(): SVGSVGElement | null {
    return this.querySelector('svg.plot');
  }

  protected override render(): TemplateResult {
    const { model } = this;
    return html`
      ${this.asTable ? nothing : this.#plot()} ${legendTemplate(this, (id) => this.#toggle(id))}
      <spend-figures
        class=${this.asTable ? 'chart-table' : 'figures-beside'}
        role="region"
        aria-label=${t('Figures')}
        tabindex=${this.asTable ? 0 : nothing}
        .of=${model}
        .format=${this.format}
        .table=${() => tableTemplate(this)}
        .seen=${this.asTable}
      ></spend-figures>
      <div class="visually-hidden" aria-live="polite">
        ${this.active?.byKey ? columnSentence(this, model.columns[this.active.column]) : nothing}
      </div>
    `;
  }

  #plot(): TemplateResult {
    if (this.width === 0) return html`<div class="plot-space"></div>`;
    const plot = layOut(this);
    const active = this.active === undefined ? undefined : this.model.columns[this.active.column];
    return html`
      <div
        class="plot-frame"
        tabindex="0"
        role="application"
        aria-roledescription=${t('chart')}
        aria-label=${chartSummary(this)}
        @keydown=${(event: KeyboardEvent) => this.#key(event)}
        @pointermove=${(event: PointerEvent) => this.#point(event, plot)}
        @pointerdown=${(event: PointerEvent) => this.#startDrag(event)}
        @pointerup=${() => this.#endDrag()}
        @pointercancel=${() => (this.dragged = undefined)}
        @pointerleave=${() => (this.active = undefined)}
        @blur=${() => (this.active = undefined)}
      >
        ${drawingTemplate(this, plot)} ${active === undefined ? nothing : tooltipTemplate(this, active, plot)}
      </div>
    `;
  }

  #toggle(id: string): void {
    const hidden = new Set(this.hiddenSeries);
    if (!hidden.delete(id)) hidden.add(id);
    this.hiddenSeries = hidden;
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
    for (const { index } of this.kind === 'bars' ? shownSeries(this) : []) {
      const part = chosen.parts[index];
      const top = base + (part === undefined ? 0 : measured(part, this.model.measure));
      if (value >= base && value < top) series = index;
      base = top;
    }
    if (this.active?.column !== column || this.active.series !== series) this.active = { column, series, byKey: false };
    if (this.dragged !== undefined && this.dragged.to !== column) this.dragged = { ...this.dragged, to: column };
  }

  #startDrag(event: PointerEvent): void {
    const column = this.active?.column;
    if (event.button !== 0 || column === undefined) return;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    this.dragged = { from: column, to: column };
  }

  /** A drag over several columns zooms to them; a click picks one. */
  #endDrag(): void {
    const dragged = this.dragged;
    this.dragged = undefined;
    if (dragged === undefined || dragged.from === dragged.to) this.#pick();
    else this.#zoom(dragged);
  }

  #zoom({ from, to }: { from: number; to: number }): void {
    const since = this.model.columns[Math.min(from, to)]?.since;
    const until = this.model.columns[Math.max(from, to)]?.until;
    if (since === undefined || until === undefined) return;
    this.dispatchEvent(new CustomEvent<TimeSpan>('zoom', { detail: { since, until } }));
  }

  #key(event: KeyboardEvent): void {
    const last = this.model.columns.length - 1;
    const column = this.active?.column;
    const series = this.active?.series;
    const go = (next: number): void => {
      const to = Math.min(last, Math.max(0, next));
      this.active = { column: to, series, byKey: true };
      this.dragged = event.shiftKey ? { from: this.dragged?.from ?? column ?? to, to } : undefined;
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
        this.#endDrag();
        break;
      case 'Escape':
        this.active = undefined;
        this.dragged = undefined;
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  /** The last column that has begun: later columns of a month are still empty. */
  #today(last: number): number {
    const begun = this.model.columns.findLastIndex(({ since }) => since <= this.now);
    return begun < 0 ? last : begun;
  }

  /** The next series above or below with a value in the column; undefined beyond either end. */
  #neighbour(column: number, series: number | undefined, up: boolean): number | undefined {
    const present = shownSeries(this)
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
