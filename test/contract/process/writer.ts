/**
 * Records one usage after another until its stdin ends, and prints the id of each once it is acknowledged.
 *
 *     node writer.ts <ledger>
 */
import { randomUUID } from 'node:crypto';
import { flushCompileCache } from 'node:module';
import { CostTracker } from '../../../src/library/costTracker.ts';
import { call } from '../usages.ts';

const ledger = process.argv[2]!;
const stop = new AbortController();
process.stdin.resume().on('end', () => stop.abort());

const tracker = new CostTracker({ ledger, pricing: false });
flushCompileCache();
while (!stop.signal.aborted) {
  const { usage_id: id } = await tracker.track(call(randomUUID()));
  process.stdout.write(`${id}\n`);
}
await tracker.close();
