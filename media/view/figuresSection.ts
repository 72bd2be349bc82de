import { html } from 'lit';
import type { TemplateResult } from 'lit';
import type { ViewContext } from '../context.ts';
import { BEFORE_NAMES } from '../model/names.ts';
import { breakdownTemplate } from './breakdownSection.ts';
import { glanceTemplate } from './glance.ts';
import { overTimeTemplate } from './overTime.ts';
import { recordsTemplate } from './records/section.ts';
import { noMatchTemplate } from './states.ts';
import { PERIOD_NAMES } from '../../src/usage/time/period.ts';

/** Everything below the filters, or the reason why there is nothing to show. */
export function figuresTemplate(context: ViewContext): TemplateResult {
  const { shown, format, choose } = context;
  const { range } = shown.choices;
  return html`
    ${glanceTemplate({
      format,
      title: range.kind === 'dates' ? format.dayRange(shown.span.since, shown.span.until) : PERIOD_NAMES[range.kind],
      updatedAt: context.snapshot.updatedAt,
      totals: shown.totals,
      comparison: shown.comparison,
      beforeName: BEFORE_NAMES[range.kind],
      glance: shown.glance,
      choose: (kind) => choose({ range: { kind } }),
      setPrices: () => context.act({ verb: 'setPrices' }),
    })}
    ${
      shown.totals.records === 0
        ? noMatchTemplate(
            () => choose({ values: {}, search: '' }),
            range.kind === 'all' ? undefined : () => choose({ range: { kind: 'all' } }),
          )
        : html`<div class="columns">${overTimeTemplate(context)} ${breakdownTemplate(context)}</div>
            ${recordsTemplate(context)}`
    }
  `;
}
