/**
 * Packs the library and the command into `llm-spend-<version>.tgz`, for `npm publish` or `npm install`.
 *
 * The package.json of the repository is the extension's: VS Code loads what its `main` names, which the npm package does not
 * carry. The npm package is therefore packed from a folder in `.cache` with a package.json made for it.
 */
import { cp, copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { kilobytes, root, run } from './lib.mjs';

/** What of `dist` the library and the command need. `.vscodeignore` lists what the extension needs. */
const DIST = [
  'cli.js',
  'commands.js',
  'core.js',
  'git.js',
  'index.d.mts',
  'index.js',
  'index.mjs',
  'languages.br',
  'licences.txt',
  'live.js',
  'postgres.js',
  'prices.br',
  'prices.js',
  'reader.js',
  'record.js',
  'types',
];
const TEXTS = ['CHANGELOG.md', 'LICENSE', 'README.md'];

/** @param {Record<string, any>} extension the package.json of the repository @returns {{ name: string, version: string, [key: string]: unknown }} */
export function npmManifest(extension) {
  const { name, version, description, license, repository, keywords, bin, exports, engines } = extension;
  const { require } = exports['.'];
  return {
    name,
    version,
    description,
    keywords,
    license,
    repository: { ...repository, url: `git+${repository.url}` },
    engines: { node: engines.node },
    type: 'commonjs',
    // For tools that do not know `exports`, such as TypeScript with `moduleResolution: node10`.
    main: require.default,
    types: require.types,
    bin,
    exports,
  };
}

/** Packs what is in `dist`. @returns the path of the package */
export async function packageLibrary() {
  const folder = path.join(root, '.cache/npm-package');
  const manifest = npmManifest(JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')));
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.join(folder, 'dist'), { recursive: true });
  await writeFile(path.join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  for (const file of TEXTS) await copyFile(path.join(root, file), path.join(folder, file));
  for (const name of DIST) {
    await cp(path.join(root, 'dist', name), path.join(folder, 'dist', name), { recursive: true });
  }
  // On Windows npm is a batch file, which only a shell can run.
  await run('npm', ['pack', '--silent', '--pack-destination', root], {
    cwd: folder,
    shell: process.platform === 'win32',
  });
  const packed = path.join(root, `${manifest.name}-${manifest.version}.tgz`);
  console.log(`${path.basename(packed)} ${kilobytes((await stat(packed)).size)}`);
  return packed;
}
