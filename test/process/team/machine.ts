/**
 * One machine of a team, in its own home folder: records, removes, undoes, reprices and sends until its stdin ends. Prints `+ID` once
 * a record is acknowledged, and `ready` at the start.
 *
 *     node machine.ts NAME TEAM-URL
 */
import { randomUUID } from 'node:crypto';
import { flushCompileCache } from 'node:module';
import { CostTracker } from '../../../src/library/costTracker.ts';
import { defaultLedgerPath, importedLedgerPath } from '../../../src/system/paths.ts';
import { newMembership, readMembership, saveMembership } from '../../../src/sync/membership.ts';
import { syncNow } from '../../../src/sync/sync.ts';
import { call, stored } from '../../contract/usages.ts';

const [name, url] = process.argv.slice(2) as [string, string];
const stop = new AbortController();
process.stdin.resume().on('end', () => stop.abort());

let membership = readMembership();
if (!membership) {
  membership = newMembership({ url, user: name, machine: name }, undefined, Date.now());
  await saveMembership(membership);
}
const primary = defaultLedgerPath();
const own = new CostTracker({ pricing: false });
const imported = new CostTracker({ ledger: importedLedgerPath(primary), pricing: false });
const mine: string[] = [];
flushCompileCache();
process.stdout.write('ready\n');

/** Logs that all machines copied: the same usage everywhere. */
const shared = Array.from({ length: 30 }, (_, i) =>
  call(`shared-${i}`, { timestamp: `2026-10-${10 + (i % 15)}T10:00:00.000Z` }),
);

while (!stop.signal.aborted) {
  const die = Math.random();
  if (die < 0.5) {
    const id = randomUUID();
    const day = 1 + Math.floor(Math.random() * 20);
    await own.track(call(id, { timestamp: new Date(Date.UTC(2026, 10, day)).toISOString(), cost_usd: Math.random() }));
    mine.push(id);
    process.stdout.write(`+${id}\n`);
  } else if (die < 0.6) {
    const usage = shared[Math.floor(Math.random() * shared.length)]!;
    await imported.adopt([stored(usage)]);
  } else if (die < 0.68 && mine.length > 0) {
    const id = mine[Math.floor(Math.random() * mine.length)]!;
    process.stdout.write(`-${id}\n`);
    await own.remove([id]);
  } else if (die < 0.76 && mine.length > 0) {
    await own.setCosts([
      { usageId: mine[Math.floor(Math.random() * mine.length)]!, fields: { cost_usd: Math.random() } },
    ]);
  } else {
    // Offline, or the server was killed: the next one catches up.
    await syncNow({ membership, ledgers: { primary } }).catch(() => undefined);
  }
}
await own.close();
await imported.close();
