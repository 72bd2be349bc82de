import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import { pause } from '../../../../src/system/disk.ts';

/** The last process to close a database, and the first to open it after a crash, lock it exclusively for a moment. */

let folder: string;
let ledger: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-busy-'));
  ledger = join(folder, 'costs.db');
  const first = new CostTracker({ ledger });
  await first.track({ provider: 'p', model: 'm', operation: 'o', cost_usd: 1 });
  await first.close();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Prevents others even from reading until the returned function is called. */
function heldAlone(): () => void {
  const holder = new DatabaseSync(ledger);
  holder.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  return () => {
    holder.exec('ROLLBACK');
    holder.close();
  };
}

describe('a database that another has all to itself', () => {
  it.each<[string, (tracker: CostTracker) => Promise<unknown>]>([
    ['a record', (tracker) => tracker.track({ provider: 'p', model: 'm', operation: 'o', cost_usd: 1 })],
    ['a sum', async (tracker) => (await tracker.refresh(), tracker.summary())],
  ])('keeps %s waiting, and fails nobody', async (_, use) => {
    const release = heldAlone();
    const tracker = new CostTracker({ ledger });
    let done = false;
    const used = use(tracker).finally(() => (done = true));
    // Several times as long as SQLite itself waits before it returns SQLITE_BUSY.
    await pause(100);
    expect(done).toBe(false);
    release();
    await used;
    expect(tracker.state.health).not.toBe('unavailable');
    await tracker.close();
  });
});
