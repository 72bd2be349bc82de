import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { Choices } from '../../../src/protocol/choices.ts';
import type { RecordRow } from '../../../src/protocol/messages.ts';
import type { ViewContext } from '../../context.ts';
import { filterMessage } from '../../model/questions.ts';
import { recordJson } from '../../model/record.ts';
import { detailTemplate } from './detail.ts';
import { columnPicker } from './columnPicker.ts';
import { iconButton, iconToggle } from '../controls.ts';
import { t } from '../../model/texts.ts';

/** The table of records and its actions, and the details of one record. */
export function recordsTemplate(context: ViewContext): TemplateResult {
  const { ui, format, shown, snapshot } = context;
  return html`<section class="records-section" aria-label=${t('Records')}>
    <header class="section-header">
      <h2>${t('Records')} <span class="count">${format.count(shown.totals.records)}</span></h2>
      <div class="controls">${actionsTemplate(context)}</div>
    </header>
    ${ui.choosingColumns ? columnPicker(context) : nothing}
    <div class="records-body">
      <spend-records
        .filter=${shown.filter}
        .sort=${shown.choices.recordsSort}
        .start=${shown.records}
        .format=${format}
        .ledgers=${snapshot.ledgers}
        .ask=${context.ask}
        .selection=${ui.selection}
        .columns=${context.choices.columns}
        @columns=${({ detail }: CustomEvent<Choices['columns']>) => context.choose({ columns: detail })}
        @sort=${({ detail }: CustomEvent<Choices['recordsSort']>) => context.choose({ recordsSort: detail })}
        @select=${({ detail }: CustomEvent<ReadonlySet<string>>) => context.set({ selection: detail })}
        @detail=${({ detail }: CustomEvent<RecordRow>) => context.set({ detail })}
        @failed=${({ detail }: CustomEvent<string>) => context.notify(detail)}
        @copy-selected=${({ detail }: CustomEvent<RecordRow[]>) => copy(context, detail)}
        @remove-selected=${() => context.remove([...ui.selection])}
      ></spend-records>
      ${ui.detail === undefined ? nothing : recordTemplate(context, ui.detail)}
    </div>
  </section>`;
}

function actionsTemplate(context: ViewContext): TemplateResult {
  const { ui, format, shown } = context;
  const selected = [...ui.selection];
  const exportAs = (kind: 'csv' | 'json'): void => {
    context.act({ verb: 'export', format: kind, filter: filterMessage(shown.filter) });
  };
  return html`
    ${
      selected.length < 2
        ? nothing
        : html`<span class="count">${t('{0} selected', format.count(selected.length))}</span>
            ${iconButton('edit', t('Edit the selected records'), () => context.act({ verb: 'edit', ids: selected }))}
            ${iconButton('trash', t('Remove the selected records'), () => context.remove(selected))}`
    }
    <vscode-toolbar-container>
      ${iconToggle('list-selection', t('Columns'), ui.choosingColumns, () =>
        context.set({ choosingColumns: !ui.choosingColumns }),
      )}
      ${iconButton('discard', t('Undo the last change'), () => context.act({ verb: 'undo' }))}
      <vscode-toolbar-button
        icon="export"
        label=${t('Export as CSV')}
        title=${t('Export the filtered records as {0}', 'CSV')}
        @click=${() => exportAs('csv')}
        ><span class="button-text">CSV</span></vscode-toolbar-button
      >
      <vscode-toolbar-button
        icon="json"
        label=${t('Export as JSON')}
        title=${t('Export the filtered records as {0}', 'JSON')}
        @click=${() => exportAs('json')}
        ><span class="button-text">JSON</span></vscode-toolbar-button
      >
    </vscode-toolbar-container>
  `;
}

function recordTemplate(context: ViewContext, row: RecordRow): TemplateResult {
  const { record, ledger } = row;
  return detailTemplate(row, context.nameOf('ledger', ledger), context.format, {
    close: () => context.set({ detail: undefined }),
    copy: () => context.act({ verb: 'copy', text: recordJson(record) }),
    open: () => context.act({ verb: 'openLedger', path: ledger, usageId: record.usage_id }),
    edit: () => context.act({ verb: 'edit', ids: [record.usage_id] }),
    setPrice: record.cost_known
      ? undefined
      : () => context.act({ verb: 'setPrices', provider: record.provider, model: record.model }),
    remove: () => context.remove([record.usage_id]),
  });
}

function copy(context: ViewContext, rows: readonly RecordRow[]): void {
  if (rows.length === 0) return;
  context.act({ verb: 'copy', text: rows.map(({ record }) => recordJson(record)).join('\n') });
}
