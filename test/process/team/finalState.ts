/** Sends everything of this machine to its team, and prints what it has, as it left the machine. */
import { defaultLedgerPath } from '../../../src/system/paths.ts';
import { readMembership } from '../../../src/sync/membership.ts';
import { previewRecords, syncNow, withLocalLedgers } from '../../../src/sync/sync.ts';

const membership = readMembership()!;
const ledgers = { primary: defaultLedgerPath() };
await syncNow({ membership, ledgers, full: true });
const records: { id: string; text: string }[] = [];
await withLocalLedgers(ledgers, async (open) => {
  for await (const record of previewRecords(membership, open)) {
    records.push({ id: record.usage_id, text: JSON.stringify(record) });
  }
});
process.stdout.write(JSON.stringify({ records }));
