import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { ViewContext } from '../context.ts';
import { BEFORE_NAMES } from '../model/names.ts';
import { breakdownTemplate } from './breakdownSection.ts';
import { crumbsTemplate, rangeName } from './crumbs.ts';
import { glanceTemplate } from './glance.ts';
import { budgetsTemplate } from './reports/budgets.ts';
import { overTimeTemplate } from './overTime.ts';
import { recordsTemplate } from './records/section.ts';
import './noMatch.ts';
import './reports/coverage.ts';
import './reports/money.ts';
import { t } from '../model/texts.ts';

/** Everything below the filters, or the reason why there is nothing to show. */
export function figuresTemplate(context: ViewContext): TemplateResult {
  const { shown, format, choose } = context;
  const { range } = shown.choices;
  if (context.ui.report === 'coverage') return html`<spend-coverage .context=${context}></spend-coverage>`;
  if (context.ui.report === 'compare') return html`<spend-compare .context=${context}></spend-compare>`;
  if (context.ui.report === 'cache') return html`<spend-cache .context=${context}></spend-cache>`;
  return html`
    ${crumbsTemplate(context)}
    ${glanceTemplate({
      format,
      title: rangeName(range, format, shown.now, context.snapshot.calendar),
      filtered: shown.choices.search.trim() !== '' || Object.keys(shown.choices.values).length > 0,
      updatedAt: context.snapshot.updatedAt,
      totals: shown.totals,
      comparison: shown.comparison,
      beforeName: t(BEFORE_NAMES[range.kind]),
      glance: shown.glance,
      choose: (kind) => choose({ range: { kind } }),
      setPrices: () => context.act({ verb: 'setPrices' }),
    })}
    ${pricesTemplate(context)} ${budgetsTemplate(context)}
    ${
      shown.totals.records === 0
        ? html`<spend-no-match .context=${context} .choices=${shown.choices}></spend-no-match>`
        : html`<div class="columns">${overTimeTemplate(context)} ${breakdownTemplate(context)}</div>
            ${recordsTemplate(context)}`
    }
    <footer class="report-links">
      ${reportLink('arrow-swap', t('Compare models…'), () => context.set({ report: 'compare' }))}
      ${reportLink('database', t('Prompt cache…'), () => context.set({ report: 'cache' }))}
      ${reportLink('dashboard', t('Budgets…'), () => context.act({ verb: 'budgets' }))}
      ${reportLink('checklist', t('What is covered?'), () => context.set({ report: 'coverage' }))}
    </footer>
  `;
}

/** Says that the prices are old, if an amount depends on them. */
function pricesTemplate({
  snapshot: { priceDays },
  shown: { totals },
  act,
}: ViewContext): TemplateResult | typeof nothing {
  if (priceDays === undefined || totals.estimated + totals.plan === 0) return nothing;
  return html`<p class="price-age">
    ${t('The prices are {0} days old.', String(priceDays))}
    <button type="button" class="link" @click=${() => act({ verb: 'updatePrices' })}>${t('Download')}</button>
  </p>`;
}

function reportLink(icon: string, label: string, open: () => void): TemplateResult {
  return html`<vscode-button secondary icon=${icon} @click=${open}>${label}</vscode-button>`;
}
