/**
 * Repairs a ledger and kills itself (SIGKILL) right before the nth name that it creates, changes or removes.
 *
 *     node diesMending.ts <ledger> <calls>
 */
import type { Disk } from '../../../src/system/disk.ts';
import { nodeDisk } from '../../../src/system/nodeDisk.ts';
import { CostTracker } from '../../../src/library/costTracker.ts';

const [ledger, calls] = process.argv.slice(2) as [string, string];
let left = Number(calls);
/** Other processes see only the names that a repair changes. */
const COUNTED = new Set(['link', 'rename', 'unlink', 'mkdirExclusive']);

const disk = new Proxy(nodeDisk, {
  get: (target, name: keyof Disk) => {
    const call = target[name] as boolean | ((...args: unknown[]) => unknown);
    if (typeof call !== 'function' || !COUNTED.has(name)) return call;
    return (...args: unknown[]): unknown => {
      if (--left === 0) process.kill(process.pid, 'SIGKILL');
      return call(...args);
    };
  },
});
const tracker = new CostTracker({ ledger, disk });
await tracker.repair();
await tracker.close();
