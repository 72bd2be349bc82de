import { join } from 'node:path';
import { headOf, readEntries } from '../reading/entries.ts';
import type { Fields } from '../fields.ts';
import { labelOf, nameOf, textOf, timeOf } from '../fields.ts';
import { Occurrences } from '../generic/index.ts';
import { logRecord } from '../record.ts';
import { keepLarger, type FoundUsage, type SkipReason, type Source } from '../source.ts';
import { vendorOf } from '../vendors.ts';

/**
 * Cursor: the CSV export of its dashboard (Usage, Export CSV). Cursor itself stores no counts on disk. The file is found in the
 * folder below, or named by the user.
 */
export const cursor: Source = {
  id: 'cursor',
  title: 'Cursor',
  locate: ({ home }) => [join(home, '.cursor', 'usage-exports')],
  matches: (relative) => /\.csv$/i.test(relative),
  reading: () => ({
    kind: 'whole',
    read: async (file, sink, room) => {
      const counter = new Occurrences();
      const head = await headOf(file.path);
      if (head.trim() === '') return;
      if (!isCursorExport(head)) return sink.skip('unknown-format', "not the usage export of Cursor's dashboard", 1);
      await readEntries(
        file,
        sink,
        ({ fields, line }) => {
          const found = usageOf(fields, counter);
          if (typeof found === 'string') sink.skip(found, undefined, line);
          else if (found !== undefined) sink.usage(found, line);
        },
        room,
      );
    },
  }),
  settle: keepLarger,
};

const SOURCE = 'cursor-csv';

/** Whether the beginning of a file is that of such an export. */
export function isCursorExport(head: string): boolean {
  return /^\uFEFF?"?Date"?,/.test(head) && /Input \(w\/o? Cache|Cache Read/i.test(head);
}

function usageOf(row: Fields, counter: Occurrences): FoundUsage | SkipReason | undefined {
  const timestamp = timeOf(row['Date']);
  if (timestamp === undefined) return 'no-time';
  const written = count(cell(row, 'Input (w/ Cache Write)'));
  const plain = count(cell(row, 'Input (w/o Cache Write)'));
  const cacheRead = count(cell(row, 'Cache Read'));
  const output = count(cell(row, 'Output Tokens', 'Output'));
  const input = written + plain + cacheRead;
  if (Number.isNaN(input + output)) return 'invalid';
  if (input + output === 0) return undefined;
  const model = nameOf(textOf(row['Model']) ?? 'unknown');
  const kind = textOf(row['Kind']) ?? '';
  const price = cell(row, 'Cost', 'Cost ($)');
  const cost = /^\$?(\d+(?:\.\d+)?)$/.exec(price)?.[1];
  const isIncluded = /included|free/i.test(kind) || /included/i.test(price);
  const record = logRecord({
    usageId: counter.idOf(SOURCE, { timestamp, model, written, plain, cacheRead, output, kind }),
    source: SOURCE,
    provider: vendorOf(model) ?? 'cursor',
    model,
    operation: 'agent',
    timestamp,
    tokens: { input, output, cacheRead, cacheWrite: written },
    more: {
      charge: isIncluded ? 'plan' : kind === '' ? undefined : 'metered',
      user: labelOf(textOf(row['User'])),
      max_mode: /^yes$/i.test(cell(row, 'Max Mode')) || undefined,
    },
  });
  // Calls included in the plan have a cost of zero, or list price, depending on the export's version: they are priced like all
  // others.
  if (cost === undefined || isIncluded) return { record };
  Object.assign(record, { cost_usd: Number(cost), cost_known: true, billing_mode: 'known' });
  return { record, isPriced: true };
}

/** The text of the first of these columns in the export. */
function cell(row: Fields, ...names: readonly string[]): string {
  const value = names.map((name) => row[name]).find((each) => each !== undefined && each !== null);
  return typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';
}

/** `12,345` and `12345`; NaN for anything that is not a count. */
function count(text: string): number {
  const digits = text.replaceAll(',', '');
  return /^\d{1,15}$/.test(digits) ? Number(digits) : digits === '' || digits === '-' ? 0 : Number.NaN;
}
