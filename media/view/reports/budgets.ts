import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { BudgetRow } from '../../../src/protocol/budgetRow.ts';
import { plain } from '../../../src/usage/text.ts';
import type { ViewContext } from '../../context.ts';
import { iconButton } from '../controls.ts';
import { t } from '../../model/texts.ts';

/** A bar never shows more than this percentage: the rest of the page would not be readable beside it. */
const MOST_PERCENT = 200;
const ICONS = { below: 'pass', reached: 'warning', over: 'error' } as const;

/** The budgets section: the amounts of each budget, and a bar of its spent, expected and remaining amounts. */
export function budgetsTemplate({ snapshot, choose, act }: ViewContext): TemplateResult | typeof nothing {
  if (snapshot.budgets.length === 0) return nothing;
  return html`<section class="budgets" aria-labelledby="budgets-title">
    <header class="section-header">
      <h2 id="budgets-title">${t('Budgets')}</h2>
      <div class="controls">${iconButton('gear', t('Budgets…'), () => act({ verb: 'budgets' }))}</div>
    </header>
    <ul class="budget-list">
      ${snapshot.budgets.map(
        (row) =>
          html`<li class="budget ${row.state}">
            <button
              type="button"
              class="budget-button"
              title=${t('Show in the chart')}
              @click=${() => choose({ ...row.choices, chart: 'cumulative', measure: 'cost' })}
            >
              <span class="visually-hidden">${plain(row.label)}</span>
              <span class="budget-name" aria-hidden="true"
                ><span class="codicon codicon-${ICONS[row.state]}"></span>${plain(row.name)}</span
              >
              <span class="budget-amounts" aria-hidden="true">${plain(row.amounts)}</span>
              ${barTemplate(row)}
            </button>
            <dl class="budget-figures">
              ${row.figures.map(
                ({ name, value }) =>
                  html`<div>
                    <dt>${plain(name)}</dt>
                    <dd>${plain(value)}</dd>
                  </div>`,
              )}
            </dl>
          </li>`,
      )}
    </ul>
  </section>`;
}

function barTemplate({ percent, expected }: BudgetRow): TemplateResult {
  const whole = Math.min(MOST_PERCENT, Math.max(100, percent, expected?.[1] ?? 0));
  const part = (from: number, to: number): string => {
    const [start, end] = [Math.min(from, whole), Math.min(to, whole)];
    return `inset-inline-start: ${(start / whole) * 100}%; width: ${((end - start) / whole) * 100}%`;
  };
  return html`<span class="budget-bar" aria-hidden="true">
    ${
      expected === undefined || expected[1] <= percent
        ? nothing
        : html`<span class="budget-expected" .style=${part(percent, expected[1])}></span>`
    }
    <span class="budget-spent" .style=${part(0, percent)}></span>
    ${whole > 100 ? html`<span class="budget-limit" .style=${part(100, 100)}></span>` : nothing}
  </span>`;
}
