import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { Totals } from '../../../src/usage/query.ts';
import { plain } from '../../../src/usage/text.ts';
import type { BudgetLine } from '../../model/budgetLines.ts';
import type { ChartColumn } from '../../model/series.ts';
import { bucketNames } from '../../model/names.ts';
import { sum } from '../../model/totals.ts';
import { swatch } from '../swatch.ts';
import { center, shownSeries, TOP } from './layout.ts';
import type { ChartView, Plot } from './layout.ts';
import { t } from '../../model/texts.ts';

export function tooltipTemplate(chart: ChartView, column: ChartColumn, plot: Plot): TemplateResult {
  const index = chart.active?.column ?? 0;
  const x = plot.left + center(plot, index);
  const onLeft = x > chart.width / 2;
  const narrow = chart.width < 480;
  const place = narrow
    ? `inset-inline: 0; top: ${TOP + plot.height + 6}px`
    : onLeft
      ? `right: ${chart.width - x + plot.x.step() / 2 + 6}px; top: 0`
      : `left: ${x + plot.x.step() / 2 + 6}px; top: 0`;
  return html`<div class="tooltip" .style=${place} aria-hidden="true">${columnTemplate(chart, column, index)}</div>`;
}

function columnTemplate(chart: ChartView, column: ChartColumn, index: number): TemplateResult {
  const { model, format } = chart;
  const shown = shownSeries(chart).filter(({ index: position }) => column.parts[position] !== undefined);
  return html`
    <div class="tooltip-title">${format.bucket(column.since, model.bucket)}</div>
    <div class="figures">
      ${shown.map(({ series, index: position }) => {
        const part = column.parts[position];
        const chosen = chart.active?.series === position ? 'active' : '';
        return html`<span class="name ${chosen}"
            >${swatch(series.slot)}<span class="value-name">${chart.nameOf(series)}</span></span
          >
          <span class="number ${chosen}">${part === undefined ? '' : figureTemplate(chart, part)}</span>`;
      })}
      <span class="name total">${column.totals.records === 0 ? t('Nothing recorded') : t('Total')}</span>
      <span class="number total">${column.totals.records === 0 ? '' : figureTemplate(chart, column.totals)}</span>
      ${
        chart.kind === 'cumulative'
          ? html`<span class="name">${t('Cumulative')}</span>
              <span class="number"
                >${figureTemplate(chart, sum(model.columns.slice(0, index + 1).map(({ totals }) => totals)))}</span
              >`
          : nothing
      }
      ${beforeTemplate(chart, index)}
    </div>
  `;
}

/** The name of the period compared with: its dates, if the user chose them. */
export function comparedName({ model, format }: Pick<ChartView, 'model' | 'format'>): string {
  const dates = model.before?.dates;
  return dates === undefined ? t('Period before') : format.dayRange(dates.since, dates.until);
}

/** The figure of the same column in the period compared with, or its sum up to there. */
function beforeTemplate(chart: ChartView, index: number): TemplateResult | typeof nothing {
  const { model, kind, format } = chart;
  const columns = model.before?.columns ?? [];
  const column = columns[index];
  if (column === undefined) return nothing;
  const totals = kind === 'cumulative' ? sum(columns.slice(0, index + 1)) : column;
  const figure = model.measure === 'tokens' ? format.count(totals.totalTokens) : format.cost(totals);
  return html`<span class="name">${comparedName(chart)}</span><span class="number">${figure}</span>`;
}

/** The period compared with, with its total where the user chose its dates. */
function comparedNote(chart: ChartView): string {
  const { before, measure } = chart.model;
  if (before?.dates === undefined) return comparedName(chart);
  const { totals } = before;
  const total = measure === 'tokens' ? chart.format.count(totals.totalTokens) : chart.format.cost(totals);
  const note = `${comparedName(chart)}: ${total}`;
  return before.isCut ? `${note} (${t('its first {0} columns are drawn', before.columns.length)})` : note;
}

function figureTemplate(chart: ChartView, totals: ChartColumn['totals']): unknown {
  if (chart.model.measure === 'tokens') return chart.format.count(totals.totalTokens);
  return chart.format.costParts(totals).map((part) => html`<span class="nowrap">${part}</span> `);
}

function exactText(chart: ChartView, totals: ChartColumn['totals']): string {
  if (chart.model.measure === 'tokens') return chart.format.count(totals.totalTokens);
  return chart.format.costExact(totals);
}

