/**
 * Builds everything that ships into `dist/`:
 *
 *     dist/core.js           what all of the following share, see scripts/sharedBundles.mjs
 *     dist/extension.js      the extension           from src/extension.ts     CommonJS, VS Code's Node
 *     dist/cli.js            the llm-spend command   from src/cli/main.ts      CommonJS, Node >= 20, executable
 *     dist/record.js         its one-shot record     from src/cli/runRecord.ts
 *     dist/commands.js       all of its commands     from src/cli/runCommand.ts
 *     dist/languages.br      its texts in all languages, from l10n/cli.*.json
 *     dist/reader.js         a thread of an import   from src/sources/import/readerThread.ts; the others load its list of agents on demand
 *     dist/live.js           live recording          from src/live/index.ts, loaded by the others on demand
 *     dist/postgres.js       ledgers in PostgreSQL   from src/ledger/postgres/index.ts, loaded by the others on demand
 *     dist/team.js           joining and following a team, from src/host/team/teamCode.ts, loaded by the extension on demand
 *     dist/git.js            commit costs            from src/git/index.ts, loaded by the others on demand
 *     dist/prices.js         everything of prices    from src/prices/index.ts, loaded by the others on demand
 *     dist/prices.br         the price data that it reads
 *     dist/index.js, .mjs    the library             from src/library/index.ts  CommonJS, and an ES module around it
 *     dist/types/            the library's types     from src/library/index.ts
 *     dist/webview/          main.js, main.css       from media/main.ts and the styles that it imports; the icon font
 *     dist/licences.txt      of all that is bundled
 *     dist/test/suite/       the tests for the extension host, each file of test/editor/suite (not shipped)
 *
 *     node scripts/build.mjs            what has an entry file; missing ones are named and left out
 *     node scripts/build.mjs --all      a missing entry is an error
 *     node scripts/build.mjs --release  as it ships: made smaller once more, which takes some 10 s
 *     node scripts/build.mjs --watch    builds again at each change, with source maps and readable code
 */
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build as bundle, context } from 'esbuild';
import { iconStyle, subsetFont, usedIcons } from './iconFont.mjs';
import { writeLanguages } from './languages.mjs';
import { kilobytes, root, run } from './lib.mjs';
import { takePackedPrices, writePackedPrices } from './packedPrices.mjs';
import { coreModule, takeFromOthers } from './sharedBundles.mjs';
import { shorten } from './shorten.mjs';

/** What the oldest VS Code of `engines.vscode` (1.101) runs: Electron 35, that is Node 22.15 and Chromium 134. */
const EDITOR_NODE = 'node22.15';
const EDITOR_BROWSER = 'chrome134';
const SUPPORTED_NODE = 'node20';

/**
 * @typedef {object} Target
 * @property {string} name
 * @property {string} entry relative to the repository. That of the core lists the modules that it exports.
 * @property {import('esbuild').BuildOptions} options
 * @property {(how: { watching: boolean }) => Promise<void>} [after]
 */

/** A file for Node. @param {string} name @param {import('esbuild').BuildOptions} [more] @returns {import('esbuild').BuildOptions} */
const forNode = (name, more) => ({
  platform: 'node',
  format: 'cjs',
  target: SUPPORTED_NODE,
  outfile: `dist/${name}.js`,
  plugins: [takeFromOthers(`./${name}.js`)],
  ...more,
});

