/** Time until a record is in `costs.json`, compared with writing, fsyncing and renaming the same number of bytes. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Actor } from './lib/actor.ts';
import { type Sample, digits, inTurns, section, table, timed, times } from './lib/measure.ts';
import { benchFolder, builds, ledgerOf, quick, short } from './lib/place.ts';

const SIZES = quick ? [1_000, 100_000] : [1_000, 10_000, 100_000, 1_000_000];

const folder = benchFolder('commit');
const rows: string[][] = [];
for (const size of SIZES) {
  const ledgers = await Promise.all(builds.map(({ suffix }) => ledgerOf(folder, `${short(size)}${suffix}`, size)));
  const [path] = ledgers as [string];
  const bytes = readFileSync(path);
  const trackers = builds.map(({ distribution }, i) => new Actor('tracker', ledgers[i]!, distribution));
  const aside = join(dirname(path), 'same-bytes');
  const rewrite = (): void => {
    const fd = openSync(`${aside}.new`, 'w');
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
    closeSync(fd);
    renameSync(`${aside}.new`, aside);
    const parent = openSync(dirname(path), 'r');
    fsyncSync(parent);
    closeSync(parent);
  };
  const turns = quick ? 5 : size > 100_000 ? 8 : 30;
  const at: Record<string, Sample> = await inTurns(turns, {
    rewrite: () => timed(rewrite),
    ...Object.fromEntries(builds.map(({ suffix }, i) => [suffix, () => trackers[i]!.once({ do: 'file' })])),
  });
  for (const tracker of trackers) await tracker.end();
  const floor = at['rewrite']!;
  for (const { suffix } of builds) {
    const ours = at[suffix]!;
    rows.push([
      `${short(size)} (${digits(bytes.length / 1e6)} MB)${suffix}`,
      digits(floor.p50),
      digits(floor.p95),
      digits(ours.p50),
      digits(ours.p95),
      times(ours, floor),
    ]);
  }
}
section(
  'Until a record is in the file',
  'Milliseconds from the call of `track()` until `flush()` has returned, in a process that knows the ledger, beside writing, fsyncing and renaming the same bytes in the same folder, fsync of the folder included.',
  table(['records', 'same bytes: p50', 'p95', 'track() and flush(): p50', 'p95', 'ratio'], rows),
);
