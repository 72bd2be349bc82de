import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { RangeChoice } from '../../src/protocol/choices.ts';
import { PERIOD_NAMES } from '../../src/usage/time/period.ts';
import type { Calendar } from '../../src/usage/query.ts';
import type { ViewContext } from '../context.ts';
import type { Format } from '../model/format.ts';
import { rangeOfChoice } from '../model/range.ts';
import { t } from '../model/texts.ts';

/** The ranges that were zoomed into, as links back to them. */
export function crumbsTemplate({
  crumbs,
  leaveTo,
  format,
  shown,
  snapshot,
}: ViewContext): TemplateResult | typeof nothing {
  if (crumbs.length === 0) return nothing;
  const name = (range: RangeChoice): string => rangeName(range, format, shown.now, snapshot.calendar);
  return html`<nav class="crumbs" aria-label=${t('Ranges')}>
    ${crumbs.map(
      (range, index) =>
        html`<button type="button" class="link" @click=${() => leaveTo(index)}>${name(range)}</button>
          <span class="codicon codicon-chevron-right" aria-hidden="true"></span>`,
    )}
    <span aria-current="true">${name(shown.choices.range)}</span>
  </nav>`;
}

/** The display name of a range: `Last 30 days`, `Nov 3 – 9, 2026`. */
export function rangeName(range: RangeChoice, format: Format, now: number, calendar: Calendar): string {
  if (range.kind !== 'dates') return t(PERIOD_NAMES[range.kind]);
  const { since, until } = rangeOfChoice(range, now, calendar);
  return since === undefined || until === undefined ? `${range.from} – ${range.to}` : format.dayRange(since, until);
}
