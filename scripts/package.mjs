/**
 * `npm run package`: builds, and packs what ships: `llm-spend-<version>.vsix` for the editor and `llm-spend-<version>.tgz`
 * for npm. `--no-build` packs what is built.
 */
import { cp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createVSIX } from '@vscode/vsce';
import { kilobytes, root } from './lib.mjs';
import { packageLibrary } from './npmPackage.mjs';
import { repackZip } from './repack.mjs';

/** What may ship: `.vscodeignore` lists which files of it do. */
const PARTS = /^(\.vscodeignore|LICENSE|README\.md|CHANGELOG\.md|package(\.nls.*)?\.json|dist|l10n|media)$/;

/**
 * vsce matches every file of its folder against every line of `.vscodeignore`, the editors of the tests in `.vscode-test` included.
 * That takes half a minute of CPU time, so it gets a folder without them.
 * @returns the path of the package
 */
export async function packageExtension() {
  const { name, version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const packagePath = path.join(root, `${name}-${version}.vsix`);
  const folder = path.join(root, '.cache/vsix');
  await rm(folder, { recursive: true, force: true });
  for (const part of await readdir(root)) {
    if (PARTS.test(part)) await cp(path.join(root, part), path.join(folder, part), { recursive: true });
  }
  // The editor's texts, without the spaces that make them readable.
  for (const name of await readdir(path.join(folder, 'l10n'))) {
    const file = path.join(folder, 'l10n', name);
    await writeFile(file, JSON.stringify(JSON.parse(await readFile(file, 'utf8'))));
  }
  // The bundles hold every dependency.
  await createVSIX({ cwd: folder, packagePath, dependencies: false });
  await repackZip(packagePath);
  console.log(`${path.basename(packagePath)} ${kilobytes((await stat(packagePath)).size)}`);
  return packagePath;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (!process.argv.includes('--no-build')) {
    const { build } = await import('./build.mjs');
    await build({ release: true, all: true });
  }
  await packageExtension();
  await packageLibrary();
}
