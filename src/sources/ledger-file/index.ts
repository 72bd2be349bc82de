import { isUnreadable, readStored } from '../../usage/stored.ts';
import { formatOf, headOf, readEntries } from '../reading/entries.ts';
import { timeOf } from '../fields.ts';
import { settleEntry } from '../generic/index.ts';
import { usageId } from '../reading/identity.ts';
import type { Source } from '../source.ts';

/** Another `costs.json`, of ours or of inkwell, or its records as NDJSON: every record as it stands there, with its id. */
export const ledgerFile: Source = {
  id: 'ledger',
  title: 'Another ledger',
  locate: () => [],
  matches: (relative) => /\.(json|jsonl|ndjson)$/i.test(relative),
  reading: () => ({
    kind: 'whole',
    read: async (file, sink, room) =>
      readEntries(
        file,
        formatOf(file.path, await headOf(file.path)),
        sink,
        ({ fields, line }) => {
          const record = readStored({ ...fields }, () => usageId('ledger', [JSON.stringify(fields)]));
          // A field that is nested too deep to be written again makes this throw.
          JSON.stringify(fields);
          if (isUnreadable(record)) sink.skip('not-a-usage', record.unreadable, line);
          // What it costs is that ledger's word, also where it says that nobody knows.
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