/** Describes the active column for screen readers. */
export function columnSentence(chart: ChartView, column: ChartColumn | undefined): string {
  if (column === undefined) return '';
  const title = chart.format.bucket(column.since, chart.model.bucket);
  const parts = shownSeries(chart).flatMap(({ series, index }) => {
    const part = column.parts[index];
    return part === undefined ? [] : [`${chart.nameOf(series)} ${exactText(chart, part)}`];
  });
  const text = column.totals.records === 0 ? t('nothing') : `${exactText(chart, column.totals)}. ${parts.join(', ')}`;
  const before = chart.model.before?.columns[chart.model.columns.indexOf(column)];
  return `${title}: ${text}${before === undefined ? '' : `. ${comparedName(chart)}: ${exactText(chart, before)}`}`;
}

/** Describes the whole chart for screen readers. */
export function chartSummary(chart: ChartView): string {
  const { model } = chart;
  const what = `${model.measure === 'cost' ? t('Cost over time') : t('Tokens over time')}, ${bucketNames()[model.bucket]}`;
  const title = chart.kind === 'bars' ? what : `${what}, ${t('Cumulative')}`;
  const total = t('{0} in {1} columns', exactText(chart, model.totals), model.columns.length);
  const keys = t(
    'Left and right choose a column, up and down a series, Enter filters, Shift with left and right selects columns to zoom to.',
  );
  const budgets = chart.budgets.map((line) => `${budgetLineText(chart, line)}. `);
  return `${title}: ${total}. ${budgets.join('')}${keys}`;
}

/** `Budget site: $20.00`. */
export function budgetLineText({ format }: ChartView, { name, size }: BudgetLine): string {
  return t('Budget {0}: {1}', plain(name, { max: 40 }), format.money(BigInt(Math.round(size * 1e9))));
}

export function legendTemplate(chart: ChartView, toggle: (id: string) => void): TemplateResult | typeof nothing {
  const { model } = chart;
  if (model.series.length === 0) return nothing;
  return html`<div class="legend" role="group" aria-label=${t('Series')}>
    ${model.series.map((series) => {
      const shown = !chart.hiddenSeries.has(series.id);
      return html`<button
        type="button"
        class="legend-item"
        aria-pressed=${shown}
        title=${`${chart.nameOf(series)}: ${exactText(chart, series.totals)}`}
        @click=${() => toggle(series.id)}
      >
        ${swatch(series.slot)}<span class="value-name">${chart.nameOf(series)}</span>
      </button>`;
    })}
    ${
      chart.kind === 'bars' && model.measure === 'cost' && isPartial(model.totals)
        ? html`<span class="legend-note">${partialNote(model.totals)}</span>`
        : nothing
    }
    ${model.before === undefined ? nothing : html`<span class="legend-note before-note">${comparedNote(chart)}</span>`}
  </div>`;
}

/** The figures as a table: next to the chart for screen readers, or in its place on request. */
export function tableTemplate(chart: ChartView): TemplateResult {
  const { model, format } = chart;
  return html`<table class="data">
    <caption class="visually-hidden">
      ${model.measure === 'cost' ? t('Cost over time') : t('Tokens over time')}
    </caption>
    <thead>
      <tr>
        <th scope="col">${bucketNames()[model.bucket]}</th>
        <th scope="col" class="number">${t('Total')}</th>
        ${model.before === undefined ? nothing : html`<th scope="col" class="number">${comparedName(chart)}</th>`}
        ${model.series.map((series) => html`<th scope="col" class="number">${chart.nameOf(series)}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${model.columns
        .map((column, index) => ({ column, before: model.before?.columns[index] }))
        .filter(({ column, before }) => column.totals.records > 0 || (before !== undefined && before.records > 0))
        .map(
          ({ column, before }) =>
            html`<tr>
              <th scope="row">${format.bucket(column.since, model.bucket)}</th>
              <td class="number">${exactText(chart, column.totals)}</td>
              ${
                model.before === undefined
                  ? nothing
                  : html`<td class="number">${before === undefined ? '' : exactText(chart, before)}</td>`
              }
              ${column.parts.map((part) => html`<td class="number">${part === undefined ? '' : exactText(chart, part)}</td>`)}
            </tr>`,
        )}
    </tbody>
  </table>`;
}

/** Whether a bar is shorter than the actual spend, because part of it is unknown or not converted. */
export function isPartial({ unpriced, unconvertedNanos }: Totals): boolean {
  return unpriced > 0 || unconvertedNanos !== undefined;
}

function partialNote({ unpriced, unconvertedNanos }: Totals): string {
  if (unconvertedNanos === undefined) return t('has unpriced calls');
  return unpriced > 0 ? t('has unpriced calls and days without a rate') : t('has days without a rate');
}
