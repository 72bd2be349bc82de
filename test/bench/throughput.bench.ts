/** Records per second: 1, 4 and 16 processes, each record acknowledged separately, and bursts in one process. */
import { join } from 'node:path';
import { Actor, type Kind, type Order } from './lib/actor.ts';
import { Sample, digits, section, table } from './lib/measure.ts';
import { benchFolder, ledgerOf, quick } from './lib/place.ts';

const PROCESSES = [1, 4, 16];
const ROUNDS = quick ? 1 : 5;
const MS = quick ? 700 : 2_000;
const BURST = 1_000;

const folder = benchFolder('throughput');
const KINDS: Record<Kind, string> = {
  floor: join(folder, 'floor'),
  sqlite: join(folder, 'usage.sqlite'),
  tracker: await ledgerOf(folder, 'ledger', 1_000),
};
const kinds = Object.keys(KINDS) as Kind[];

const rows: string[][] = [];
for (const count of PROCESSES) {
  const actors = new Map(
    kinds.map((kind) => [kind, Array.from({ length: count }, () => new Actor(kind, KINDS[kind]))]),
  );
  for (const all of actors.values()) await Promise.all(all.map((actor) => actor.once({ do: 'each', count: 3 })));
  const rates = new Map(kinds.map((kind) => [kind, new Sample()]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [kind, all] of actors) {
      const took = await Promise.all(all.map((actor) => actor.ask({ do: 'for', count: MS })));
      rates.get(kind)!.values.push((took.flat().length / MS) * 1000);
      await Promise.all(all.map((actor) => actor.ask({ do: 'rest' })));
    }
  }
  for (const all of actors.values()) await Promise.all(all.map((actor) => actor.end()));
  rows.push(row(`${count} ${count === 1 ? 'process' : 'processes'}, each record alone`, rates));
}

for (const [name, order] of [
  [`a burst of ${BURST} in one process, each acknowledged`, { do: 'burst', count: BURST }],
  [`${BURST} as one (trackAll, a transaction)`, { do: 'transaction', count: BURST }],
] as [string, Order][]) {
  const actors = new Map(kinds.map((kind) => [kind, new Actor(kind, KINDS[kind])]));
  for (const actor of actors.values()) await actor.once({ do: 'each', count: 3 });
  const rates = new Map(kinds.map((kind) => [kind, new Sample()]));
  for (let round = 0; round < ROUNDS * 2; round++) {
    for (const [kind, actor] of actors) {
      const [took = Number.NaN] = await actor.once(order);
      rates.get(kind)!.values.push((BURST / took) * 1000);
    }
  }
  for (const actor of actors.values()) await actor.end();
  rows.push(row(name, rates));
}

function row(name: string, rates: Map<Kind, Sample>): string[] {
  const [floor, sqlite, ours] = [rates.get('floor')!.p50, rates.get('sqlite')!.p50, rates.get('tracker')!.p50];
  return [name, digits(floor), digits(sqlite), digits(ours), `${digits(ours / sqlite)}x`];
}

section(
  'Records a second',
  'Medians. The floor appends 300 bytes and fsyncs them; SQLite is in WAL mode with `synchronous=FULL`, one transaction a record except in the last row; ours also commits to `costs.json` during the run.',
  table(['', 'floor', 'SQLite', 'track()', 'against SQLite'], rows),
);
