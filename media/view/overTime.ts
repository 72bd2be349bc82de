import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import type { ChartKind } from '../../src/protocol/choices.ts';
import type { ViewContext } from '../context.ts';
import type { TimeSpan } from '../../src/usage/time/period.ts';
import type { HeatCell } from '../model/heat.ts';
import { budgetLines } from '../model/budgetLines.ts';
import { choiceOfSpan } from '../model/range.ts';
import { bucketNames } from '../model/names.ts';
import type { Series } from '../model/series.ts';
import type { ChartPick } from './chart/chart.ts';
import { compareRow } from './chart/compareRow.ts';
import { imageOf } from './image.ts';
import { dimensionsBut, iconButton, iconToggle, select } from './controls.ts';
import { t } from '../model/texts.ts';

const KINDS: Record<ChartKind, { icon: string; label: () => string }> = {
  bars: { icon: 'graph', label: () => t('Bars over time') },
  cumulative: { icon: 'graph-line', label: () => t('Cumulative') },
  calendar: { icon: 'calendar', label: () => t('Calendar') },
};

/** The chart and its controls. */
export function overTimeTemplate(context: ViewContext): TemplateResult {
  const { choices, shown } = context;
  const { measure, chart } = choices;
  return html`<section class="chart-section" aria-label=${t('Over time')}>
    <header class="section-header">
      <h2>${measure === 'cost' ? t('Cost over time') : t('Tokens over time')}</h2>
      <div class="controls">
        ${select({ label: t('Measure') }, measure, { cost: t('Cost'), tokens: t('Tokens') }, (next) => context.choose({ measure: next }))}
        ${
          chart === 'calendar'
            ? nothing
            : html`${select({ label: t('Stacked by') }, choices.stack, dimensionsBut(), (stack) => context.choose({ stack }))}
              ${select(
                { label: t('Bars (now by {0})', bucketNames()[shown.chart.bucket].toLowerCase()) },
                choices.bucket,
                { auto: t('Auto'), ...bucketNames() },
                (bucket) => context.choose({ bucket }),
              )}`
        }
        ${kindsTemplate(context)}
      </div>
    </header>
    ${compareRow(context)} ${chart === 'calendar' ? heatmapTemplate(context) : chartTemplate(context, chart)}
  </section>`;
}

function kindsTemplate(context: ViewContext): TemplateResult {
  const { choices, ui } = context;
  return html`<vscode-toolbar-container>
    ${(Object.keys(KINDS) as ChartKind[]).map((kind) => {
      const { icon, label } = KINDS[kind];
      // `live`, because a pressed toggle button switches itself off.
      return html`<vscode-toolbar-button
        icon=${icon}
        label=${label()}
        title=${label()}
        toggleable
        .checked=${live(kind === choices.chart)}
        @change=${() => context.choose({ chart: kind })}
      ></vscode-toolbar-button>`;
    })}
    ${
      choices.chart === 'calendar'
        ? nothing
        : iconToggle('diff', t('Compare with another period'), choices.compare, () =>
            context.choose({ compare: !choices.compare, compareWith: undefined }),
          )
    }
    ${iconToggle('table', t('As a table'), ui.asTable, () => context.set({ asTable: !ui.asTable }))}
    ${iconButton('save', t('Save as an image'), () => void saveImage(context))}
  </vscode-toolbar-container>`;
}

function chartTemplate(context: ViewContext, kind: Exclude<ChartKind, 'calendar'>): TemplateResult {
  const { shown, format, ui, nameOf, snapshot } = context;
  return html`<spend-chart
    .model=${shown.chart}
    .kind=${kind}
    .format=${format}
    .nameOf=${(series: Series) =>
      series.rest === undefined
        ? nameOf(shown.choices.stack, series.value)
        : t('{0} others', format.count(series.rest))}
    .now=${shown.now}
    .budgets=${budgetLines(snapshot.budgets, shown, snapshot.scope)}
    .asTable=${ui.asTable}
    @pick=${({ detail }: CustomEvent<ChartPick>) => {
      if ('series' in detail) context.filterBy([[shown.choices.stack, detail.series.value]]);
      else context.zoom(choiceOfSpan(detail.column, snapshot.calendar));
    }}
    @zoom=${({ detail }: CustomEvent<TimeSpan>) => context.zoom(choiceOfSpan(detail, snapshot.calendar))}
  ></spend-chart>`;
}

function heatmapTemplate(context: ViewContext): TemplateResult {
  const { shown, format, ui, choices, snapshot } = context;
  return html`<spend-heatmap
    .days=${shown.days}
    .end=${Math.min(shown.span.until - 1, shown.now)}
    .measure=${choices.measure}
    .calendar=${snapshot.calendar}
    .format=${format}
    .asTable=${ui.asTable}
    .range=${shown.span}
    @pick=${({ detail }: CustomEvent<HeatCell>) => context.zoom(choiceOfSpan(detail, snapshot.calendar))}
  ></spend-heatmap>`;
}

async function saveImage(context: ViewContext): Promise<void> {
  const drawing = document.querySelector<SVGSVGElement>('svg.plot');
  if (drawing === null) {
    context.notify(t('Switch from the table to the chart to save an image.'));
    return;
  }
  const { shown, format, choices } = context;
  const what =
    choices.measure === 'cost' ? format.cost(shown.totals) : t('{0} tokens', format.count(shown.totals.totalTokens));
  const title =
    choices.chart === 'calendar'
      ? choices.measure === 'cost'
        ? t('Cost by day')
        : t('Tokens by day')
      : `${format.dayRange(shown.span.since, shown.span.until)}: ${what}`;
  const legend = [...document.querySelectorAll('.legend-item[aria-pressed="true"]')].map((item) => ({
    name: item.textContent.trim(),
    colour: getComputedStyle(item.querySelector('.swatch') ?? item).backgroundColor,
  }));
  context.act({ verb: 'saveImage', ...(await imageOf(drawing, title, legend)) });
}
