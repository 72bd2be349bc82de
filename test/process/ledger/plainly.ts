import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Reads a ledger like any other program, without our code. */

export function isDatabase(ledger: string): boolean {
  return ledger.endsWith('.db');
}

/** The ids of the elements in the ledger's file, in order. @throws when the file is incomplete. */
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

/** Number of records. Fast enough for a loop. */
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
