import { html } from 'lit';
import type { TemplateResult } from 'lit';
import type { VscodeTextfield } from '@vscode-elements/elements/dist/vscode-textfield/vscode-textfield.js';
import type { DateSpan } from '../../src/protocol/choices.ts';
import { t } from '../model/texts.ts';

// The component's input has square corners: padding keeps them off its round frame.
const FIELD_START = html`<span slot="content-before" class="field-air"></span>`;
export const FIELD_END = html`<span slot="content-after" class="field-air"></span>`;

/** Two dates, both included. If they are in the wrong order, the one that was not edited follows the other. */
export function dateFields({ from, to }: DateSpan, choose: (span: DateSpan) => void): TemplateResult {
  const field = (label: string, value: string, change: (date: string) => DateSpan): TemplateResult =>
    html`<vscode-textfield
      class="date"
      type="date"
      .label=${label}
      .value=${value}
      max="9999-12-31"
      @change=${(event: Event) => {
        const date = (event.target as VscodeTextfield).value;
        if (date !== '') choose(change(date));
      }}
      >${FIELD_START}${FIELD_END}</vscode-textfield
    >`;
  return html`${field(t('From'), from, (date) => ({ from: date, to: date <= to ? to : date }))}
    <span class="until">${t('to')}</span>
    ${field(t('To'), to, (date) => ({ from: from <= date ? from : date, to: date }))}`;
}
