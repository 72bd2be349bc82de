/**
 * Records one usage, says so, and stops itself (SIGSTOP) right before its first version is renamed onto the ledger, so
 * that it goes on from there whenever somebody continues it.
 *
 *     node stopsBeforeRename.ts <ledger> <usage_id>
 */
import { writeSync } from 'node:fs';
import type { Disk } from '../../../src/ledger/disk.ts';
import { nodeDisk } from '../../../src/ledger/disk.ts';
import { CostTracker } from '../../../src/ledger/tracker.ts';

const [ledger, id] = process.argv.slice(2);
let stopped = false;
const disk: Disk = {
  ...nodeDisk,
  renameSync: (from, to) => {
    if (!stopped) {
      stopped = true;
      process.kill(process.pid, 'SIGSTOP');
    }
    nodeDisk.renameSync(from, to);
  },
};
const tracker = new CostTracker({ ledger, disk });
await tracker.track({ usage_id: id!, provider: 'claude', model: 'm', operation: 'extraction' });
writeSync(1, `${id}\n`);
await tracker.flush();
await tracker.close();
