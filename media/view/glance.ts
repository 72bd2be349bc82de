import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { ShownCurrency } from '../../src/protocol/messages.ts';
import type { Totals } from '../../src/usage/query.ts';
import type { Comparison } from '../../src/usage/summary.ts';
import type { Format } from '../model/format.ts';
import type { Glance } from '../model/glance.ts';
import { PERIOD_NAMES } from '../../src/usage/time/period.ts';

export interface GlanceView {
  format: Format;
  /** The name of the range. */
  title: string;
  /** Time of the ledgers' last change, ms since the epoch. */
  updatedAt: number | undefined;
  totals: Totals;
  comparison: Comparison | undefined;
  /** The name of the period compared with. */
  beforeName: string;
  glance: Glance;
  choose: (period: 'today' | 'week' | 'month' | 'all') => void;
  /** Shows the models without a price. */
  setPrices: () => void;
}

/** The key figures: cost in this range, the comparison with the previous one, and the month's forecast. */
export function glanceTemplate(view: GlanceView): TemplateResult {
  const { format, totals } = view;
  return html`<section class="glance" aria-label="At a glance">
    <div class="headline">
      <div class="headline-title">
        <h2>${view.title}</h2>
        ${updatedTemplate(view)}
      </div>
      <div class="headline-cost" title=${format.costExact(totals)}>
        ${costTemplate(totals, format)} ${view.comparison === undefined ? nothing : changeTemplate(view)}
      </div>
      <div class="headline-detail">
        <span title=${format.count(totals.totalTokens)}>${format.compact(totals.totalTokens)} tokens</span>
        <span>${format.count(totals.records)} ${totals.records === 1 ? 'call' : 'calls'}</span>
        ${
          totals.estimated > 0 && (totals.estimatedNanos > 0n || totals.unconvertedNanos === undefined)
            ? html`<span
                title=${`${format.moneyExact(totals.estimatedNanos)} in ${format.count(totals.estimated)} calls`}
                >incl. ${format.money(totals.estimatedNanos)} estimated</span
              >`
            : nothing
        }
        ${
          totals.unpriced === 0
            ? nothing
            : html`<button type="button" class="link" title="Not included in totals" @click=${view.setPrices}>
                Set prices for ${format.count(totals.unpriced)} unpriced ${totals.unpriced === 1 ? 'call' : 'calls'}
              </button>`
        }
        ${format.currency === undefined ? nothing : currencyTemplate(format.currency)}
      </div>
    </div>
    <div class="cards">
      ${card(view, 'today')} ${card(view, 'week')} ${card(view, 'month', forecastTemplate(view))} ${card(view, 'all')}
    </div>
  </section>`;
}

function currencyTemplate({ code, note }: ShownCurrency): TemplateResult {
  return html`<span class="currency-note" title=${note}>in ${code}, at your rates</span>`;
}

function updatedTemplate({ updatedAt, format }: GlanceView): TemplateResult | typeof nothing {
  if (updatedAt === undefined) return nothing;
  return html`<span class="updated" title=${format.timeExact(updatedAt)}
    >Updated ${format.ago(updatedAt, Date.now())}</span
  >`;
}

function card(
  { format, choose, glance }: GlanceView,
  period: 'today' | 'week' | 'month' | 'all',
  more: TemplateResult | typeof nothing = nothing,
): TemplateResult {
  const totals = glance[period];
  return html`<button type="button" class="card" title=${format.costExact(totals)} @click=${() => choose(period)}>
    <span class="card-label">${PERIOD_NAMES[period]}</span>
    <span class="card-cost">${costTemplate(totals, format)}</span>
    ${more}
  </button>`;
}

/** Known and unknown cost as two texts of different weight. */
function costTemplate(totals: Totals, format: Format): TemplateResult {
  const { known, unconverted, plan, unpriced } = format.costTexts(totals);
  const amounts = [known, unconverted, plan].filter((text) => text !== undefined);
  const plus = html`<span class="plus">+</span>`;
  return html`${amounts.map((amount, index) =>
    index === 0
      ? html`<span class="amount">${amount}</span>`
      : html` <span class="nowrap">${plus} <span class="unconverted">${amount}</span></span>`,
  )}${
    unpriced === undefined
      ? nothing
      : amounts.length === 0
        ? html`<span class="unpriced">${unpriced}</span>`
        : html` <span class="nowrap">${plus} <span class="unpriced">${unpriced}</span></span>`
  }`;
}

function changeTemplate({ comparison, beforeName, format }: GlanceView): TemplateResult | typeof nothing {
  const change = comparison?.change;
  if (change === undefined) return nothing;
  const same = Math.abs(change) < 0.005;
  const icon = same ? 'dash' : change > 0 ? 'arrow-up' : 'arrow-down';
  const words = same ? 'as much as' : `${format.percent(Math.abs(change))} ${change > 0 ? 'more' : 'less'} than`;
  const partly = comparison?.complete === false ? ' (excluding unpriced and unconverted calls)' : '';
  return html`<span class="change" title=${`${words} ${beforeName}${partly}`}>
    <span class="codicon codicon-${icon}" aria-hidden="true"></span
    ><span aria-hidden="true">${same ? '' : format.percent(Math.abs(change))}</span>
    <span class="visually-hidden">${words}</span><span class="change-than">${same ? 'as' : 'vs'} ${beforeName}</span>
  </span>`;
}

function forecastTemplate({ glance, format }: GlanceView): TemplateResult | typeof nothing {
  if (glance.forecast === undefined) return nothing;
  const amount = format.money(glance.forecast);
  return html`<span class="card-more" title=${`Projected for this month: ${amount}`}>
    <span class="codicon codicon-arrow-right" aria-hidden="true"></span>${amount} projected
  </span>`;
}
