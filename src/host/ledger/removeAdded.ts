import type { Ledger } from '../../library/index.ts';

/**
 * Removes the records added to a ledger since a certain moment; undo restores them.
 * @param cursor the ledger's cursor at that moment. Absent: removes all records.
 * @returns the number of records removed; undefined when records were changed since, so that the new ones cannot be determined.
 */
export async function removeAdded(ledger: Ledger, cursor: string | undefined): Promise<number | undefined> {
  await ledger.refresh();
  if (cursor === undefined) return (await ledger.clear()).removed;
  const added = await ledger.addedSince(cursor);
  if (added === undefined) return undefined;
  const ids: string[] = [];
  for await (const some of added) ids.push(...some);
  return (await ledger.remove(ids)).removed.length;
}
