import { readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readText, repository } from './files.ts';
import { importsOf } from './imports.ts';
import { LAYERS } from './layers.ts';

interface Fence {
  /** Other areas that this one may import from. */
  readonly areas: readonly string[];
  /** Node's own modules. Without them an area runs in a browser too, and stays pure. */
  readonly node?: boolean;
  readonly vscode?: boolean;
}

/** The layers before this one: it may import from all of them. */
const before = (layer: string): string[] => LAYERS.slice(0, LAYERS.indexOf(layer));

const FENCES: Readonly<Record<string, Fence>> = {
  'package.json': { areas: [] },
  'src/contributions.ts': { areas: [] },
  'src/usage': { areas: [] },
  'src/columns': { areas: before('src/columns') },
  'src/pricing': { areas: before('src/pricing') },
  'src/system': { areas: before('src/system'), node: true },
  'src/prices': { areas: before('src/prices'), node: true },
  'src/ledger': { areas: before('src/ledger'), node: true },
  'src/rules': { areas: before('src/rules'), node: true },
  'src/budgets': { areas: before('src/budgets'), node: true },
  'src/library': { areas: before('src/library'), node: true },
  'src/sync': { areas: before('src/sync'), node: true },
  'src/sources': { areas: before('src/sources'), node: true },
  'src/live': { areas: before('src/live'), node: true },
  'src/git': { areas: before('src/git'), node: true },
  'src/tools': { areas: before('src/tools') },
  // The texts of the other layers in the user's language. It imports none of them.
  'src/language': { areas: [], node: true },
  'src/mcp': { areas: LAYERS, node: true },
  'src/cli': { areas: ['package.json', ...LAYERS, 'src/language', 'src/mcp'], node: true },
  'src/protocol': { areas: ['src/usage', 'src/columns'] },
  'src/host': { areas: ['src/contributions.ts', ...LAYERS, 'src/language', 'src/protocol'], node: true, vscode: true },
  'src/extension.ts': { areas: ['src/contributions.ts', 'src/host'], vscode: true },
  media: { areas: ['src/usage', 'src/columns', 'src/protocol'] },
};

/** Folders of which others know `index.ts` alone. */
const CLOSED: readonly string[] = ['src/sources/reading/members'];

function areaOf(file: string): string | undefined {
  return Object.keys(FENCES).find((area) => file === area || file.startsWith(`${area}/`));
}

/** Why `file` must not import `specifier`, or undefined when it may. */
function objection(file: string, specifier: string): string | undefined {
  const own = areaOf(file);
  if (own === undefined) return 'the file is in no area: give its folder a fence';
  const fence = FENCES[own] as Fence;
  if (specifier === 'vscode') return fence.vscode === true ? undefined : 'only src/host knows the editor';
  if (isBuiltin(specifier)) {
    if (fence.node !== true) return `${own} runs without Node`;
    return specifier.startsWith('node:') ? undefined : 'modules of Node are named with node:';
  }
  if (!specifier.startsWith('.')) return undefined;
  const target = path.posix.join(path.posix.dirname(file), specifier);
  const closed = CLOSED.find((folder) => target.startsWith(`${folder}/`) && !file.startsWith(`${folder}/`));
  if (closed !== undefined && target !== `${closed}/index.ts`) return `${closed} is imported by its index.ts only`;
  const area = areaOf(target);
  return area === own || (area !== undefined && fence.areas.includes(area)) ? undefined : `${own} is below ${target}`;
}

function sources(): string[] {
  return ['src', 'media'].flatMap((folder) =>
    readdirSync(path.join(repository, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => path.posix.join(folder, file.replaceAll(path.sep, '/'))),
  );
}

describe('import fences', () => {
  test('every import stays within its fence', () => {
    const found = sources().flatMap((file) =>
      importsOf(readText(file)).flatMap(({ specifier, line }) => {
        const reason = objection(file, specifier);
        return reason === undefined ? [] : [`${file}:${line} imports ${specifier}: ${reason}`];
      }),
    );
    expect(found).toEqual([]);
  });

  test('a fence holds', () => {
    expect(objection('src/usage/a.ts', '../ledger/b.ts')).toMatch(/is below/);
    expect(objection('src/usage/a.ts', 'node:fs')).toMatch(/without Node/);
    expect(objection('src/ledger/a.ts', 'fs')).toMatch(/node:/);
    expect(objection('src/ledger/a.ts', 'vscode')).toMatch(/src\/host/);
    expect(objection('src/other/a.ts', './b.ts')).toMatch(/no area/);
    expect(objection('src/host/a.ts', '../cli/b.ts')).toMatch(/is below/);
    expect(objection('media/view/a.ts', '../../src/ledger/b.ts')).toMatch(/is below/);
    expect(objection('src/sources/a/b.ts', '../reading/members/wasm.ts')).toMatch(/index\.ts only/);
    expect(objection('src/sources/a/b.ts', '../reading/members/index.ts')).toBeUndefined();
    expect(objection('src/sources/reading/members/index.ts', './wasm.ts')).toBeUndefined();
    expect(objection('src/ledger/a.ts', '../usage/b.ts')).toBeUndefined();
    expect(objection('src/usage/a.ts', './deep/b.ts')).toBeUndefined();
    expect(objection('src/usage/a.ts', 'zod/mini')).toBeUndefined();
  });
});

describe('importsOf', () => {
  test('nothing in nothing', () => {
    expect(importsOf('')).toEqual([]);
  });

  test('every form, with its line', () => {
    const source = [
      "import a from './a.ts';",
      'import type {',
      '  b,',
      "} from './b.ts';",
      "import './c.ts';",
      "export * from './d.ts';",
      "const e = await import('./e.ts');",
      "type F = import('./f.ts').F;",
      "// import g from './g.ts'",
      " * import('./h.ts')",
      "export const text = 'from';",
      "export const other = ['./i.ts'];",
    ].join('\n');
    expect(importsOf(source).map(({ specifier, line }) => `${line} ${specifier}`)).toEqual([
      '1 ./a.ts',
      '4 ./b.ts',
      '5 ./c.ts',
      '6 ./d.ts',
      '7 ./e.ts',
      '8 ./f.ts',
    ]);
  });
});
