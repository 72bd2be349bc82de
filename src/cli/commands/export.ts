import type { CommandSpec } from '../command.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { EXPORT_FORMATS, exportPieces, type ExportFormat } from '../../usage/exportText.ts';
import type { UsageFilter } from '../../usage/query.ts';
import type { UsageRecord } from '../../usage/record.ts';
import { choice } from '../arguments/arguments.ts';
import { EXIT, usageError } from '../output/exit.ts';
import { FILTER_NOTES, FILTER_OPTIONS, selection, type FilterFlags } from '../arguments/filters.ts';
import { envelope, writeJson } from '../output/json.ts';
import { warnOfDamage, withView, type LedgerFlag, type Sources } from '../arguments/ledgers.ts';
import { counted } from '../report/numbers.ts';
import { say, type Terminal } from '../output/terminal.ts';
import { ExportFile } from '../output/exportFile.ts';
import { t } from '../language/text.ts';

export interface ExportFlags extends FilterFlags, LedgerFlag {
  format?: string;
  output?: string;
  force?: boolean;
  json?: boolean;
}

/** Number of records converted to text at a time. */
const PAGE = 5000;

/** `llm-spend export`: writes records, oldest first, to a file (completely or not at all) or to stdout. */
export async function exportRecords(flags: ExportFlags, terminal: Terminal): Promise<number> {
  const toFile = flags.output !== undefined && flags.output !== '-' ? flags.output : undefined;
  const format = formatOf(flags, toFile);
  if (flags.force === true && toFile === undefined) {
    throw usageError(t`--force: only applies to --output FILE. Leave it out.`, '--force');
  }
  const { filter } = selection(flags, terminal.now());

  return withView(flags, async (sources) => {
    const pages = merged(sources, filter);
    let records = 0;
    const target = toFile === undefined ? undefined : await ExportFile.create(toFile, flags.force === true);
    try {
      for await (const { text, count } of exportPieces(pages, format)) {
        records += count;
        if (target !== undefined) await target.write(text);
        // Cells may hold tabs and joiners, which a terminal could misread.
        else if (format === 'csv' && terminal.out.isTTY) await terminal.out.write(text);
        else await terminal.out.raw(text);
        if (target === undefined && terminal.out.closed) return EXIT.failed;
      }
      await target?.commit();
    } finally {
      await target?.discard();
    }
    if (toFile !== undefined) {
      if (flags.json === true) {
        await writeJson(terminal.out, envelope('export', { output: toFile, format, records }));
      } else await say(terminal, t`Exported ${counted(records, 'record')} to ${toFile}`);
    }
    return warnOfDamage(sources, terminal);
  });
}

/** Chooses the format: the flag; else the file's extension; else JSON with `--json`; else CSV. */
function formatOf(flags: ExportFlags, toFile: string | undefined): ExportFormat {
  if (flags.format !== undefined) return choice('--format', flags.format, EXPORT_FORMATS);
  const ending = /\.(csv|json|ndjson)$/i.exec(toFile ?? '')?.[1]?.toLowerCase();
  const byEnding = EXPORT_FORMATS.find((format) => format === ending);
  if (byEnding !== undefined) return byEnding;
  return flags.json === true && toFile === undefined ? 'json' : 'csv';
}

/** The records of all ledgers in time order. */
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
  /** Time of the first record in the queue, ms since the epoch. */
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

  /** Removes and returns the first record, which must exist. */
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

export const command: CommandSpec<ExportFlags> = {
  summary: 'write the records as CSV, JSON or NDJSON',
  options: [
    ...FILTER_OPTIONS,
    { flags: '--format <format>', help: "csv, json or ndjson (default: by the file's extension, otherwise csv)" },
    { flags: '--output <file>', help: 'write to this file, completely or not at all; - is stdout' },
    { flags: '--force', help: 'replace the file if it exists' },
  ],
  examples: [
    'llm-spend export --since 2026-01 --until 2026-01 --output january.csv',
    'llm-spend export --format ndjson --project site | jq .cost_usd',
  ],
  notes: FILTER_NOTES,
  run: ({ flags, terminal }) => exportRecords(flags, terminal),
};
