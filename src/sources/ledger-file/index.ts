import { isUnreadable, readStored } from '../../usage/stored.ts';
import { readEntries } from '../reading/entries.ts';
import { timeOf } from '../fields.ts';
import { settleEntry } from '../generic/index.ts';
import { usageId } from '../reading/identity.ts';
import type { Source } from '../source.ts';

/** Another `costs.json`, ours or inkwell's, or its records as NDJSON: each record is imported unchanged, with its id. */
export const ledgerFile: Source = {
  id: 'ledger',
  title: 'Another ledger',
  agent: null,
  locate: () => [],
  matches: (relative) => /\.(json|jsonl|ndjson)$/i.test(relative),
  reading: () => ({
    kind: 'whole',
    read: async (file, sink, room) =>
      readEntries(
        file,
        sink,
        ({ fields, line }) => {
          const record = readStored({ ...fields }, () => usageId('ledger', [JSON.stringify(fields)]));
          // Throws if a field is nested too deeply to be written again.
          JSON.stringify(fields);
          if (isUnreadable(record)) sink.skip('not-a-usage', record.unreadable, line);
          // The cost is taken from that ledger, even if it is unknown there.
          else
            sink.usage(
              { record: { ...record, timestamp: timeOf(record.timestamp) ?? record.timestamp }, isPriced: true },
              line,
            );
        },
        room,
      ),
  }),
  settle: settleEntry,
};
