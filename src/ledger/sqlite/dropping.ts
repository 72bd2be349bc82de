import type { Access } from './access.ts';
import { dropRows } from './changes.ts';
import { epochOf } from './columns/segments.ts';
import { findRows } from './reading.ts';

/**
 * Removes records for good, in one transaction. They are looked up before it, in slices of time: of 100,000 random ids that takes
 * a third of a second. Starts over if records were changed or removed in between.
 * @returns how many there were.
 */
export async function dropStored(
  access: Access,
  ids: readonly string[],
  at: string,
  onDropped: () => void,
): Promise<number> {
  for (;;) {
    const found = await access.attempt(async () => {
      const connection = await access.opened();
      const epoch = connection && epochOf(connection);
      return connection && { connection, epoch, rows: await findRows(connection, ids) };
    });
    if (found === undefined || found.rows.length === 0) return 0;
    const { rows, epoch } = found;
    const isDone = await access.write((connection) => {
      if (connection !== found.connection || epochOf(connection) !== epoch) return false;
      dropRows(connection, rows, at);
      return true;
    });
    if (!isDone) continue;
    onDropped();
    return rows.length;
  }
}
