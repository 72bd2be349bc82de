import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { ViewContext } from '../../context.ts';
import { datesOf, wholeRangeBefore } from '../../model/range.ts';
import { t } from '../../model/texts.ts';
import { select } from '../controls.ts';
import { dateFields } from '../dateFields.ts';

/** The period that the chart also shows: the one before, or any two dates. */
export function compareRow(context: ViewContext): TemplateResult | typeof nothing {
  const { choices, choose, snapshot, shown } = context;
  const { compareWith: dates, range } = choices;
  if (!choices.compare || choices.chart === 'calendar') return nothing;
  const before = wholeRangeBefore(range, shown.now, snapshot.calendar);
  const options = { ...(before && { before: t('Period before') }), dates: t('Custom range…') };
  const start = (): NonNullable<typeof dates> => datesOf(before ?? shown.span, snapshot.calendar);
  return html`<div class="compare-row" role="group" aria-label=${t('Compare with another period')}>
    <span>${t('Compared with')}</span>
    ${select(
      { label: t('Compared with') },
      dates === undefined && before !== undefined ? 'before' : 'dates',
      options,
      (kind) => choose({ compareWith: kind === 'dates' ? start() : undefined }),
    )}
    ${
      dates === undefined && before !== undefined
        ? nothing
        : dateFields(dates ?? start(), (compareWith) => choose({ compareWith }))
    }
  </div>`;
}
