/**
 * Builds everything that ships into `dist/`:
 *
 *     dist/extension.js      the extension           from src/extension.ts     CommonJS, VS Code's Node
 *     dist/cli.js            the llm-spend command   from src/cli/main.ts      CommonJS, Node >= 20, executable
 *     dist/index.js, .mjs    the library             from src/ledger/index.ts  CommonJS, and an ES module around it
 *     dist/types/            the library's types     from src/ledger/index.ts
 *     dist/webview/          main.js, main.css       from media/main.ts and the styles that it imports; the icon font
 *     dist/test/suite/       the tests for the extension host, each file of test/editor/suite (not shipped)
 *
 *     node scripts/build.mjs            what has an entry file; missing ones are named and left out
 *     node scripts/build.mjs --all      a missing entry is an error
 *     node scripts/build.mjs --watch    builds again at each change, with source maps and readable code
 */
import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { context } from 'esbuild';
import { kilobytes, root, run } from './lib.mjs';

/** What the oldest VS Code of `engines.vscode` (1.101) runs: Electron 35, that is Node 22.15 and Chromium 134. */
const EDITOR_NODE = 'node22.15';
const EDITOR_BROWSER = 'chrome134';
const SUPPORTED_NODE = 'node20';

/**
 * @typedef {object} Target
 * @property {string} name
 * @property {string} entry relative to the repository
 * @property {import('esbuild').BuildOptions} options
 * @property {(result: import('esbuild').BuildResult<{ metafile: true }>, watching: boolean) => Promise<void>} [after]
 */

/** @type {Target[]} */
const targets = [
  {
    name: 'extension',
    entry: 'src/extension.ts',
    options: {
      platform: 'node',
      format: 'cjs',
      target: EDITOR_NODE,
      external: ['vscode'],
      outfile: 'dist/extension.js',
    },
  },
  {
    name: 'command line',
    entry: 'src/cli/main.ts',
    options: {
      platform: 'node',
      format: 'cjs',
      target: SUPPORTED_NODE,
      outfile: 'dist/cli.js',
      banner: { js: '#!/usr/bin/env node' },
    },
    after: () => chmod(path.join(root, 'dist/cli.js'), 0o755),
  },
  {
    name: 'library',
    entry: 'src/ledger/index.ts',
    options: { platform: 'node', format: 'cjs', target: SUPPORTED_NODE, outfile: 'dist/index.js' },
    after: async (_result, watching) => {
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
    await writeFile(file, text.replaceAll(/(from |import\()(['"])(\.{1,2}\/[^'"]*)\.ts\2/g, '$1$2$3.js$2'));
  }
  // An ES module sees the names of the wrapper, not a CommonJS default export.
  await writeFile(path.join(root, 'dist/index.d.mts'), `export * from './types/ledger/index.js';\n`);
}

async function copyIcons() {
  const from = path.join(root, 'node_modules/@vscode/codicons/dist');
  const to = path.join(root, 'dist/webview');
  for (const file of ['codicon.css', 'codicon.ttf']) await copyFile(path.join(from, file), path.join(to, file));
}

/** @param {Target} target @param {boolean} watching */
function open(target, watching) {
  return context({
    absWorkingDir: root,
    entryPoints: [target.entry],
    bundle: true,
    minify: !watching,
    sourcemap: watching ? 'linked' : false,
    legalComments: 'none',
    charset: 'utf8',
    metafile: true,
    logLevel: 'warning',
    ...target.options,
    plugins: [
      {
        name: 'after',
        setup: (build) => {
          build.onEnd(async (result) => {
            if (result.errors.length > 0) return;
            if (watching) console.log(`built ${target.name}`);
            await target.after?.(result, watching);
          });
        },
      },
    ],
  });
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

/** @param {{ all?: boolean, watch?: boolean }} [options] */
export async function build({ all = false, watch = false } = {}) {
  await mkdir(path.join(root, 'dist/webview'), { recursive: true });
  // Its files are found by their names, so that one which was deleted must not run on.
  await rm(path.join(root, 'dist/test'), { recursive: true, force: true });
  const missing = targets.filter(({ entry }) => !existsSync(path.join(root, entry)));
  if (all && missing.length > 0) {
    throw new Error(`cannot build: missing ${missing.map(({ entry }) => entry).join(', ')}`);
  }
  for (const { name, entry } of missing) console.log(`left out: ${name} (there is no ${entry})`);
  const contexts = await Promise.all(targets.filter((t) => !missing.includes(t)).map((t) => open(t, watch)));
  if (watch) {
    await Promise.all(contexts.map((each) => each.watch()));
    return;
  }
  try {
    const results = await Promise.allSettled(contexts.map((each) => each.rebuild()));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    report(
      results.flatMap((result) =>
        result.status === 'fulfilled' && result.value.metafile ? [result.value.metafile] : [],
      ),
    );
  } finally {
    await Promise.all(contexts.map((each) => each.dispose()));
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const flags = new Set(process.argv.slice(2));
  try {
    await build({ all: flags.has('--all'), watch: flags.has('--watch') });
  } catch (error) {
    // esbuild has printed its own findings already.
    if (!(error instanceof Error && 'errors' in error)) console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
