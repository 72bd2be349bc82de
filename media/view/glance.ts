import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { ShownCurrency } from '../../src/protocol/messages.ts';
import type { Totals } from '../../src/usage/query.ts';
import type { Comparison } from '../../src/usage/summary.ts';
import type { Format } from '../model/format.ts';
import type { Glance } from '../model/glance.ts';
import { PERIOD_NAMES } from '../../src/usage/time/period.ts';
import { t } from '../model/texts.ts';

export interface GlanceView {
  format: Format;
  /** The name of the range. */
  title: string;
  /** Whether the figures count only calls that match filters. */
  filtered: boolean;
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
  return html`<section class="glance" aria-label=${t('At a glance')}>
    <div class="headline">
      <div class="headline-title">
        <h2>${view.title}</h2>
        ${updatedTemplate(view)}
      </div>
      <div class="headline-cost" title=${format.costExact(totals)}>
        ${costTemplate(totals, format)} ${view.comparison === undefined ? nothing : changeTemplate(view)}
      </div>
      <div class="headline-detail">
        <span title=${format.count(totals.totalTokens)}>${t('{0} tokens', format.compact(totals.totalTokens))}</span>
        ${
          totals.guessedTokens > 0
            ? html`<span title=${t('Tokens that a source estimated: {0}', format.count(totals.guessedTokens))}
                >${t('incl. {0} estimated tokens', format.compact(totals.guessedTokens))}</span
              >`
            : nothing
        }
        <span>${callsText(totals.records, format)}</span>
        ${
          totals.estimated > 0 && (totals.estimatedNanos > 0n || totals.unconvertedNanos === undefined)
            ? html`<span
                title=${t('{0} in {1} calls', format.moneyExact(totals.estimatedNanos), format.count(totals.estimated))}
                >${t('incl. {0} estimated', format.money(totals.estimatedNanos))}</span
              >`
            : nothing
        }
        ${
          totals.unpriced === 0
            ? nothing
            : html`<button type="button" class="link" title=${t('Not included in totals')} @click=${view.setPrices}>
                ${totals.unpriced === 1 ? t('Set prices for 1 unpriced call') : t('Set prices for {0} unpriced calls', format.count(totals.unpriced))}
              </button>`
        }
        ${format.currency === undefined ? nothing : currencyTemplate(format.currency)}
      </div>
    </div>
    <div class="cards" role="group" aria-label=${view.filtered ? t('Periods, filtered') : t('Periods')}>
      ${card(view, 'today')} ${card(view, 'week')} ${card(view, 'month', forecastTemplate(view))} ${card(view, 'all')}
    </div>
  </section>`;
}

/** `1 call`, `1,234 calls`. */
export function callsText(calls: number, format: Format): string {
  return calls === 1 ? t('1 call') : t('{0} calls', format.count(calls));
}

function currencyTemplate({ code, note }: ShownCurrency): TemplateResult {
  return html`<span class="currency-note" title=${note}>${t('in {0}, at your rates', code)}</span>`;
}

function updatedTemplate({ updatedAt, format }: GlanceView): TemplateResult | typeof nothing {
  if (updatedAt === undefined) return nothing;
  return html`<span class="updated" title=${format.timeExact(updatedAt)}
    >${t('Updated {0}', format.ago(updatedAt, Date.now()))}</span
  >`;
}

function card(
  { format, choose, glance, filtered }: GlanceView,
  period: 'today' | 'week' | 'month' | 'all',
  more: TemplateResult | typeof nothing = nothing,
): TemplateResult {
  const totals = glance[period];
  return html`<button type="button" class="card" title=${format.costExact(totals)} @click=${() => choose(period)}>
    <span class="card-label"
      >${t(PERIOD_NAMES[period])}${
        filtered
          ? html` <span
              class="codicon codicon-filter-filled"
              role="img"
              aria-label=${t('filtered')}
              title=${t('filtered')}
            ></span>`
          : nothing
      }</span
    >
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
  const percent = format.percent(Math.abs(change));
  const words = same
    ? t('as much as {0}', beforeName)
    : change > 0
      ? t('{0} more than {1}', percent, beforeName)
      : t('{0} less than {1}', percent, beforeName);
  const partly = comparison?.complete === false ? ` ${t('(excluding unpriced and unconverted calls)')}` : '';
  return html`<span class="change" title=${`${words}${partly}`}>
    <span class="codicon codicon-${icon}" aria-hidden="true"></span
    ><span aria-hidden="true">${same ? '' : percent}</span> <span class="visually-hidden">${words}</span
    ><span class="change-than" aria-hidden="true">${same ? t('as {0}', beforeName) : t('vs {0}', beforeName)}</span>
  </span>`;
}

function forecastTemplate({ glance, format }: GlanceView): TemplateResult | typeof nothing {
  if (glance.forecast === undefined) return nothing;
  const amount = format.money(glance.forecast);
  return html`<span class="card-more" title=${t('Projected for this month: {0}', amount)}>
    <span class="codicon codicon-arrow-right" aria-hidden="true"></span>${t('{0} projected', amount)}
  </span>`;
}
