import type { Ledger } from '../../library/index.ts';

/**
 * Removes the records that were added to a ledger since a moment; undo brings them back.
 * @param cursor of that moment. Absent: removes all records.
 * @returns how many were removed; undefined when records were changed since, so that the new ones are not known.
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
