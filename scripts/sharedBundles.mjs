/** The modules that the bundles for Node share. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { build as bundle } from 'esbuild';
import * as zod from 'zod/mini';
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
  ...['usage', 'columns', 'system', 'rules', 'budgets'].flatMap((layer) => sources(layer, { recursive: true })),
  ...sources('ledger', { recursive: false }),
  // What both the extension and the command use of these layers.
  ...['currency', 'converted', 'models/search', 'models/known', 'models/nearest', 'models/lineChoices'].map(
    (name) => `src/pricing/${name}.ts`,
  ),
  ...['costTracker', 'trackerBudgets', 'edit', 'unpriced', 'usedModels'].map((name) => `src/library/${name}.ts`),
  'src/tools/index.ts',
  // What imports, their second thread and live recording share.
  ...['fields', 'payer', 'record', 'vendors', 'joining', 'tokens', 'claude-code/index', 'claude-code/lines'].map(
    (name) => `src/sources/${name}.ts`,
  ),
  ...['identity', 'lines', 'fileReader', 'members/index', 'members/wasm'].map(
    (name) => `src/sources/reading/${name}.ts`,
  ),
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
  ['src/sources/reading/files.ts', './reader.js'],
]);

/** What our modules use of zod, which the core contains for all bundles that use it. */
function usedOfZod() {
  const names = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const texts = names.map((name) => readFileSync(path.join(root, 'src', name), 'utf8'));
  const used = texts
    .filter((text) => text.includes("from 'zod/mini'"))
    .flatMap((text) =>
      [...text.matchAll(/\bz\.(\w+)|\{ (catch) as/g)].map(([, member, alone]) => member ?? alone ?? ''),
    );
  // `z.core` is only used for types, of which there is nothing to export.
  return [...new Set(used)].filter((name) => name in zod && name !== 'core').toSorted();
}

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
    if (core && own !== './core.js') {
      build.onResolve({ filter: /^zod\/mini$/ }, ({ importer }) =>
        importer.includes('node_modules') ? undefined : { path: 'zod', namespace: 'core', sideEffects: false },
      );
      build.onLoad({ filter: /^zod$/, namespace: 'core' }, () => ({
        contents: `export { ${usedOfZod()
          .map((name) => `zod_${name} as ${name}`)
          .join(', ')} } from './core.js';`,
      }));
      build.onResolve({ filter: /^\.\/core\.js$/, namespace: 'core' }, ({ path: file }) => {
        return { path: file, external: true, sideEffects: false };
      });
    }
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
  const ofZod = usedOfZod().map((name) => `${name} as zod_${name}`);
  return [...CORE.map((file) => `export * from './${file}';`), `export { ${ofZod.join(', ')} } from 'zod/mini';`].join(
    '\n',
  );
}
