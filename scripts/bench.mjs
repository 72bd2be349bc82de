/**
 * `npm run bench`: runs every `test/bench/*.bench.ts`, one after the other, on what `npm run build` makes.
 *
 *     npm run bench -- track sqlite     only those whose name contains one of these
 *     npm run bench -- --output FILE    where the tables go (default: .cache/bench.md)
 *
 * A bench is a program: progress goes to its stderr, and what it writes to stdout is Markdown.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { cpus, platform, release, totalmem } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { root, run, usePinnedNode } from './lib.mjs';

const { values: flags, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { output: { type: 'string', default: '.cache/bench.md' } },
});

await usePinnedNode();

const folder = path.join(root, 'test/bench');
const all = existsSync(folder) ? (await readdir(folder)).filter((file) => file.endsWith('.bench.ts')).sort() : [];
const benches = all.filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)));
if (benches.length === 0) {
  console.error(`No bench to run. There are: ${all.join(', ') || 'none'}`);
  process.exit(2);
}

await run(process.execPath, ['scripts/build.mjs']);

const [cpu] = cpus();
const memory = Math.round(totalmem() / 2 ** 30);
const tables = [
  `Node ${process.version}, ${platform()} ${release()}, ${cpus().length} x ${cpu?.model.trim() ?? 'unknown'}, ${memory} GiB`,
];
for (const file of benches) {
  console.error(`\n=== ${file} ===`);
  tables.push(await markdownOf(path.join(folder, file)));
}
const output = path.resolve(root, flags.output);
await mkdir(path.dirname(output), { recursive: true });
await writeFile(output, `${tables.map((table) => table.trim()).join('\n\n')}\n`);
console.error(`\nWritten to ${path.relative(root, output)}`);
process.exit();

/** Runs one bench, with what it prints on our stdout too. @param {string} file @returns {Promise<string>} */
function markdownOf(file) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', '--expose-gc', file], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
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
