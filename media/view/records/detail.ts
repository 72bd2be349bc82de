import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { RecordRow } from '../../../src/protocol/messages.ts';
import type { Format } from '../../model/format.ts';
import { recordFields } from '../../model/record.ts';
import { iconButton } from '../controls.ts';
import { t } from '../../model/texts.ts';

export interface DetailActions {
  close: () => void;
  copy: () => void;
  open: () => void;
  edit: () => void;
  /** Absent: the record has a cost. */
  setPrice: (() => void) | undefined;
  remove: () => void;
}

/** All fields of one record. */
export function detailTemplate(
  row: RecordRow,
  ledgerLabel: string,
  format: Format,
  actions: DetailActions,
): TemplateResult {
  return html`<aside class="detail" aria-label=${t('Record')}>
    <header class="section-header">
      <h2>${t('Record')}</h2>
      <vscode-toolbar-container>
        ${iconButton('copy', t('Copy as JSON'), actions.copy)} ${iconButton('edit', t('Edit'), actions.edit)}
        ${iconButton('go-to-file', t('Open in the ledger'), actions.open)}
        ${iconButton('trash', t('Remove'), actions.remove)} ${iconButton('close', t('Close'), actions.close)}
      </vscode-toolbar-container>
    </header>
    ${
      actions.setPrice === undefined
        ? nothing
        : html`<p class="detail-unpriced">
            ${t('Price unknown. Not included in totals.')}
            <vscode-button icon="tag" @click=${actions.setPrice}>${t('Set Price…')}</vscode-button>
          </p>`
    }
    <dl data-vscode-context='{"preventDefaultContextMenuItems":false}'>
      ${recordFields(row, ledgerLabel, format).map(
        ({ name, value }) =>
          html`<div>
            <dt>${name}</dt>
            <dd dir="auto">${value}</dd>
          </div>`,
      )}
    </dl>
  </aside>`;
}