/** @type {Target[]} */
const targets = [
  {
    name: 'core',
    entry: 'scripts/sharedBundles.mjs',
    options: forNode('core', {
      entryPoints: [],
      stdin: { contents: await coreModule(), resolveDir: root, loader: 'ts', sourcefile: 'core.ts' },
    }),
  },
  {
    name: 'extension',
    entry: 'src/extension.ts',
    options: forNode('extension', {
      target: EDITOR_NODE,
      // The command reads logs, also for the editor, which therefore needs no parser of CSV.
      external: ['vscode', 'csv-parse'],
    }),
  },
  {
    name: 'command line',
    entry: 'src/cli/main.ts',
    // Alone, because `--version` and a cached status line need no other file.
    options: forNode('cli', { banner: { js: '#!/usr/bin/env node' }, plugins: [] }),
    after: () => chmod(path.join(root, 'dist/cli.js'), 0o755),
  },
  {
    name: 'one-shot record',
    entry: 'src/cli/runRecord.ts',
    options: forNode('record', { plugins: [takeFromOthers('./record.js', { core: false })] }),
  },
  {
    name: "an import's second reader",
    entry: 'src/sources/import/readerThread.ts',
    options: forNode('reader'),
  },
  {
    name: 'all commands',
    entry: 'src/cli/runCommand.ts',
    options: forNode('commands'),
    after: writeLanguages,
  },
  {
    name: 'prices',
    entry: 'src/prices/index.ts',
    options: forNode('prices', { plugins: [takeFromOthers('./prices.js', { core: false }), takePackedPrices] }),
    after: writePackedPrices,
  },
  {
    name: 'ledgers in PostgreSQL',
    entry: 'src/ledger/postgres/index.ts',
    options: forNode('postgres', {
      // Optional parts of the client, which we do not use.
      external: ['pg-native', 'pg-cloudflare', 'cloudflare:sockets'],
    }),
  },
  {
    name: 'live recording',
    entry: 'src/live/index.ts',
    options: forNode('live'),
  },
  {
    name: 'team',
    entry: 'src/host/team/teamCode.ts',
    options: forNode('team', { target: EDITOR_NODE, external: ['vscode'] }),
  },
  {
    name: 'commit costs',
    entry: 'src/git/index.ts',
    options: forNode('git'),
  },
  {
    name: 'library',
    entry: 'src/library/index.ts',
    options: forNode('index'),
    after: async ({ watching }) => {
      await writeModuleWrapper();
      if (!watching) await writeTypes();
    },
  },
  {
    name: 'webview',
    entry: 'media/main.ts',
    options: {
      platform: 'browser',
      format: 'esm',
      target: EDITOR_BROWSER,
      outfile: 'dist/webview/main.js',
      tsconfig: 'media/tsconfig.json',
      loader: { '.svg': 'text', '.ttf': 'file', '.woff2': 'file' },
      assetNames: '[name]',
    },
    after: copyIcons,
  },
  {
    name: 'editor suite',
    entry: 'test/editor/suite/index.ts',
    options: {
      platform: 'node',
      format: 'cjs',
      target: EDITOR_NODE,
      entryPoints: ['test/editor/suite/*.ts'],
      // mocha loads its parts by path, so it stays in node_modules.
      external: ['vscode', 'mocha'],
      outdir: 'dist/test/suite',
      sourcemap: 'inline',
      minify: false,
    },
  },
];

/**
 * One instance of the library serves both module systems: with two copies a program that mixes them would have two
 * trackers of one ledger, and `instanceof LedgerError` would fail between them.
 */
async function writeModuleWrapper() {
  const file = path.join(root, 'dist/index.js');
  const require = createRequire(import.meta.url);
  delete require.cache[file];
  const names = Object.keys(require(file)).toSorted();
  await writeFile(
    path.join(root, 'dist/index.mjs'),
    `import library from './index.js';\n\nexport const { ${names.join(', ')} } = library;\n`,
  );
}

