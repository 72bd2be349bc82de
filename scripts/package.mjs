/**
 * `npm run package`: builds, and packs what ships: `llm-spend-<version>.vsix` for the editor and `llm-spend-<version>.tgz`
 * for npm. `--no-build` packs what is built.
 */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createVSIX } from '@vscode/vsce';
import { kilobytes, root } from './lib.mjs';
import { packageLibrary } from './npmPackage.mjs';

/** @returns the path of the package */
export async function packageExtension() {
  const { name, version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const packagePath = path.join(root, `${name}-${version}.vsix`);
  // The bundles hold every dependency.
  await createVSIX({ cwd: root, packagePath, dependencies: false });
  console.log(`${path.basename(packagePath)} ${kilobytes((await stat(packagePath)).size)}`);
  return packagePath;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  if (!process.argv.includes('--no-build')) {
    const { build } = await import('./build.mjs');
    await build({ all: true });
  }
  await packageExtension();
  await packageLibrary();
}
