/**
 * The long run: rounds of half a minute, each on a separate ledger, JSON and SQLite alternately, in which six writers are
 * killed (and sometimes suspended for longer than a lock lives) while two readers watch. Ends with a table, and with exit code
 * 1 if anything was lost, counted twice, torn, or shorter than before.
 *
 *     node soak.ts [kills]
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Writer } from './harness.ts';
import { Reader, STORES, llmSpend, oneOf, temporaryFolder, toll, underFire } from './harness.ts';

const TARGET = Number(process.argv[2] ?? 10_000);
const ROUND_MS = 30_000;
/** One disturbance in this many is a SIGSTOP. */
const STOPS = 12;

const sum = { rounds: 0, kills: 0, stops: 0, acknowledged: 0, missing: 0, twice: 0, reads: 0, torn: 0, shrunk: 0 };
let unsound = 0;
const start = performance.now();

while (sum.kills < TARGET) {
  await round();
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  console.log(
    `${minutes} min: ${sum.kills} of ${TARGET} kills, ${sum.acknowledged} acknowledged, ` +
      `${sum.missing} missing, ${sum.twice} twice, ${sum.torn} torn, ${sum.shrunk} shrunk`,
  );
}

console.log(`
|  |  |
|---|--:|
| rounds, each on a new ledger | ${sum.rounds} |
| writers killed (SIGKILL) | ${sum.kills} |
| writers stopped and continued (SIGSTOP) | ${sum.stops} |
| records acknowledged | ${sum.acknowledged} |
| **of them missing** | **${sum.missing}** |
| **counted twice** | **${sum.twice}** |
| reads meanwhile | ${sum.reads} |
| **torn** | **${sum.torn}** |
| **shorter than the one before** | **${sum.shrunk}** |
| ledgers that \`verify\` found unsound | ${unsound} |
| minutes | ${((performance.now() - start) / 60_000).toFixed(1)} |`);
process.exitCode = sum.missing + sum.twice + sum.torn + sum.shrunk + unsound > 0 ? 1 : 0;

async function round(): Promise<void> {
  const place = temporaryFolder(STORES[sum.rounds % STORES.length]![1]);
  const reader = new Reader(place.ledger);
  const acknowledged = new Set<string>();
  const asleep = new Set<Writer>();
  const naps: Promise<void>[] = [];
  const nap = async (writer: Writer): Promise<void> => {
    asleep.add(writer);
    writer.process.kill('SIGSTOP');
    await wait(500 + Math.random() * 14_500);
    writer.process.kill('SIGCONT');
    asleep.delete(writer);
  };
  await underFire(place.ledger, acknowledged, {
    writers: 6,
    ms: ROUND_MS,
    every: [20, 160],
    inFlight: oneOf([1, 1, 8]),
    blow: async (writers, replace) => {
      const victim = oneOf(writers);
      if (!asleep.has(victim) && Math.random() < 1 / STOPS) {
        naps.push(nap(victim));
        sum.stops++;
        return;
      }
      await victim.kill();
      replace(victim);
      sum.kills++;
    },
  });
  await Promise.all(naps);
  // Records left in journals by killed processes are committed by the next commit of any process.
  llmSpend(place.ledger, 'record', '--provider=p', '--model=m', '--operation=o', '--cost-usd=0.01');
  const { missing, twice } = toll(place.ledger, acknowledged);
  const { reads, torn, shrunk } = await reader.finish();
  if (llmSpend(place.ledger, 'verify').code !== 0) unsound++;
  for (const problem of [...torn, ...shrunk]) console.error(problem);
  sum.rounds++;
  sum.acknowledged += acknowledged.size;
  sum.missing += missing.length;
  sum.twice += twice.length;
  sum.reads += reads[0] + reads[1];
  sum.torn += torn.length;
  sum.shrunk += shrunk.length;
  // A ledger that lost something is kept for inspection.
  if (missing.length + twice.length + torn.length + shrunk.length === 0) place.dispose();
  else console.error(`kept: ${place.folder}`);
}
