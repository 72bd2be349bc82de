import { html } from 'lit';
import type { TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import type { ViewContext } from '../../context.ts';
import { toggled } from '../../model/columnChoice.ts';
import { t } from '../../model/texts.ts';
import { RECORD_COLUMNS } from './columns.ts';
import { shownColumns } from './headings.ts';

/** The columns that the list can have. Their order here never changes, so that the one with the focus stays in its place. */
export function columnPicker({ choices, choose }: ViewContext): TemplateResult {
  const shown = shownColumns(choices.columns);
  const keys = new Set(shown.map(({ key }) => key));
  return html`<div class="column-picker" role="group" aria-label=${t('Columns')}>
    ${RECORD_COLUMNS.map(
      ({ key, label }) =>
        html`<label class="column-choice"
          ><input
            type="checkbox"
            data-column=${key}
            .checked=${live(keys.has(key))}
            @change=${() => choose({ columns: toggled(shown, key) })}
          />${label()}</label
        >`,
    )}
    <button type="button" class="link" @click=${() => choose({ columns: [] })}>${t('Reset')}</button>
    <p class="column-hint">
      ${t('Drag a heading to move its column, and its right edge to size it. With the keyboard: Shift with an arrow moves, + and - size, 0 resets.')}
    </p>
  </div>`;
}
