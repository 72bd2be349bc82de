/**
 * Records one usage, acknowledges it, and stops itself (SIGSTOP) at the worst moment, to continue from there on SIGCONT: for a
 * JSON ledger right before its first version is renamed onto the ledger, for SQLite within its transaction, which blocks all
 * other writers.
 *
 *     node stopsMidway.ts <ledger> <usage_id>
 */
import { writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Disk } from '../../../src/system/disk.ts';
import { nodeDisk } from '../../../src/system/nodeDisk.ts';
import { CostTracker } from '../../../src/library/costTracker.ts';
import { isDatabase } from './plainly.ts';

const [ledger, id] = process.argv.slice(2) as [string, string];
let stopped = false;

function stop(): void {
  if (stopped) return;
  stopped = true;
  process.kill(process.pid, 'SIGSTOP');
}

/** Whether a process, which can only be this one, is in the middle of a transaction. */
function isWriteLocked(): boolean {
  const db = new DatabaseSync(ledger, { timeout: 0 });
  try {
    db.exec('BEGIN IMMEDIATE; ROLLBACK');
    return false;
  } catch {
    return true;
  } finally {
    db.close();
  }
}

const disk: Disk = {
  ...nodeDisk,
  renameSync: (from, to) => {
    stop();
    nodeDisk.renameSync(from, to);
  },
  statSync: (path) => {
    if (!stopped && isDatabase(ledger) && path === ledger && isWriteLocked()) stop();
    return nodeDisk.statSync(path);
  },
};
const tracker = new CostTracker({ ledger, disk });
await tracker.track({ usage_id: id, provider: 'claude', model: 'm', operation: 'extraction' });
writeSync(1, `${id}\n`);
await tracker.flush();
await tracker.close();
