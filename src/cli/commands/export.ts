import type { Ledger } from '../../ledger/types.ts';
import type { UsageFilter } from '../../usage/query.ts';
import { KNOWN_FIELDS, type UsageRecord } from '../../usage/record.ts';
import { csvCell } from '../../usage/text.ts';
import { choice } from '../arguments.ts';
import { EXIT, usageError } from '../exit.ts';
import { selection, type FilterFlags } from '../filters.ts';
import { envelope, writeJson } from '../json.ts';
import { warnOfDamage, withView, type LedgerFlag, type Sources } from '../ledgers.ts';
import { counted } from '../report/numbers.ts';
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
    const pages = merged(sources, filter);
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

/** The records of all ledgers in the order of their time. */
async function* merged({ ledgers }: Sources, filter: UsageFilter): AsyncGenerator<UsageRecord[]> {
  const queues = await Promise.all(ledgers.map((ledger) => Queue.open(ledger, filter)));
  for (;;) {
    const waiting = queues.filter(({ head }) => head !== undefined);
    if (waiting.length === 0) return;
    const batch: UsageRecord[] = [];
    while (batch.length < PAGE && waiting.every(({ head }) => head !== undefined)) {
      const next = waiting.reduce((first, each) => (each.time < first.time ? each : first));
      batch.push(await next.take());
    }
    yield batch;
  }
}

/** The records of one ledger, read a page at a time. */
class Queue {
  readonly #ledger: Ledger;
  readonly #filter: UsageFilter;
  #rows: UsageRecord[] = [];
  #at = 0;
  #offset = 0;
  /** When the head was, ms since the epoch. */
  time = Infinity;

  private constructor(ledger: Ledger, filter: UsageFilter) {
    this.#ledger = ledger;
    this.#filter = filter;
  }

  static async open(ledger: Ledger, filter: UsageFilter): Promise<Queue> {
    const queue = new Queue(ledger, filter);
    await queue.#next();
    return queue;
  }

  get head(): UsageRecord | undefined {
    return this.#rows[this.#at];
  }

  /** The head, which must be there. */
  async take(): Promise<UsageRecord> {
    const head = this.#rows[this.#at++]!;
    await this.#next();
    return head;
  }

  async #next(): Promise<void> {
    if (this.#at === this.#rows.length) {
      const query = {
        filter: this.#filter,
        sort: 'time',
        descending: false,
        offset: this.#offset,
        limit: PAGE,
      } as const;
      const { rows } = await this.#ledger.page(query);
      this.#rows = rows.map(({ record }) => record);
      this.#offset += rows.length;
      this.#at = 0;
    }
    this.time = this.head === undefined ? Infinity : Date.parse(this.head.timestamp);
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
