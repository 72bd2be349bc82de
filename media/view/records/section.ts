import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { Choices } from '../../../src/protocol/choices.ts';
import type { Action, RecordRow } from '../../../src/protocol/messages.ts';
import type { UsageFilter } from '../../../src/usage/query.ts';
import type { ViewContext } from '../../context.ts';
import { recordJson } from '../../model/record.ts';
import { detailTemplate } from './detail.ts';
import { iconButton } from '../controls.ts';

/** The table of records and its actions, and the details of one record. */
export function recordsTemplate(context: ViewContext): TemplateResult {
  const { ui, format, shown, snapshot } = context;
  return html`<section class="records-section" aria-label="Records">
    <header class="section-header">
      <h2>Records <span class="count">${format.count(shown.totals.records)}</span></h2>
      <div class="controls">${actionsTemplate(context)}</div>
    </header>
    <div class="records-body">
      <spend-records
        .filter=${shown.filter}
        .sort=${shown.choices.recordsSort}
        .start=${shown.records}
        .format=${format}
        .ledgers=${snapshot.ledgers}
        .ask=${context.ask}
        .selection=${ui.selection}
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
    context.act({ verb: 'export', format: kind, filter: wireFilter(shown.filter) });
  };
  return html`
    ${
      selected.length < 2
        ? nothing
        : html`<span class="count">${format.count(selected.length)} selected</span>
            ${iconButton('edit', 'Edit the selected records', () => context.act({ verb: 'edit', ids: selected }))}
            ${iconButton('trash', 'Remove the selected records', () => context.remove(selected))}`
    }
    <vscode-toolbar-container>
      ${iconButton('discard', 'Undo the last change', () => context.act({ verb: 'undo' }))}
      <vscode-toolbar-button
        icon="export"
        label="Export as CSV"
        title="Export the filtered records as CSV"
        @click=${() => exportAs('csv')}
        ><span class="button-text">CSV</span></vscode-toolbar-button
      >
      <vscode-toolbar-button
        icon="json"
        label="Export as JSON"
        title="Export the filtered records as JSON"
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

function wireFilter({ values, ...filter }: UsageFilter): Extract<Action, { verb: 'export' }>['filter'] {
  if (values === undefined) return filter;
  return { ...filter, values: Object.fromEntries(Object.entries(values).map(([key, list]) => [key, [...list]])) };
}
