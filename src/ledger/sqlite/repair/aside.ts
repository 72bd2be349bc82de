import { basename, dirname, join } from 'node:path';
import type { Disk } from '../../../system/disk.ts';
import { isClearedName } from '../../../system/sideFiles.ts';
import type { Connection } from '../connection.ts';
import type { Row } from '../rows.ts';
import { findRow, idOf } from '../rows.ts';
import { isKeptDatabase, namesIn } from '../state.ts';
import { indexedRows } from './removals.ts';
import { salvageRows } from './salvage.ts';

/** Records in a damaged database, kept aside by a repair, that the ledger lacks. */
export interface KeptAside {
  name: string;
  rows: Row[];
  /** Ids in its index whose records could not be read, and are not in the ledger either. */
  lost: string[];
  /** Number of its rows that cannot be read as records. */
  unreadable: number;
}

/** For each database kept aside, the records that are neither in the ledger nor were removed from it on purpose. */
export async function keptAside(disk: Disk, connection: Connection): Promise<KeptAside[]> {
  const [folder, base] = [dirname(connection.path), basename(connection.path)];
  const names = await namesIn(disk, folder);
  const kept = names.filter((name) => isKeptDatabase(name, base)).sort();
  if (kept.length === 0) return [];
  const wasRemoved = await removals(disk, connection, names);
  const result: KeptAside[] = [];
  for (const name of kept) {
    const rows = new Map<string, Row>();
    const found = new Set<number>();
    const take = async (some: readonly Row[]): Promise<void> => {
      for (const row of some) {
        found.add(row.seq);
        const isHere = [row.usage_id, row.otherId].some((key) => key !== undefined && findRow(connection, idOf(key)));
        if (!isHere && !wasRemoved(row.usage_id) && !rows.has(row.usage_id)) rows.set(row.usage_id, row);
      }
    };
    const path = join(folder, name);
    const { rescued, unreadable } = await salvageRows(disk, path, take);
    await take(rescued);
    const lost: string[] = [];
    for await (const { seq, usage_id } of indexedRows(path)) {
      const id = idOf(usage_id);
      if (!found.has(seq) && !wasRemoved(usage_id) && findRow(connection, id) === undefined) lost.push(id);
    }
    result.push({ name, rows: [...rows.values()], lost, unreadable });
  }
  return result;
}

/** Returns a test for keys of records that were removed or cleared and not restored since. */
async function removals(
  disk: Disk,
  connection: Connection,
  names: readonly string[],
): Promise<(key: string) => boolean> {
  const rows = connection.rows(
    "SELECT usage_id FROM changed JOIN change ON change.id = changed.change WHERE op = 'remove'",
  ) as { usage_id: string }[];
  const removed = new Set(rows.map(({ usage_id }) => usage_id));
  const base = basename(connection.path);
  for (const name of names.filter((each) => isClearedName(each, base) && !/-(wal|shm)$/.test(each))) {
    await salvageRows(disk, join(dirname(connection.path), name), async (found) => {
      for (const { usage_id } of found) removed.add(usage_id);
    });
  }
  return (key) => removed.has(key);
}
