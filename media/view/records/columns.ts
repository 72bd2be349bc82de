import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { ColumnChoice } from '../../../src/protocol/choices.ts';
import type { LedgerInfo, RecordRow } from '../../../src/protocol/messages.ts';
import { FIELDS } from '../../../src/usage/fields.ts';
import type { SortKey } from '../../../src/usage/query.ts';
import { plain } from '../../../src/usage/text.ts';
import type { Format } from '../../model/format.ts';
import { dimensionValueName } from '../../model/names.ts';
import { fieldText, recordCost } from '../../model/record.ts';
import { t } from '../../model/texts.ts';

/** The values that a cell needs beside its record. */
export interface CellContext {
  readonly format: Format;
  readonly ledgers: readonly LedgerInfo[];
}

export interface RecordColumn {
  key: string;
  label: () => string;
  sort?: SortKey;
  number?: boolean;
  /** Its grid track without a width of the user's, and the least width of that track in px. */
  track: readonly [track: string, least: number];
  text: (row: RecordRow, context: CellContext) => string | TemplateResult;
}

const TEXT = ['minmax(90px, 1fr)', 90] as const;
const NUMBER = ['84px', 84] as const;

/** The columns until the user chooses some, in order of importance: the style sheet hides those without room. */
export const USUAL_COLUMNS: readonly RecordColumn[] = [
  {
    key: 'time',
    label: () => t('Time'),
    sort: 'time',
    track: ['152px', 152],
    text: ({ record }, { format }) => timeCell(Date.parse(record.timestamp), format),
  },
  {
    key: 'model',
    label: () => t('Model'),
    sort: 'model',
    track: ['minmax(110px, 1.5fr)', 110],
    text: ({ record }) => plain(record.model),
  },
  textColumn('provider', () => t('Provider')),
  textColumn('operation', () => t('Operation')),
  textColumn('project', () => t('Project')),
  {
    key: 'source',
    label: () => t('Source'),
    track: TEXT,
    text: ({ record }) => plain(typeof record['source'] === 'string' ? record['source'] : ''),
  },
  {
    key: 'input',
    label: () => t('Input'),
    sort: 'input',
    number: true,
    track: NUMBER,
    text: ({ record }, { format }) => format.count(record.input_tokens),
  },
  {
    key: 'output',
    label: () => t('Output'),
    sort: 'output',
    number: true,
    track: NUMBER,
    text: ({ record }, { format }) => format.count(record.output_tokens),
  },
  {
    key: 'tokens',
    label: () => t('Tokens'),
    sort: 'tokens',
    number: true,
    track: NUMBER,
    text: ({ record }, { format }) => format.count(record.total_tokens),
  },
  {
    key: 'cost',
    label: () => t('Cost'),
    sort: 'cost',
    number: true,
    track: ['calc(104px + var(--code))', 136],
    text: costCell,
  },
];

/** Fields that one of the usual columns shows, and the flag that the cost shows. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'timestamp',
  'model',
  'provider',
  'operation',
  'project',
  'source',
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cost_usd',
  'cost_known',
]);

/** All columns that can be chosen: the usual ones, a column for each other field of a record, and the ledger. */
export const RECORD_COLUMNS: readonly RecordColumn[] = [
  ...USUAL_COLUMNS,
  ...FIELDS.filter(({ name }) => !ELSEWHERE.has(name)).map(({ name, label, rule }): RecordColumn => ({
    key: name,
    label: () => t(label),
    ...(rule === 'tokens' ? { number: true } : {}),
    track: rule === 'tokens' ? NUMBER : TEXT,
    text: ({ record }, { format }) => fieldText(record[name], format),
  })),
  {
    key: 'ledger',
    label: () => t('Ledger'),
    track: TEXT,
    text: ({ ledger }, { ledgers }) => dimensionValueName('ledger', ledger, ledgers),
  },
];
const BY_KEY: ReadonlyMap<string, RecordColumn> = new Map(RECORD_COLUMNS.map((column) => [column.key, column]));

/** The columns to draw: the chosen ones that exist, or the usual ones. */
export function columnsOf(chosen: readonly ColumnChoice[]): readonly RecordColumn[] {
  const columns = chosen.flatMap(({ key }) => BY_KEY.get(key) ?? []);
  return columns.length === 0 ? USUAL_COLUMNS : columns;
}

/** The style of a list with chosen columns: its grid tracks, and the least width of a row. Empty for the usual columns. */
export function gridOf(chosen: readonly ColumnChoice[]): string {
  const tracks = chosen.flatMap(({ key, width }) => {
    const column = BY_KEY.get(key);
    if (column === undefined) return [];
    return [width === undefined ? column.track : ([`${width}px`, width] as const)];
  });
  if (tracks.length === 0) return '';
  const least = tracks.reduce((sum, [, px]) => sum + px, 0);
  return `--tracks: ${tracks.map(([track]) => track).join(' ')}; --least: ${least}px`;
}

/** The cells of a row, empty until the row is loaded. */
export function cellTemplates(
  columns: readonly RecordColumn[],
  row: RecordRow | undefined,
  context: CellContext,
): TemplateResult[] {
  return columns.map(
    ({ key, number, text }, column) =>
      html`<div role="gridcell" class="cell cell-${key} ${number ? 'number' : ''}" aria-colindex=${column + 1}>
        ${row === undefined ? nothing : text(row, context)}
      </div>`,
  );
}

function textColumn(key: 'provider' | 'operation' | 'project', label: () => string): RecordColumn {
  return {
    key,
    label,
    sort: key,
    track: TEXT,
    text: ({ record }) => plain(typeof record[key] === 'string' ? record[key] : ''),
  };
}

/** A narrow list shows only the hour of today's records and the day of the others. */
function timeCell(ms: number, format: Format): TemplateResult {
  return html`<span class="time-long">${format.time(ms)}</span
    ><span class="time-short">${format.timeShort(ms, Date.now())}</span>`;
}

function costCell(row: RecordRow, { format }: CellContext): string | TemplateResult {
  const cost = recordCost(row, format);
  return row.record.cost_known ? cost : html`<span class="unpriced">${cost}</span>`;
}
