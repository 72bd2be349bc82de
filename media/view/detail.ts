import { html } from 'lit';
import type { TemplateResult } from 'lit';
import type { Row } from '../../src/protocol/messages.ts';
import type { Format } from '../model/format.ts';
import { fieldsOf } from '../model/record.ts';

export interface DetailActions {
  close: () => void;
  copy: () => void;
  open: () => void;
  remove: () => void;
}

/** All that is known of one record. */
export function detailTemplate(row: Row, ledgerLabel: string, format: Format, actions: DetailActions): TemplateResult {
  return html`<aside class="detail" aria-label="Record">
    <header class="section-header">
      <h2>Record</h2>
      <vscode-toolbar-container>
        <vscode-toolbar-button
          icon="copy"
          label="Copy as JSON"
          title="Copy as JSON"
          @click=${actions.copy}
        ></vscode-toolbar-button>
        <vscode-toolbar-button
          icon="go-to-file"
          label="Open in the ledger"
          title="Open in the ledger"
          @click=${actions.open}
        ></vscode-toolbar-button>
        <vscode-toolbar-button
          icon="trash"
          label="Remove"
          title="Remove"
          @click=${actions.remove}
        ></vscode-toolbar-button>
        <vscode-toolbar-button icon="close" label="Close" title="Close" @click=${actions.close}></vscode-toolbar-button>
      </vscode-toolbar-container>
    </header>
    <dl>
      ${fieldsOf(row, ledgerLabel, format).map(
        ({ name, value }) =>
          html`<div>
            <dt>${name}</dt>
            <dd dir="auto">${value}</dd>
          </div>`,
      )}
    </dl>
  </aside>`;
}
