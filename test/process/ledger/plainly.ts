import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Reading a ledger as any other program would: without any code of ours. */

export function isDatabase(ledger: string): boolean {
  return ledger.endsWith('.db');
}

/** The ids of what stands in the ledger's file, in its order. @throws when the file is not whole. */
export function idsIn(ledger: string): string[] {
  if (!isDatabase(ledger)) {
    return (JSON.parse(readFileSync(ledger, 'utf8')) as { usage_id: string }[]).map(({ usage_id }) => usage_id);
  }
  return reading(ledger, (db) => {
    const [{ integrity_check: found }] = db.prepare('PRAGMA integrity_check').all() as [{ integrity_check: string }];
    if (found !== 'ok') throw new Error(found);
    return db
      .prepare("SELECT text ->> 'usage_id' AS id FROM record ORDER BY seq")
      .all()
      .map(({ id }) => id as string);
  });
}

/** How many records there are. Quick enough for a loop. */
export function countIn(ledger: string): number {
  if (!isDatabase(ledger)) return idsIn(ledger).length;
  return reading(ledger, (db) => db.prepare('SELECT count(*) AS records FROM record').get()!['records'] as number);
}

function reading<T>(ledger: string, read: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(ledger, { readOnly: true, timeout: 10_000 });
  try {
    return read(db);
  } finally {
    db.close();
  }
}
