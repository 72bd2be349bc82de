import { stringify } from 'csv-stringify/sync';
import { FIELDS } from './fields.ts';
import { jsonText } from './jsonText.ts';
import type { UsageRecord } from './record.ts';
import { csvCell } from './text.ts';

const COLUMNS = FIELDS.map(({ name }) => name);

/** Records as text for other programs, in pieces, so a large ledger is never in memory as one string. */

export const EXPORT_FORMATS = ['csv', 'json', 'ndjson'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportPiece {
  text: string;
  /** Number of records in the piece. */
  count: number;
}

/** Yields the text of each page, and what surrounds the pages (a header, brackets). */
export async function* exportPieces(
  pages: AsyncIterable<readonly UsageRecord[]>,
  format: ExportFormat,
): AsyncGenerator<ExportPiece> {
  if (format === 'csv') yield { text: stringify([COLUMNS]), count: 0 };
  let first = true;
  for await (const records of pages) {
    const count = records.length;
    if (format === 'csv') yield { text: stringify(records.map(csvRow)), count };
    else {
      const lines = records.map((record) => jsonText(record));
      if (format === 'ndjson') yield { text: lines.map((line) => `${line}\n`).join(''), count };
      else if (count > 0) yield { text: `${first ? '[\n' : ',\n'}${lines.join(',\n')}`, count };
    }
    if (count > 0) first = false;
  }
  if (format === 'json') yield { text: first ? '[]\n' : '\n]\n', count: 0 };
}

/** Known fields in table order, escaped for spreadsheets. Unknown fields appear only in the JSON formats. */
function csvRow(record: UsageRecord): string[] {
  return COLUMNS.map((field) => {
    const value = record[field];
    if (value === undefined || value === null) return '';
    if (typeof value === 'string') return csvCell(value);
    if (Array.isArray(value)) return csvCell(value.join(' '));
    return typeof value === 'object' ? csvCell(jsonText(value)) : JSON.stringify(value);
  });
}
