import { html, nothing, svg } from 'lit';
import type { PropertyValues, TemplateResult } from 'lit';
import type { TimeSpan } from '../../src/usage/time/period.ts';
import type { Calendar, Measure } from '../../src/usage/query.ts';
import type { Format } from '../model/format.ts';
import type { Day } from '../model/glance.ts';
import { heatWeeks } from '../model/heat.ts';
import type { HeatCell, HeatWeek } from '../model/heat.ts';
import './figures.ts';
import { LightElement } from './light.ts';
import { t } from '../model/texts.ts';

const LEFT = 30;
const TOP = 16;
const GAP = 2;
const MOST_WEEKS = 53;
const LEVELS = [0, 1, 2, 3, 4];

/**
 * A heat map of up to a year of days, one square each, as many weeks as fit. Pointer and arrow keys select a day; a click
 * restricts the range to it.
 */
export class SpendHeatmap extends LightElement {
  static override properties = {
    days: { attribute: false },
    end: { attribute: false },
    range: { attribute: false },
    measure: { attribute: false },
    calendar: { attribute: false },
    format: { attribute: false },
    asTable: { attribute: false },
    active: { state: true },
    byKey: { state: true },
    width: { state: true },
  };
  declare days: readonly Day[];
  /** The last day shown, ms since the epoch. */
  declare end: number;
  /** The range of the other figures: days outside are pale. */
  declare range: TimeSpan;
  declare measure: Measure;
  declare calendar: Calendar;
  declare format: Format;
  declare asTable: boolean;
  /** Key of the active day. */
  declare active: string | undefined;
  declare byKey: boolean;
  declare width: number;
  #weeks: readonly HeatWeek[] = [];

