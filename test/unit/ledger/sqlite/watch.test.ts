import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CostTracker } from '../../../../src/library/costTracker.ts';
import type { LedgerState } from '../../../../src/ledger/results.ts';

let folder: string;
let one: CostTracker;
let other: CostTracker;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-watch-'));
  const ledger = join(folder, 'costs.db');
  one = new CostTracker({ ledger, pricing: false });
  other = new CostTracker({ ledger, pricing: false });
});
afterEach(async () => {
  await Promise.all([one.close(), other.close()]);
  rmSync(folder, { recursive: true, force: true });
});

const USAGE = { provider: 'p', model: 'm', operation: 'o', cost_usd: 1 };

/** The first matching state reported to a watcher. */
function told(ledger: CostTracker, fits: (state: LedgerState) => boolean): Promise<LedgerState> {
  return new Promise((resolve) => {
    const watching = ledger.watch((state) => {
      if (!fits(state)) return;
      watching.dispose();
      resolve(state);
    });
  });
}

it('tells of what another connection adds, removes and takes back, and of the ledger being made', async () => {
  const made = told(one, ({ records }) => records === 1);
  const { usage_id } = await other.track(USAGE);
  await made;
  const removed = told(one, ({ records }) => records === 0);
  await other.remove([usage_id]);
  await removed;
  const back = told(one, ({ records }) => records === 1);
  await other.undo();
  await back;
});

it('keeps the version while nothing changes, also when somebody merely looked', async () => {
  await one.track(USAGE);
  const { version } = await one.refresh();
  await other.refresh();
  await other.summary();
  expect((await one.refresh()).version).toBe(version);
  await other.track(USAGE);
  expect((await one.refresh()).version).toBeGreaterThan(version);
});

it('waits for a writer that takes its time, with no error', async () => {
  await one.track(USAGE);
  const slow = new DatabaseSync(one.path);
  slow.exec('BEGIN IMMEDIATE');
  const tracked = other.track(USAGE);
  const release = setTimeout(() => {
    slow.exec('COMMIT');
    slow.close();
  }, 200);
  await tracked;
  clearTimeout(release);
  expect((await one.refresh()).records).toBe(2);
});

it('leaves a copy behind when it has written, and none when it has only read', async () => {
  await other.track(USAGE);
  await other.refresh();
  expect((await one.summary()).records).toBe(1);
  await one.close();
  expect(existsSync(`${one.path}.prev`)).toBe(false);
  await other.close();
  expect(existsSync(`${one.path}.prev`)).toBe(true);
});
