import type { Ledger } from '../../library/index.ts';
import type { UsageInput, UsageRecord } from '../../usage/record.ts';

export interface RecordedUsages {
  /** The records that were added, in the order of their usages. */
  added: UsageRecord[];
  /** Ids of usages that the ledger held before. Their records stay as they were. */
  alreadyRecorded: string[];
}

type RecordingLedger = Pick<Ledger, 'refresh' | 'holds' | 'trackAll'>;

/**
 * Records the usages that the ledger does not hold yet, all or none. The same response may have been recorded by another
 * program, with a project or a source of its own: its id says that it is the same call.
 * @throws {UsageError} when one is refused, {@link LedgerError} when they could not be stored.
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
  return { added: fresh.length === 0 ? [] : await ledger.trackAll(fresh), alreadyRecorded };
}
