/** Duration of a durable `track()` by ledger size, compared with the disk's minimum, SQLite and inkwell. */
import { join } from 'node:path';
import { Actor } from './lib/actor.ts';
import { inkwellActor } from './lib/inkwell.ts';
import { type Sample, digits, inTurns, section, table, times } from './lib/measure.ts';
import { benchFolder, builds, ledgerOf, quick, short } from './lib/place.ts';

const SIZES = quick ? [1_000, 100_000] : [1_000, 10_000, 100_000, 1_000_000];
const TURNS = quick ? 30 : 90;
const INKWELL = 50_000;

const folder = benchFolder('accept');
const floor = new Actor('floor', join(folder, 'floor'));
const sqlite = new Actor('sqlite', join(folder, 'usage.sqlite'));
const trackers = new Map<string, Actor>();
for (const { suffix, distribution } of builds) {
  for (const size of SIZES) {
    const name = `${short(size)}${suffix}`;
    trackers.set(name, new Actor('tracker', await ledgerOf(folder, name, size), distribution));
  }
}

/**
 * One call per turn, then a pause: no call is measured during the commit of the previous one, or with its data in the
 * processor's cache.
 */
const variants: Record<string, () => Promise<number[]>> = {
  floor: () => floor.once({ do: 'each' }),
  sqlite: () => sqlite.once({ do: 'each' }),
};
for (const [name, actor] of trackers) variants[name] = () => actor.once({ do: 'each' });

const at: Record<string, Sample> = await inTurns(TURNS, variants);

const busyFor = quick ? 300 : 1_500;
const busy: Record<string, Sample> = await inTurns(
  quick ? 1 : 3,
  Object.fromEntries(
    [['floor', floor] as const, ['sqlite', sqlite] as const, ...trackers].map(([name, actor]) => [
      name,
      () => actor.once({ do: 'for', count: busyFor }),
    ]),
  ),
);
for (const actor of [floor, sqlite, ...trackers.values()]) await actor.end();

const name = (key: string): string =>
  key === 'floor'
    ? 'append 300 bytes, fsync (the floor)'
    : key === 'sqlite'
      ? 'SQLite, WAL, `synchronous=FULL`, one insert'
      : `track(), ${key.replace(/^\S+/, '$& records')}`;
const rows = Object.entries(at).map(([key, sample]) => {
  const load = busy[key]!;
  return [
    name(key),
    digits(sample.p50),
    digits(sample.p95),
    times(sample, at['floor']!),
    digits(load.p50),
    digits(load.p95),
    times(load, busy['floor']!),
  ];
});

const inkwell = await inkwellActor(await ledgerOf(folder, 'inkwell', quick ? 10_000 : INKWELL));
if (inkwell) {
  const own = new Actor('tracker', await ledgerOf(folder, 'beside-inkwell', quick ? 10_000 : INKWELL));
  const both = await inTurns(quick ? 1 : 5, { own: () => own.once({ do: 'each' }), inkwell: () => inkwell.track() });
  await own.end();
  await inkwell.end();
  rows.push([
    `${inkwell.name}, ${short(quick ? 10_000 : INKWELL)} records`,
    digits(both.inkwell.p50),
    digits(both.inkwell.p95),
    `${times(both.inkwell, both.own)} ours`,
    '',
    '',
    '',
  ]);
}

const first = at[short(SIZES[0]!)]!;
const last = at[short(SIZES.at(-1)!)]!;
section(
  'Until a record is durable',
  'Milliseconds. Alone: nothing else is under way. In a row: each call as soon as the one before has returned, with the commits that this brings about going on beside them.',
  table(['', 'alone: p50', 'p95', 'against the floor', 'in a row: p50', 'p95', 'against the floor'], rows),
  `${short(SIZES.at(-1)!)} against ${short(SIZES[0]!)}: ${times(last, first)}.`,
);
