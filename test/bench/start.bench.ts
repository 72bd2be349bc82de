/** Start-up cost of `llm-spend record` for a script, and of loading the extension for the editor. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Sample, digits, inTurns, section, table, times } from './lib/measure.ts';
import { benchFolder, builds, ledgerOf, quick, short } from './lib/place.ts';

const SIZES = quick ? [0, 10_000] : [0, 1_000, 10_000, 100_000];
const folder = benchFolder('start');
const empty = join(folder, 'empty.js');
writeFileSync(empty, '');

/** Wall time of a process with its output in a pipe, as in `$(...)`. */
function run(...args: string[]): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    // Keeps the code compiled in the first run for the others, as in a user's cache folder.
    env: { ...process.env, XDG_CACHE_HOME: folder },
  });
  if (status !== 0) throw new Error(`exit code ${status}: ${stderr}`);
  return performance.now() - start;
}

const USAGE =
  '--provider claude --model claude-sonnet-4-5 --operation review --input-tokens 1200 --output-tokens 300 --cost-usd 0.0081';
const variants: Record<string, () => number> = { empty: () => run(empty) };
for (const [i, { suffix, distribution }] of builds.entries()) {
  const cli = join(distribution, 'cli.js');
  const record = (ledger: string): string[] => [cli, 'record', '--ledger', ledger, ...USAGE.split(' ')];
  for (const size of SIZES) {
    const ledger = await ledgerOf(folder, `of-${short(size)}-${i}`, size);
    const of = size === 0 ? 'a small ledger' : `${short(size)} records`;
    variants[`one \`llm-spend record\`, ${of}${suffix}`] = () => run(...record(ledger));
  }
  const priced = record(await ledgerOf(folder, `priced-${i}`, 0)).slice(0, -'--cost-usd 0.0081'.split(' ').length);
  variants[`one \`llm-spend record\`, priced by its tokens${suffix}`] = () => run(...priced);
  variants[`\`llm-spend path\`${suffix}`] = () => run(cli, 'path');
}
const at = await inTurns(quick ? 8 : 40, variants);
const floor = at['empty']!;
section(
  'One shot from a script',
  'Milliseconds of a whole process, beside Node with an empty script.',
  table(
    ['', 'p50', 'p95', 'against an empty script'],
    Object.entries(at).map(([key, sample]) => [
      key === 'empty' ? 'Node, an empty script' : key,
      digits(sample.p50),
      digits(sample.p95),
      times(sample, floor),
    ]),
  ),
);

// The extension imports `vscode`, which exists only in the editor; this stub accepts any call.
const stub = join(folder, 'node_modules/vscode');
mkdirSync(stub, { recursive: true });
writeFileSync(
  join(stub, 'index.js'),
  `const any = new Proxy(class {}, { get: (of, key) => (key in of ? of[key] : any) }); module.exports = any;`,
);
const load = join(folder, 'load.js');
writeFileSync(
  load,
  `const Module = require('node:module');
const find = Module._resolveFilename;
Module._resolveFilename = (name, ...rest) => name === 'vscode' ? ${JSON.stringify(join(stub, 'index.js'))} : find(name, ...rest);
require('vscode');
const start = performance.now();
require(process.argv[2]);
process.stdout.write(String(performance.now() - start));`,
);
const loading = Object.fromEntries(
  builds.flatMap(({ suffix, distribution }) =>
    [
      [`the extension (\`dist/extension.js\`)${suffix}`, 'extension.js'] as const,
      [`the library (\`dist/index.js\`)${suffix}`, 'index.js'] as const,
    ].map(([name, file]) => [
      name,
      () => Number(spawnSync(process.execPath, [load, join(distribution, file)], { encoding: 'utf8' }).stdout),
    ]),
  ),
);
const loaded: Record<string, Sample> = await inTurns(quick ? 5 : 25, loading);
section(
  'Loading',
  'Milliseconds of `require` in a new process, nothing cached.',
  table(
    ['', 'p50', 'p95'],
    Object.entries(loaded).map(([name, { p50, p95 }]) => [name, digits(p50), digits(p95)]),
  ),
);
