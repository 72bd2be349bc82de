/** The modules that the bundles for Node share. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { build as bundle } from 'esbuild';
import { root } from './lib.mjs';

/** @param {string} folder below src @param {{ recursive: boolean }} how @returns {string[]} its modules, relative to the repository */
function sources(folder, { recursive }) {
  const names = readdirSync(path.join(root, 'src', folder), { recursive, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => path.posix.join('src', folder, slashes(name)));
}

/** @param {string} file @returns {string} */
const slashes = (file) => file.replaceAll(path.sep, '/');

/**
 * The code that nearly every bundle needs, in one file that they share: with a copy in each of them the package would be 100 kB
 * larger.
 */
const CORE = [
  ...['usage', 'columns', 'system'].flatMap((layer) => sources(layer, { recursive: true })),
  ...sources('ledger', { recursive: false }),
  // The parts of the stores that other code uses.
  'src/ledger/json/store.ts',
  'src/ledger/json/elements.ts',
  'src/ledger/sqlite/engine.ts',
];

/**
 * The bundle of each shared module. Most are loaded on demand: the start of the extension must not take longer for what most
 * windows never use, or use long after it. Inside the same bundle a module that is loaded on demand makes esbuild wrap every
 * module that both share, which V8 then compiles twice.
 */
const BUNDLES = new Map([
  ...CORE.map((file) => /** @type {const} */ ([file, './core.js'])),
  // Half a megabyte that most runs never need.
  ['src/prices/index.ts', './prices.js'],
  // Few ledgers are in PostgreSQL.
  ['src/ledger/postgres/index.ts', './postgres.js'],
  // Most windows and commands record nothing live, and never show the costs of commits.
  ['src/live/index.ts', './live.js'],
  ['src/git/index.ts', './git.js'],
  // Most machines are in no team.
  ['src/host/team/teamCode.ts', './team.js'],
  // The parsers of 32 agents: the thread of an import has them too, and a window only looks for the agents' folders.
  ['src/sources/agents.ts', './reader.js'],
]);

/**
 * Leaves a module that another bundle contains to that bundle.
 * @param {string} own the bundle, as `./name.js`
 * @param {{ core?: boolean }} [how] whether it uses the core. A one-shot `record`, and the prices that it may load, need little of it:
 *   with the core `record` takes an eighth to a fifth more processor time
 * @returns {import('esbuild').Plugin}
 */
export const takeFromOthers = (own, { core = true } = {}) => ({
  name: 'shared bundles',
  setup: (build) => {
    build.onResolve({ filter: /\.ts$/ }, ({ path: imported, resolveDir, kind }) => {
      if (kind === 'entry-point') return undefined;
      const other = BUNDLES.get(slashes(path.relative(root, path.resolve(resolveDir, imported))));
      if (other === undefined || other === own || (other === './core.js' && !core)) return undefined;
      return { path: other, external: true, sideEffects: false };
    });
  },
});

/**
 * The text of a module that exports all that the files of the core export. Throws when two of them export the same name.
 * @returns {Promise<string>}
 */
export async function coreModule() {
  const { metafile } = await bundle({
    absWorkingDir: root,
    entryPoints: CORE,
    bundle: false,
    outdir: 'dist',
    format: 'esm',
    write: false,
    metafile: true,
  });
  /** @type {Map<string, string>} */
  const places = new Map();
  for (const { inputs, exports } of Object.values(metafile.outputs)) {
    const [file = ''] = Object.keys(inputs);
    for (const name of exports) {
      const other = places.get(name);
      if (other !== undefined) throw new Error(`${other} and ${file} both export ${name}: rename one of them`);
      places.set(name, file);
    }
  }
  return CORE.map((file) => `export * from './${file}';`).join('\n');
}
