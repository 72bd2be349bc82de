/**
 * `npm run bench`: runs every `test/bench/*.bench.ts`, one after the other, on what `npm run build` makes, and writes
 * their tables to docs/benchmarks.md.
 *
 *     npm run bench -- --quick          a minute in all; writes to .cache/bench.md
 *     npm run bench -- --huge           also a ledger beyond what one JSON string can hold (needs 2 GB of disk)
 *     npm run bench -- accept start     only those whose name contains one of these; writes to .cache/bench.md
 *     npm run bench -- --output FILE    writes there
 *     npm run bench -- --beside FOLDER  measures the version that was built in FOLDER, too: both take turns in accept,
 *                                       commit, import, sqlite and start; writes to .cache/bench.md
 *
 * The ledgers are made in .cache/bench, or in the folder that LLM_SPEND_BENCH_FOLDER names. A bench is a program:
 * progress goes to its stderr, and what it writes to stdout is Markdown.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { format } from 'oxfmt';
import { NO_TYPE_WARNING, root, run, usePinnedNode } from './lib.mjs';

/** The part of the file that is not measured. */
const NOTES = '## Where it falls short';

const { values: flags, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    beside: { type: 'string' },
    output: { type: 'string' },
    quick: { type: 'boolean', default: false },
    huge: { type: 'boolean', default: false },
  },
});

await usePinnedNode();

const folder = path.join(root, 'test/bench');
const all = existsSync(folder) ? (await readdir(folder)).filter((file) => file.endsWith('.bench.ts')).sort() : [];
const benches = all.filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)));
if (benches.length === 0) {
  console.error(`No bench to run. There are: ${all.join(', ') || 'none'}`);
  process.exit(2);
}

await run(process.execPath, [NO_TYPE_WARNING, 'scripts/build.mjs']);

const beside = flags.beside && path.resolve(flags.beside);
if (beside !== undefined && !existsSync(path.join(beside, 'dist/cli.js'))) {
  console.error(`${beside} has no dist/cli.js: run npm run build there.`);
  process.exit(2);
}
const scratch = path.resolve(process.env['LLM_SPEND_BENCH_FOLDER'] ?? path.join(root, '.cache/bench'));
await mkdir(scratch, { recursive: true });
const fileSystem = await fileSystemOf(scratch);
if (fileSystem === 'tmpfs') {
  console.error(`${scratch} is in memory, where fsync costs nothing. Name another folder in LLM_SPEND_BENCH_FOLDER.`);
  process.exit(2);
}

const [cpu] = cpus();
const memory = Math.round(totalmem() / 2 ** 30);
const load = loadavg().map((each) => each.toFixed(1));
const tables = [
  `# Benchmarks

\`npm run bench\` measures all of this in one run. What is compared takes turns (A, B, A, B, ...), because a machine is
never quite idle; what counts are the ratios. p50 is the median; of 20 times, 19 are below p95.

Node ${process.version}, ${platform()} ${release()}, ${cpus().length} x ${cpu?.model.trim() || 'unknown'}, ${memory} GiB,
file system ${fileSystem || 'unknown'}, load before the run ${load.join(', ')}.`,
];
for (const file of benches) {
  console.error(`\n=== ${file} ===`);
  tables.push(await markdownOf(path.join(folder, file)));
}
const whole = !flags.quick && flags.beside === undefined && wanted.length === 0;
const output = path.resolve(root, flags.output ?? (whole ? 'docs/benchmarks.md' : '.cache/bench.md'));
await mkdir(path.dirname(output), { recursive: true });
// What a person wrote about the figures stays.
const before = await readFile(output, 'utf8').catch(() => '');
const notes = before.includes(NOTES) ? before.slice(before.indexOf(NOTES)) : '';
if (notes !== '') tables.push(notes);
const text = `${tables.map((table) => table.trim()).join('\n\n')}\n`;
await writeFile(output, (await format(path.basename(output), text, { printWidth: 120 })).code);
console.error(`\nWritten to ${path.relative(root, output)}`);
process.exit();

/** Runs one bench, with what it prints on our stdout too. @param {string} file @returns {Promise<string>} */
function markdownOf(file) {
  return new Promise((resolve, reject) => {
    const sizes = [...(flags.quick ? ['--quick'] : []), ...(flags.huge ? ['--huge'] : [])];
    const quiet = [NO_TYPE_WARNING, '--disable-warning=ExperimentalWarning'];
    const child = spawn(process.execPath, [...quiet, '--expose-gc', file, ...sizes], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...(beside === undefined ? {} : { LLM_SPEND_BENCH_BESIDE: beside }) },
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      process.stdout.write(chunk);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(text);
      else reject(new Error(`${path.basename(file)}: exit code ${code}`));
    });
  });
}

/** `ext4`, `tmpfs`, ...; empty where the system does not tell. @param {string} folder @returns {Promise<string>} */
async function fileSystemOf(folder) {
  const mounts = await readFile('/proc/self/mounts', 'utf8').catch(() => '');
  let best = { length: -1, type: '' };
  for (const line of mounts.split('\n')) {
    const [, point = '', type = ''] = line.split(' ');
    const inside = point === '/' || folder === point || folder.startsWith(`${point}/`);
    if (point !== '' && inside && point.length >= best.length) best = { length: point.length, type };
  }
  return best.type;
}
