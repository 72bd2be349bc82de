import { pause } from '../../../system/disk.ts';
import { isBusy, isDamage, sqliteEngine } from '../engine.ts';

/** How long a repair waits for a writer in the middle of a transaction. */
const HOLD_MS = 60_000;

/**
 * Prevents other processes from writing to a database. Returns undefined if its damage prevents that, at least for processes
 * that do not have it open yet.
 * @returns a function that lifts the lock.
 */
export async function holdWriters(path: string): Promise<(() => void) | undefined> {
  const giveUp = performance.now() + HOLD_MS;
  const db = new (sqliteEngine().DatabaseSync)(path, { timeout: 0 });
  for (;;) {
    try {
      db.exec('BEGIN IMMEDIATE');
      return () => db.close();
    } catch (error) {
      if (!isBusy(error) || performance.now() > giveUp) {
        db.close();
        if (isDamage(error)) return undefined;
        throw error;
      }
    }
    await pause(10);
  }
}
