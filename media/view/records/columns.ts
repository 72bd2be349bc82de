import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { Choices } from '../../../src/protocol/choices.ts';
import type { RecordRow } from '../../../src/protocol/messages.ts';
import type { SortKey } from '../../../src/usage/query.ts';
import { plain } from '../../../src/usage/text.ts';
import type { Format } from '../../model/format.ts';
import { recordCost } from '../../model/record.ts';
import { t } from '../../model/texts.ts';

interface RecordColumn {
  key: string;
  label: () => string;
  sort?: SortKey;
  number?: boolean;
  text: (row: RecordRow, format: Format) => string | TemplateResult;
}

/** In order of importance: the style sheet hides the last ones when the view is narrow. */
const COLUMNS: readonly RecordColumn[] = [
  {
    key: 'time',
    label: () => t('Time'),
    sort: 'time',
    text: ({ record }, format) => timeCell(Date.parse(record.timestamp), format),
  },
  { key: 'model', label: () => t('Model'), sort: 'model', text: ({ record }) => plain(record.model) },
  { key: 'provider', label: () => t('Provider'), sort: 'provider', text: ({ record }) => plain(record.provider) },
  { key: 'operation', label: () => t('Operation'), sort: 'operation', text: ({ record }) => plain(record.operation) },
  { key: 'project', label: () => t('Project'), sort: 'project', text: ({ record }) => plain(text(record['project'])) },
  { key: 'source', label: () => t('Source'), text: ({ record }) => plain(text(record['source'])) },
  {
    key: 'input',
    label: () => t('Input'),
    sort: 'input',
    number: true,
    text: ({ record }, f) => f.count(record.input_tokens),
  },
  {
    key: 'output',
    label: () => t('Output'),
    sort: 'output',
    number: true,
    text: ({ record }, f) => f.count(record.output_tokens),
  },
  {
    key: 'tokens',
    label: () => t('Tokens'),
    sort: 'tokens',
    number: true,
    text: ({ record }, f) => f.count(record.total_tokens),
  },
  { key: 'cost', label: () => t('Cost'), sort: 'cost', number: true, text: costCell },
];

export const COLUMN_COUNT = COLUMNS.length;

type Sort = Choices['recordsSort'];

/** The column headings. A click sorts by the column: names ascending, numbers and times descending. */
export function headingTemplates(sort: Sort, choose: (sort: Sort) => void): TemplateResult[] {
  return COLUMNS.map(({ key, label, sort: by, number }, index) => {
    const sorted = by !== undefined && sort.by === by;
    return html`<div
      role="columnheader"
      class="cell cell-${key} ${number ? 'number' : ''}"
      aria-colindex=${index + 1}
      aria-sort=${sorted ? (sort.descending ? 'descending' : 'ascending') : nothing}
    >
      ${
        by === undefined
          ? label()
          : html`<button type="button" class="heading" @click=${() => choose(nextSort(sort, by))}>
              ${label()}${
                sorted
                  ? html`<span class="codicon codicon-${sort.descending ? 'arrow-down' : 'arrow-up'}"></span>`
                  : nothing
              }
            </button>`
      }
    </div>`;
  });
}

/** The cells of a row, empty until the row is loaded. */
export function cellTemplates(row: RecordRow | undefined, format: Format): TemplateResult[] {
  return COLUMNS.map(
    ({ key, number, text }, column) =>
      html`<div role="gridcell" class="cell cell-${key} ${number ? 'number' : ''}" aria-colindex=${column + 1}>
        ${row === undefined ? nothing : text(row, format)}
      </div>`,
  );
}

const TEXT_COLUMNS: readonly SortKey[] = ['provider', 'model', 'operation', 'project'];

function nextSort(sort: Sort, by: SortKey): Sort {
  return { by, descending: sort.by === by ? !sort.descending : !TEXT_COLUMNS.includes(by) };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A narrow list shows only the hour of today's records and the day of the others. */
function timeCell(ms: number, format: Format): TemplateResult {
  return html`<span class="time-long">${format.time(ms)}</span
    ><span class="time-short">${format.timeShort(ms, Date.now())}</span>`;
}

function costCell(row: RecordRow, format: Format): string | TemplateResult {
  const cost = recordCost(row, format);
  return row.record.cost_known ? cost : html`<span class="unpriced">${cost}</span>`;
}