/** Declarations with `.js` instead of `.ts` in their imports, so that consumers need no flag to read them. */
async function writeTypes() {
  const folder = path.join(root, 'dist/types');
  await rm(folder, { recursive: true, force: true });
  await run(process.execPath, [
    path.join(root, 'node_modules/typescript/bin/tsc'),
    '--project',
    path.join(root, 'scripts/tsconfig.types.json'),
  ]);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const text = await readFile(file, 'utf8');
    const names = text.replaceAll(/(from |import\()(['"])(\.{1,2}\/[^'"]*)\.ts\2/g, '$1$2$3.js$2');
    // Before TypeScript 5.7 typed arrays had no parameter.
    await writeFile(file, names.replaceAll(/\b(\w+\d+(?:Clamped)?Array)<ArrayBuffer(?:Like)?>/g, '$1'));
  }
  // An ES module sees the names of the wrapper, not a CommonJS default export.
  await writeFile(path.join(root, 'dist/index.d.mts'), `export * from './types/library/index.js';\n`);
}

async function copyIcons() {
  const from = path.join(root, 'node_modules/@vscode/codicons/dist');
  const to = path.join(root, 'dist/webview');
  const css = await readFile(path.join(from, 'codicon.css'), 'utf8');
  const icons = usedIcons(css, await readFile(path.join(to, 'main.js'), 'utf8'));
  await writeFile(path.join(to, 'codicon.css'), iconStyle(css, icons));
  await writeFile(
    path.join(to, 'codicon.ttf'),
    subsetFont(await readFile(path.join(from, 'codicon.ttf')), icons.values()),
  );
}

/** @param {Target} target @returns {import('esbuild').BuildOptions & { metafile: true }} */
function optionsOf({ entry, options }) {
  return {
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    // The licences of what is bundled stand in a file of their own.
    legalComments: 'none',
    // ASCII alone, which is the default: a single other character would make V8 hold all of a bundle's text in two bytes each.
    logLevel: 'warning',
    // proper-lockfile gets its file system from us, so that its default for one is not worth loading; and for one check of
    // an argument in signal-exit, node:assert would take a one-shot `record` longer to load than all of its own code.
    alias: {
      // Its other build loads its parts by names that no bundler sees.
      'jsonc-parser': path.join(root, 'node_modules/jsonc-parser/lib/esm/main.js'),
      'graceful-fs': 'node:fs',
      assert: path.join(root, 'scripts/assertEqual.cjs'),
    },
    // Of what is not bundled, `import()` is a `require` that waits: it works in every host that a CommonJS file works in.
    ...(options.format === 'cjs' ? { supported: { 'dynamic-import': false } } : {}),
    ...options,
    metafile: true,
  };
}

/** @param {Target} target */
async function watchTarget(target) {
  const told = {
    name: 'told',
    /** @param {import('esbuild').PluginBuild} build */
    setup: (build) => {
      build.onEnd(async ({ errors }) => {
        if (errors.length > 0) return;
        await target.after?.({ watching: true });
        console.log(`built ${target.name}`);
      });
    },
  };
  const watched = await context({
    ...optionsOf(target),
    minify: false,
    sourcemap: 'linked',
    plugins: [...(target.options.plugins ?? []), told],
  });
  await watched.watch();
}

/** The packages whose code is in the bundles, with their licences. @param {import('esbuild').Metafile[]} metafiles */
async function writeLicences(metafiles) {
  const folders = new Set(
    metafiles
      .flatMap(({ outputs }) => Object.values(outputs))
      .flatMap(({ inputs }) => Object.entries(inputs))
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .flatMap(([input]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []),
  );
  // Of the one the icon font is copied, of the other the data of the price table stems.
  folders.add('node_modules/@vscode/codicons').add('node_modules/@pydantic/genai-prices');
  const texts = [...folders].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(path.join(root, folder, 'package.json'), 'utf8'));
    const files = await readdir(path.join(root, folder));
    const file = files.find((each) => /^licen[cs]e/i.test(each));
    // Whose text is long, and says itself that its address is enough.
    const isByAddress = license === 'CC-BY-4.0';
    const address = 'https://creativecommons.org/licenses/by/4.0/legalcode';
    const text = isByAddress
      ? address
      : file === undefined
        ? ''
        : await readFile(path.join(root, folder, file), 'utf8');
    return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  });
  const rule = `\n${'-'.repeat(80)}\n\n`;
  await writeFile(path.join(root, 'dist/licences.txt'), (await Promise.all(texts)).join(rule));
}

/** The size of each output, and what the largest parts of it are. @param {import('esbuild').Metafile[]} metafiles */
function report(metafiles) {
  for (const { outputs } of metafiles) {
    for (const [file, { bytes, inputs }] of Object.entries(outputs)) {
      if (file.endsWith('.map') || file.startsWith('dist/test')) continue;
      /** @type {Map<string, number>} */
      const parts = new Map();
      for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
        const part = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? 'own code';
        parts.set(part, (parts.get(part) ?? 0) + bytesInOutput);
      }
      const largest = [...parts].sort((a, b) => b[1] - a[1]).slice(0, 4);
      const detail = largest.map(([part, size]) => `${part} ${kilobytes(size)}`).join(', ');
      console.log(`${file.padEnd(24)} ${kilobytes(bytes).padStart(9)}   ${detail}`);
    }
  }
}

/** @param {{ all?: boolean, watch?: boolean, release?: boolean }} [options] */
export async function build({ all = false, watch = false, release = false } = {}) {
  await mkdir(path.join(root, 'dist/webview'), { recursive: true });
  // Its files are found by their names, so that one which was deleted must not run on.
  await rm(path.join(root, 'dist/test'), { recursive: true, force: true });
  const missing = targets.filter(({ entry }) => !existsSync(path.join(root, entry)));
  if (all && missing.length > 0) {
    throw new Error(`cannot build: missing ${missing.map(({ entry }) => entry).join(', ')}`);
  }
  for (const { name, entry } of missing) console.log(`left out: ${name} (there is no ${entry})`);
  const present = targets.filter((target) => !missing.includes(target));
  if (watch) {
    // A file that is made from one bundle may load another one.
    await build({ all });
    await Promise.all(present.map(watchTarget));
    return;
  }
  // One that fails leaves the others to end.
  const results = await Promise.allSettled(present.map(async (target) => (await bundle(optionsOf(target))).metafile));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const outputs = present.flatMap(({ options: { outfile, format } }) =>
    outfile === undefined ? [] : [{ outfile, format }],
  );
  if (release) for (const { outfile, format } of outputs) await shorten(path.join(root, outfile), format === 'esm');
  for (const target of present) await target.after?.({ watching: false });
  const metafiles = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  await writeLicences(metafiles);
  report(metafiles);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const flags = new Set(process.argv.slice(2));
  try {
    await build({
      all: flags.has('--all') || flags.has('--release'),
      watch: flags.has('--watch'),
      release: flags.has('--release'),
    });
  } catch (error) {
    // esbuild has printed its own findings already.
    if (!(error instanceof Error && 'errors' in error)) console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
