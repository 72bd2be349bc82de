import type { Ledger } from '../../library/index.ts';
import type { UsageInput, UsageRecord } from '../../usage/record.ts';

export interface RecordedUsages {
  /** The records that were added, in the order of their usages. */
  added: UsageRecord[];
  /** Ids of usages that were already in the ledger. Their records were not changed. */
  alreadyRecorded: string[];
}

type RecordingLedger = Pick<Ledger, 'refresh' | 'holds' | 'trackWithStatus'>;

/**
 * Records the usages that are not in the ledger yet, all or none. Another program may have recorded the same response with a
 * different project or source; equal ids mean that it is the same call.
 * @throws {UsageError} when a usage is refused, {@link LedgerError} when they could not be stored.
 */
export async function recordNew(ledger: RecordingLedger, usages: readonly UsageInput[]): Promise<RecordedUsages> {
  await ledger.refresh();
  const named = usages.flatMap(({ usage_id: id }) => (typeof id === 'string' ? [id] : []));
  const held = await ledger.holds(named);
  const ids = new Set<string>();
  const fresh: UsageInput[] = [];
  const alreadyRecorded: string[] = [];
  for (const usage of usages) {
    const id = usage.usage_id;
    if (typeof id === 'string' && (ids.has(id) || held.has(id))) alreadyRecorded.push(id);
    else fresh.push(usage);
    if (typeof id === 'string') ids.add(id);
  }
  const added: UsageRecord[] = [];
  // Another program may have recorded one of them since.
  for (const { status, record } of await ledger.trackWithStatus(fresh)) {
    if (status === 'recorded') added.push(record);
    else alreadyRecorded.push(record.usage_id);
  }
  return { added, alreadyRecorded };
}