  readonly #resize = new ResizeObserver(([entry]) => {
    if (entry !== undefined) this.width = Math.round(entry.contentRect.width);
  });

  constructor() {
    super();
    this.width = 0;
    this.byKey = false;
    this.asTable = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resize.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
  }

  get drawing(): SVGSVGElement | null {
    return this.querySelector('svg.plot');
  }

  get #cellSize(): number {
    return Math.max(11, Math.min(18, Math.floor((this.width - LEFT) / MOST_WEEKS) - GAP));
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!['days', 'end', 'measure', 'calendar', 'width'].some((property) => changed.has(property))) return;
    const fitting = Math.max(4, Math.min(MOST_WEEKS, Math.floor((this.width - LEFT) / (this.#cellSize + GAP))));
    this.#weeks = heatWeeks(this.days, { end: this.end, count: fitting, measure: this.measure }, this.calendar);
  }

  protected override render(): TemplateResult {
    const weeks = this.#weeks;
    const cells = weeks.flatMap(({ days }) => days).filter((cell) => cell !== undefined);
    const active = cells.find(({ key }) => key === this.active);
    return html`
      ${this.asTable || this.width === 0 ? nothing : this.#plot(weeks, cells, active)}
      <spend-figures
        class=${this.asTable ? 'chart-table' : 'figures-beside'}
        role="region"
        aria-label=${t('Figures')}
        tabindex=${this.asTable ? 0 : nothing}
        .of=${weeks}
        .format=${this.format}
        .table=${() => this.#table(cells)}
        .seen=${this.asTable}
      ></spend-figures>
      <div class="visually-hidden" aria-live="polite">
        ${this.byKey && active !== undefined ? this.#sentence(active) : nothing}
      </div>
    `;
  }

  #plot(weeks: readonly HeatWeek[], cells: readonly HeatCell[], active: HeatCell | undefined): TemplateResult {
    const side = this.#cellSize;
    const step = side + GAP;
    return html`
      <div
        class="plot-frame"
        tabindex="0"
        role="application"
        aria-roledescription=${t('calendar heat map')}
        aria-label=${t('Days by {0}. Arrow keys choose a day, Enter shows it alone.', this.measure === 'cost' ? t('cost') : t('tokens'))}
        @keydown=${(event: KeyboardEvent) => this.#key(event, cells)}
        @pointermove=${(event: PointerEvent) => this.#point(event)}
        @pointerleave=${() => (this.active = undefined)}
        @blur=${() => (this.active = undefined)}
        @click=${() => this.#pick(active)}
      >
        <svg class="plot heat" width=${this.width} height=${TOP + 7 * step + 2} aria-hidden="true">
          ${weeks.map((week, column) =>
            week.startsMonth && column < weeks.length - 1
              ? svg`<text class="tick" x=${LEFT + column * step} y="10">${this.format.month(week.since + 6 * 86_400_000)}</text>`
              : nothing,
          )}
          ${[0, 2, 4].map((row) => {
            const day = weeks.at(-2)?.days[row];
            return day === undefined
              ? nothing
              : svg`<text class="tick" x="0" y=${TOP + row * step + side - 2}>${this.format.weekday(day.since)}</text>`;
          })}
          ${weeks.map((week, column) =>
            week.days.map((cell, row) =>
              cell === undefined
                ? nothing
                : svg`<rect class="heat-${cell.level} ${cell === active ? 'chosen' : ''} ${this.#isOutside(cell) ? 'outside' : ''}" data-day=${cell.key}
                    x=${LEFT + column * step} y=${TOP + row * step} width=${side} height=${side} rx="2" />`,
            ),
          )}
        </svg>
        ${active === undefined ? nothing : this.#tooltip(active, weeks, step)}
      </div>
      <div class="heat-legend" aria-hidden="true">
        ${cells.some((cell) => this.#isOutside(cell)) ? html`<span class="heat-note">${t('Days outside the range are dimmed.')}</span>` : nothing}
        ${t('Less')}
        ${LEVELS.map(
          (level) =>
            html`<svg width=${side} height=${side}>
              <rect class="heat-${level}" width=${side} height=${side} rx="2" />
            </svg>`,
        )}
        ${t('More')}
      </div>
    `;
  }

  #isOutside({ since }: HeatCell): boolean {
    return since < this.range.since || since >= this.range.until;
  }

  #tooltip(cell: HeatCell, weeks: readonly HeatWeek[], step: number): TemplateResult {
    const column = weeks.findIndex(({ days }) => days.includes(cell));
    const x = LEFT + column * step;
    const place =
      x > this.width / 2 ? `right: ${this.width - x + 6}px; top: ${TOP}px` : `left: ${x + step + 4}px; top: ${TOP}px`;
    return html`<div class="tooltip" .style=${place} aria-hidden="true">
      <div class="tooltip-title">${this.format.bucket(cell.since, 'day')}</div>
      ${
        cell.totals === undefined
          ? t('Nothing recorded')
          : html`<div class="figures">
              <span class="name">${t('Cost')}</span><span class="number">${this.format.costExact(cell.totals)}</span>
              <span class="name">${t('Tokens')}</span
              ><span class="number">${this.format.count(cell.totals.totalTokens)}</span>
              <span class="name">${t('Calls')}</span
              ><span class="number">${this.format.count(cell.totals.records)}</span>
            </div>`
      }
    </div>`;
  }

  #sentence({ since, totals }: HeatCell): string {
    const day = this.format.bucket(since, 'day');
    if (totals === undefined) return t('{0}: nothing', day);
    return t('{0}: {1}, {2} tokens', day, this.format.costExact(totals), this.format.count(totals.totalTokens));
  }

  #table(cells: readonly HeatCell[]): TemplateResult {
    return html`<table class="data">
      <caption class="visually-hidden">
        ${t('Cost and tokens by day')}
      </caption>
      <thead>
        <tr>
          <th scope="col">${t('Day')}</th>
          <th scope="col" class="number">${t('Cost')}</th>
          <th scope="col" class="number">${t('Tokens')}</th>
          <th scope="col" class="number">${t('Calls')}</th>
        </tr>
      </thead>
      <tbody>
        ${cells.flatMap(({ since, totals }) =>
          totals === undefined
            ? []
            : html`<tr>
                <th scope="row">${this.format.bucket(since, 'day')}</th>
                <td class="number">${this.format.costExact(totals)}</td>
                <td class="number">${this.format.count(totals.totalTokens)}</td>
                <td class="number">${this.format.count(totals.records)}</td>
              </tr>`,
        )}
      </tbody>
    </table>`;
  }

  #point(event: PointerEvent): void {
    const day = (event.target as Element).getAttribute('data-day');
    this.byKey = false;
    if (day !== null) this.active = day;
  }

  #key(event: KeyboardEvent, cells: readonly HeatCell[]): void {
    const index = cells.findIndex(({ key }) => key === this.active);
    const steps: Partial<Record<string, number>> = { ArrowLeft: -7, ArrowRight: 7, ArrowUp: -1, ArrowDown: 1 };
    const step = steps[event.key];
    if (step !== undefined) {
      const next = index < 0 ? cells.length - 1 : index + step;
      this.active = cells[Math.min(cells.length - 1, Math.max(0, next))]?.key;
      this.byKey = true;
    } else if (event.key === 'Home') this.active = cells[0]?.key;
    else if (event.key === 'End') this.active = cells.at(-1)?.key;
    else if (event.key === 'Enter') this.#pick(cells[index]);
    else if (event.key === 'Escape') this.active = undefined;
    else return;
    event.preventDefault();
  }

  #pick(cell: HeatCell | undefined): void {
    if (cell !== undefined) this.dispatchEvent(new CustomEvent<HeatCell>('pick', { detail: cell }));
  }
}
customElements.define('spend-heatmap', SpendHeatmap);
