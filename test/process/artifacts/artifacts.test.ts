/**
 * The bundles of `npm run build`, and the extension packed by `npm run package`. For the npm package see npmPackage.test.ts.
 */
import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { UserPrices } from '../../../src/prices/userPrices.ts';
import { loadPriceTable, type PriceTable } from '../../../src/pricing/table.ts';

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
  test.each(['extension', 'core', 'cli', 'record', 'reader', 'commands', 'prices', 'index'])(
    '%s.js holds ASCII alone: V8 takes two bytes for each character of a text with any other',
    (name) => {
      const text = readFileSync(path.join(repository, `dist/${name}.js`), 'latin1');
      // oxlint-disable-next-line no-control-regex
      expect(/.{0,30}[^\0-\x7f].{0,30}/.exec(text)?.[0]).toBeUndefined();
    },
  );
});

describe('the packed price data', () => {
  interface Bundle {
    UserPrices: new () => UserPrices;
  }
  const require = createRequire(import.meta.url);
  /** A bundle that has read nothing yet. */
  function freshTable(): Promise<PriceTable | undefined> {
    const file = path.join(repository, 'dist/prices.js');
    delete require.cache[file];
    const { UserPrices: Prices } = require(file) as Bundle;
    return new Prices().pricer().then((pricer) => pricer?.table);
  }
  const names = (table: PriceTable | undefined): string[] =>
    table?.catalog().flatMap(({ id, models }) => models.map((model) => `${id} ${model.id}`)) ?? [];
  const pricesOf = (table: PriceTable | undefined, model: string): unknown => {
    const [provider = '', ...rest] = model.split(' ');
    const found = table?.find(provider, rest.join(' '));
    return typeof found === 'object' ? found.prices : found;
  };

  test('has every model of the sources with its prices', async () => {
    const [packed, source] = [await freshTable(), loadPriceTable()];
    expect(names(source).length).toBeGreaterThan(1_000);
    expect(names(packed)).toEqual(names(source));
    for (const model of names(source)) expect(pricesOf(packed, model)).toEqual(pricesOf(source, model));
  });

  test.each(['anthropic', 'google', 'openai', 'mistral', 'openrouter'])(
    'has those of %s if they are asked for first',
    async (provider) => {
      const [packed, source] = [await freshTable(), loadPriceTable()];
      const models = names(source).filter((name) => name.startsWith(`${provider} `));
      expect(models.length).toBeGreaterThan(5);
      for (const model of models) expect(pricesOf(packed, model)).toEqual(pricesOf(source, model));
      expect(names(packed)).toEqual(names(source));
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
      'dist/core.js',
      'dist/record.js',
      'dist/git.js',
      'dist/languages.br',
      'dist/live.js',
      'dist/postgres.js',
      'dist/prices.br',
      'dist/prices.js',
      'dist/team.js',
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
