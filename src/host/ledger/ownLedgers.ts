import { undoLedger } from '../../sources/import/undo.ts';
import type { Ledger, SetCostsResult, UndoResult, UsageRecord } from '../../library/index.ts';

/** Changes of the ledgers that the editor writes to: the primary one and that of imported usage. */

export interface OwnChange {
  /** The records in their new state. */
  changed: UsageRecord[];
  /** Records that another program changed at the same time, or that no longer exist. */
  left: number;
  /** Takes the change back. @returns how many records; ledgers that were changed since stay as they are. */
  undo: () => Promise<number>;
}

/** Makes a change in each ledger, and remembers how to take it back. */
export async function changeEach(
  ledgers: readonly Ledger[],
  change: (ledger: Ledger) => Promise<SetCostsResult>,
): Promise<OwnChange> {
  const changed: UsageRecord[] = [];
  const undoable: { ledger: Ledger; at: string }[] = [];
  let left = 0;
  for (const ledger of ledgers) {
    const result = await change(ledger);
    left += result.differing.length + result.missing.length;
    if (result.changed.length === 0) continue;
    changed.push(...result.changed);
    const last = await ledger.undo({ dryRun: true });
    if (last?.undone === 'replace') undoable.push({ ledger, at: last.at });
  }
  const undo = async (): Promise<number> => {
    let records = 0;
    for (const { ledger, at } of undoable) {
      if ((await ledger.undo({ dryRun: true }))?.at !== at) continue;
      records += (await ledger.undo())?.records ?? 0;
    }
    return records;
  };
  return { changed, left, undo };
}

/** Takes the latest change of all these ledgers back; undefined when there is none. */
export async function undoLatest(
  ledgers: readonly Ledger[],
  options: { dryRun?: boolean } = {},
): Promise<UndoResult | undefined> {
  let latest: { ledger: Ledger; result: UndoResult } | undefined;
  for (const ledger of ledgers) {
    const result = await ledger.undo({ dryRun: true });
    if (result !== undefined && (latest === undefined || result.at > latest.result.at)) latest = { ledger, result };
  }
  return options.dryRun === true || latest === undefined ? latest?.result : undoLedger(latest.ledger);
}

/** The records with these ids, and the ledger of each. */
export async function findRecords(
  ledgers: readonly Ledger[],
  ids: readonly string[],
): Promise<{ ledger: Ledger; records: UsageRecord[] }[]> {
  const wanted = new Set(ids);
  const found: { ledger: Ledger; records: UsageRecord[] }[] = [];
  for (const ledger of ledgers) {
    const records: UsageRecord[] = [];
    for await (const elements of ledger.stored()) {
      for (const { record } of elements) if (wanted.delete(record.usage_id)) records.push(record);
      if (wanted.size === 0) break;
    }
    if (records.length > 0) found.push({ ledger, records });
  }
  return found;
}
