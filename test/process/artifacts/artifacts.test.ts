/** What `npm run build` and `npm run package` made, as the people who get it find it. */
import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const repository = path.resolve(import.meta.dirname, '../../..');
const manifest = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8')) as {
  version: string;
  bin: Record<string, string>;
};
const vsix = `llm-spend-${manifest.version}.vsix`;
const isWindows = process.platform === 'win32';

function bytes(file: string): number {
  return statSync(path.join(repository, file)).size;
}

describe('sizes', () => {
  test('the package of the extension is below 1 MB', () => {
    expect(bytes(vsix)).toBeLessThan(1_000_000);
  });

  test('the webview is below 500 kB', () => {
    expect(bytes('dist/webview/main.js')).toBeLessThan(500_000);
  });
});

describe('the bundles', () => {
  test.each(['extension', 'cli', 'record', 'reader', 'commands', 'prices', 'index'])(
    '%s.js holds ASCII alone: V8 takes two bytes for each character of a text with any other',
    (name) => {
      const text = readFileSync(path.join(repository, `dist/${name}.js`), 'latin1');
      // oxlint-disable-next-line no-control-regex
      expect(/.{0,30}[^\0-\x7f].{0,30}/.exec(text)?.[0]).toBeUndefined();
    },
  );
});

describe('the command', () => {
  const cli = path.join(repository, manifest.bin['llm-spend'] as string);

  test('runs by its own name', async () => {
    const { stdout } = isWindows ? await run(process.execPath, [cli, '--version']) : await run(cli, ['--version']);
    expect(stdout.trim()).toBe(manifest.version);
  });

  test('helps', async () => {
    const { stdout } = await run(process.execPath, [cli, '--help']);
    for (const command of ['record', 'costs', 'verify', 'repair', 'clear', 'undo', 'export', 'watch', 'path']) {
      expect(stdout).toContain(command);
    }
  });
});

describe('the library, installed from its package', () => {
  const esm = `
import { CostTracker, type UsageInput, type UsageRecord } from 'llm-spend';
const usage: UsageInput = { provider: 'openai', model: 'gpt-5', operation: 'chat', cost_usd: 0.25 };
const tracker = new CostTracker({ ledger: process.argv[2] ?? '' });
const stored: UsageRecord = await tracker.track(usage);
const all: UsageRecord[] = await tracker.trackAll([usage, usage]);
const totals = await tracker.summary();
console.log(JSON.stringify([stored.cost_usd, all.length, typeof totals, (await tracker.recent(1)).length]));
// @ts-expect-error an operation is required
const refused = tracker.track({ provider: 'openai', model: 'gpt-5' });
await refused.catch(() => {});
await tracker.close();
`;
  const cjs = `
import llmSpend = require('llm-spend');
async function main(): Promise<void> {
  const tracker = new llmSpend.CostTracker({ ledger: process.argv[2] ?? '' });
  console.log((await tracker.read()).length);
  await tracker.close();
  const esm = await import('llm-spend');
  if (esm.CostTracker !== llmSpend.CostTracker) throw new Error('there are two libraries');
}
void main();
`;
  let consumer = '';

  beforeAll(async () => {
    consumer = await mkdtemp(path.join(tmpdir(), 'llm-spend-consumer-'));
    const installed = path.join(consumer, 'node_modules/llm-spend');
    await mkdir(installed, { recursive: true });
    const { stdout } = await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', consumer], {
      cwd: repository,
      shell: isWindows,
    });
    await run('tar', ['-xzf', path.join(consumer, stdout.trim()), '-C', installed, '--strip-components=1']);
    await writeFile(path.join(consumer, 'package.json'), '{"private":true}');
    await writeFile(path.join(consumer, 'esm.mts'), esm);
    await writeFile(path.join(consumer, 'cjs.cts'), cjs);
    const options = {
      compilerOptions: {
        target: 'es2022',
        module: 'nodenext',
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        typeRoots: [path.join(repository, 'node_modules/@types')],
        types: ['node'],
        outDir: 'out',
      },
      files: ['esm.mts', 'cjs.cts'],
    };
    await writeFile(path.join(consumer, 'tsconfig.json'), JSON.stringify(options));
  });
  afterAll(() => rm(consumer, { recursive: true, force: true }));

  test('its types and its code serve both module systems, without a flag or another package', async () => {
    const tsc = path.join(repository, 'node_modules/typescript/bin/tsc');
    await run(process.execPath, [tsc, '-p', consumer]).catch((error: { stdout: string }) => {
      throw new Error(error.stdout);
    });
    const ledger = path.join(consumer, 'costs.json');
    const [first, second] = [
      await run(process.execPath, [path.join(consumer, 'out/esm.mjs'), ledger]),
      await run(process.execPath, [path.join(consumer, 'out/cjs.cjs'), ledger]),
    ];
    expect(JSON.parse(first.stdout)).toEqual([0.25, 2, 'object', 1]);
    expect(second.stdout.trim()).toBe('3');
    expect(first.stderr + second.stderr).toBe('');
  });

  test('holds the library and the command, and nothing of the editor', async () => {
    const files = await readdir(path.join(consumer, 'node_modules/llm-spend'), { recursive: true });
    const named = files
      .map((file) => file.replaceAll(path.sep, '/'))
      .filter((file) => !/^(dist\/types\/|[A-Z]+)/.test(file));
    expect(named.toSorted()).toEqual([
      'dist',
      'dist/cli.js',
      'dist/commands.js',
      'dist/index.d.mts',
      'dist/index.js',
      'dist/index.mjs',
      'dist/licences.txt',
      'dist/prices.js',
      'dist/reader.js',
      'dist/record.js',
      'dist/types',
      'package.json',
    ]);
  });
});

/** The names in a zip archive, from its central directory (PKZIP APPNOTE, 4.3.12): 46 bytes and then the name. */
function namesInZip(archive: Buffer): string[] {
  const names: string[] = [];
  const end = archive.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  let at = archive.readUInt32LE(end + 16);
  while (archive.readUInt32LE(at) === 0x02014b50) {
    const [name, extra, comment] = [28, 30, 32].map((field) => archive.readUInt16LE(at + field)) as [
      number,
      number,
      number,
    ];
    names.push(archive.toString('utf8', at + 46, at + 46 + name));
    at += 46 + name + extra + comment;
  }
  return names;
}

describe('the package of the extension', () => {
  test('holds what ships and nothing else', () => {
    const names = namesInZip(readFileSync(path.join(repository, vsix)))
      .filter((name) => name.startsWith('extension/'))
      .map((name) => name.slice('extension/'.length));
    const needed = [
      'package.json',
      'package.nls.json',
      'LICENSE.txt',
      'dist/extension.js',
      'dist/cli.js',
      'dist/record.js',
      'dist/prices.js',
      'dist/reader.js',
      'dist/commands.js',
      'dist/licences.txt',
      'dist/webview/main.js',
      'dist/webview/main.css',
      'dist/webview/codicon.css',
      'dist/webview/codicon.ttf',
      'media/icon.png',
      'media/activity.svg',
    ];
    const allowed = [
      /^(readme|changelog)\.md$/i,
      /^package\.nls\.[\w-]+\.json$/,
      /^l10n\/bundle\.l10n\.[\w-]+\.json$/,
      /^dist\/webview\/[\w.-]+\.(js|css|ttf)$/,
      /^media\/[\w.-]+\.svg$/,
      /^media\/walkthrough\//,
    ];
    expect(needed.filter((name) => !names.includes(name))).toEqual([]);
    expect(names.filter((name) => !needed.includes(name) && !allowed.some((each) => each.test(name)))).toEqual([]);
  });
});
