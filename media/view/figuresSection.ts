import { html } from 'lit';
import type { TemplateResult } from 'lit';
import type { ViewContext } from '../context.ts';
import { BEFORE_NAMES } from '../model/names.ts';
import { breakdownTemplate } from './breakdownSection.ts';
import { crumbsTemplate, rangeName } from './crumbs.ts';
import { coverageTemplate } from './reports/coverage.ts';
import { glanceTemplate } from './glance.ts';
import { budgetsTemplate } from './reports/budgets.ts';
import { overTimeTemplate } from './overTime.ts';
import { recordsTemplate } from './records/section.ts';
import './noMatch.ts';
import { t } from '../model/texts.ts';

/** Everything below the filters, or the reason why there is nothing to show. */
export function figuresTemplate(context: ViewContext): TemplateResult {
  const { shown, format, choose } = context;
  const { range } = shown.choices;
  if (context.ui.coverage) {
    const { ask, act, set } = context;
    return coverageTemplate({ format, ask, act, close: () => set({ coverage: false }) });
  }
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
    ${budgetsTemplate(context)}
    ${
      shown.totals.records === 0
        ? html`<spend-no-match .context=${context} .choices=${shown.choices}></spend-no-match>`
        : html`<div class="columns">${overTimeTemplate(context)} ${breakdownTemplate(context)}</div>
            ${recordsTemplate(context)}`
    }
    <footer class="coverage-link">
      <vscode-button secondary icon="checklist" @click=${() => context.set({ coverage: true })}
        >${t('What is covered?')}</vscode-button
      >
      <vscode-button secondary icon="dashboard" @click=${() => context.act({ verb: 'budgets' })}
        >${t('Budgets…')}</vscode-button
      >
    </footer>
  `;
}
