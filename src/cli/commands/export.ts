import type { UsageFilter } from '../../usage/query.ts';
import { KNOWN_FIELDS, type UsageRecord } from '../../usage/record.ts';
import { csvCell } from '../../usage/text.ts';
import { choice } from '../arguments.ts';
import { EXIT, usageError } from '../exit.ts';
import { selection, type FilterFlags } from '../filters.ts';
import { envelope, writeJson } from '../json.ts';
import { warnOfDamage, withView, type LedgerFlag, type Sources } from '../ledgers.ts';
import { counted } from '../report/totals.ts';
import { say, type Terminal } from '../terminal.ts';
import { AtomicFile } from '../atomic-file.ts';
import { stringify } from 'csv-stringify/sync';

const FORMATS = ['csv', 'json', 'ndjson'] as const;
type Format = (typeof FORMATS)[number];

export interface ExportFlags extends FilterFlags, LedgerFlag {
  format?: string;
  output?: string;
  force?: boolean;
  json?: boolean;
}

/** Records that are turned into text at a time. */
const PAGE = 5000;

/** `llm-spend export`: the records themselves, oldest first, to a file (whole or not at all) or to stdout. */
export async function exportRecords(flags: ExportFlags, terminal: Terminal): Promise<number> {
  const toFile = flags.output !== undefined && flags.output !== '-' ? flags.output : undefined;
  const format = formatOf(flags, toFile);
  if (flags.force === true && toFile === undefined) {
    throw usageError('--force: only means something with --output FILE. Leave it out.', '--force');
  }
  const { filter } = selection(flags, terminal.now());

  return withView(flags, async (sources) => {
    const pages = recordPages(sources, filter);
    let records = 0;
    const target = toFile === undefined ? undefined : await AtomicFile.create(toFile, flags.force === true);
    try {
      for await (const { text, count } of formatted(pages, format)) {
        records += count;
        if (target === undefined) await terminal.out.write(text);
        else await target.write(text);
        if (target === undefined && terminal.out.closed) return EXIT.failed;
      }
      await target?.commit();
    } finally {
      await target?.discard();
    }
    if (toFile !== undefined) {
      if (flags.json === true) {
        await writeJson(terminal.out, envelope('export', { output: toFile, format, records }));
      } else await say(terminal, `Exported ${counted(records, 'record')} to ${toFile}`);
    }
    return warnOfDamage(sources, terminal);
  });
}

/** The flag; else the ending of the file; else JSON where `--json` asks for it; else CSV. */
function formatOf(flags: ExportFlags, toFile: string | undefined): Format {
  if (flags.format !== undefined) return choice('--format', flags.format, FORMATS);
  const ending = /\.(csv|json|ndjson)$/i.exec(toFile ?? '')?.[1]?.toLowerCase();
  const byEnding = FORMATS.find((format) => format === ending);
  if (byEnding !== undefined) return byEnding;
  return flags.json === true && toFile === undefined ? 'json' : 'csv';
}

async function* recordPages({ view }: Sources, filter: UsageFilter): AsyncGenerator<UsageRecord[]> {
  for (let offset = 0; ; offset += PAGE) {
    const { rows, total } = await view.page({ filter, sort: 'time', descending: false, offset, limit: PAGE });
    yield rows.map(({ record }) => record);
    if (rows.length === 0 || offset + rows.length >= total) return;
  }
}

/** Text in pieces: of each page, and what stands around all of them. */
async function* formatted(
  pages: AsyncIterable<UsageRecord[]>,
  format: Format,
): AsyncGenerator<{ text: string; count: number }> {
  if (format === 'csv') yield { text: stringify([KNOWN_FIELDS.slice()]), count: 0 };
  let first = true;
  for await (const records of pages) {
    const count = records.length;
    if (format === 'csv') yield { text: stringify(records.map(csvRow)), count };
    else {
      const lines = records.map((record) => JSON.stringify(record));
      if (format === 'ndjson') yield { text: lines.map((line) => `${line}\n`).join(''), count };
      else if (count > 0) yield { text: `${first ? '[\n' : ',\n'}${lines.join(',\n')}`, count };
    }
    if (count > 0) first = false;
  }
  if (format === 'json') yield { text: first ? '[]\n' : '\n]\n', count: 0 };
}

/** Known fields in their order. Fields that we do not know are in the JSON formats only. */
function csvRow(record: UsageRecord): string[] {
  return KNOWN_FIELDS.map((field) => {
    const value = record[field];
    if (value === undefined || value === null) return '';
    if (Array.isArray(value)) return csvCell(value.join(' '));
    return typeof value === 'string' ? csvCell(value) : JSON.stringify(value);
  });
}
