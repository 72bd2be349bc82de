/** How long until a record stands in `costs.json`, beside writing, fsyncing and renaming as many bytes. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Actor } from './lib/actor.ts';
import { digits, inTurns, section, table, timed, times } from './lib/measure.ts';
import { benchFolder, ledgerOf, quick, short } from './lib/place.ts';

const SIZES = quick ? [1_000, 100_000] : [1_000, 10_000, 100_000, 1_000_000];

const folder = benchFolder('commit');
const rows: string[][] = [];
for (const size of SIZES) {
  const path = await ledgerOf(folder, short(size), size);
  const bytes = readFileSync(path);
  const tracker = new Actor('tracker', path);
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
  const at = await inTurns(turns, { rewrite: () => timed(rewrite), ours: () => tracker.once({ do: 'file' }) });
  await tracker.end();
  rows.push([
    `${short(size)} (${digits(bytes.length / 1e6)} MB)`,
    digits(at.rewrite.p50),
    digits(at.rewrite.p95),
    digits(at.ours.p50),
    digits(at.ours.p95),
    times(at.ours, at.rewrite),
  ]);
}
section(
  'Until it stands in the file',
  'Milliseconds from the call of `track()` until `flush()` has returned, in a process that knows the ledger, beside writing, fsyncing and renaming the same bytes in the same folder, fsync of the folder included.',
  table(['records', 'same bytes: p50', 'p95', 'track() and flush(): p50', 'p95', 'ratio'], rows),
);
