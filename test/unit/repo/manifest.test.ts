import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import * as table from '../../../src/contributions.ts';
import { TOOLS } from '../../../src/tools/index.ts';
import { readJson, readText, repository } from './files.ts';

interface Manifest {
  publisher: string;
  name: string;
  icon: string;
  engines: { vscode: string; node: string };
  devDependencies: Record<string, string>;
  dependencies?: Record<string, string>;
  contributes: {
    commands: { command: string; icon?: string | Record<string, string> }[];
    viewsContainers: Record<string, { id: string; icon: string }[]>;
    views: Record<string, { id: string; icon?: string }[]>;
    configuration: Configuration | Configuration[];
    menus?: Record<string, { command?: string; when?: string }[]>;
    keybindings?: { command: string }[];
    languageModelTools: { name: string; modelDescription: string; inputSchema: unknown }[];
    mcpServerDefinitionProviders: { id: string }[];
    walkthroughs: { id: string; steps: { id: string; completionEvents: string[] }[] }[];
  };
}
interface Configuration {
  order?: number;
  properties: Record<string, { order?: number; scope?: string; description?: string; markdownDescription?: string }>;
}

const manifest = readJson('package.json') as Manifest;
const { contributes } = manifest;
const properties = Object.assign(
  {},
  ...[contributes.configuration].flat().map((each) => each.properties),
) as Configuration['properties'];

const ranks = (all: readonly { order?: number }[]): number[] =>
  all.map(({ order }) => order ?? 0).toSorted((a, b) => a - b);
const counted = (all: readonly unknown[]): number[] => all.map((_, i) => i + 1);

describe('package.json and the table of contributions name the same', () => {
  test('extension', () => {
    expect(`${manifest.publisher}.${manifest.name}`).toBe(table.EXTENSION_ID);
  });

  test('commands', () => {
    expect(contributes.commands.map(({ command }) => command).toSorted()).toEqual(
      Object.values(table.COMMANDS).toSorted(),
    );
  });

  test('container and views', () => {
    expect(Object.values(contributes.viewsContainers).flatMap((all) => all.map(({ id }) => id))).toEqual([
      table.CONTAINER,
    ]);
    // `scm` is the editor's own container of Source Control.
    expect(Object.keys(contributes.views)).toEqual([table.CONTAINER, 'scm']);
    const views = Object.values(contributes.views).flatMap((all) => all.map(({ id }) => id));
    expect(views.toSorted()).toEqual(Object.values(table.VIEWS).toSorted());
  });

  test('settings', () => {
    expect(Object.keys(properties).toSorted()).toEqual(
      Object.values(table.SETTINGS)
        .map((key) => `${table.SETTINGS_SECTION}.${key}`)
        .toSorted(),
    );
  });

  test('the order of the settings, which the editor would else sort by name', () => {
    const categories = [contributes.configuration].flat();
    expect(ranks(categories)).toEqual(counted(categories));
    for (const category of categories) {
      const settings = Object.values(category.properties);
      expect(ranks(settings)).toEqual(counted(settings));
    }
  });

  test('walkthrough, whose steps are completed by what they are about', () => {
    // The view of budgets and the command that sets one have the same name: that step is about the command.
    const commands = Object.values<string>(table.COMMANDS);
    const views = Object.values<string>(table.VIEWS).filter((view) => !commands.includes(view));
    const named = Object.entries<string>(table.WALKTHROUGH.steps).map(([id, done]) => ({
      id,
      // A view that is visible already is not opened again by its button, so that alone would complete nothing.
      completionEvents: views.includes(done) ? [`onView:${done}`, `onCommand:${done}.focus`] : [`onCommand:${done}`],
    }));
    expect(
      contributes.walkthroughs.map(({ id, steps }) => ({
        id,
        steps: steps.map((step) => ({ id: step.id, completionEvents: step.completionEvents })),
      })),
    ).toEqual([{ id: table.WALKTHROUGH.id, steps: named }]);
  });

  test('tools for agents, with the schemas that they check', () => {
    const { languageModelTools: listed, mcpServerDefinitionProviders: providers } = contributes;
    expect(listed.map(({ name, modelDescription, inputSchema }) => ({ name, modelDescription, inputSchema }))).toEqual(
      TOOLS.map(({ name, description, input }) => {
        return { name: table.LANGUAGE_MODEL_TOOLS[name], modelDescription: description, inputSchema: input };
      }),
    );
    expect(providers.map(({ id }) => id)).toEqual([table.MCP_PROVIDER]);
  });

  test('links in texts', () => {
    const known = new Set<string>([
      ...Object.values(table.COMMANDS),
      ...Object.values(table.VIEWS).map((view) => `${view}.focus`),
      `workbench.action.openWalkthrough?${encodeURIComponent(`"${table.EXTENSION_ID}#${table.WALKTHROUGH.id}"`)}`,
      'workbench.trust.manage',
    ]);
    const linked = readText('package.nls.json').matchAll(/\]\(command:([^)]+)\)/g);
    expect([...new Set([...linked].map(([, command]) => command as string))].filter((id) => !known.has(id))).toEqual(
      [],
    );
  });

  test('context keys, commands and views in conditions, menus and links', () => {
    const known = new Set<string>([
      ...Object.values(table.COMMANDS),
      ...Object.values(table.VIEWS).flatMap((view) => [view, `${view}.focus`]),
      ...Object.values(table.CONTEXT_KEYS),
      ...Object.keys(properties),
      table.MCP_PROVIDER,
    ]);
    const mentioned = readText('package.json').matchAll(/\bllmSpend\.[\w.]*\w/g);
    expect([...new Set([...mentioned].map(([id]) => id))].filter((id) => !known.has(id))).toEqual([]);
  });
});

describe('package.json', () => {
  test('no workspace can point the ledger elsewhere', () => {
    expect(properties[`${table.SETTINGS_SECTION}.${table.SETTINGS.ledgerPath}`]?.scope).toBe('machine');
  });

  test('its texts are those of package.nls.json, both ways', () => {
    const used = [...readText('package.json').matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key);
    expect(new Set(used)).toEqual(new Set(Object.keys(readJson('package.nls.json') as object)));
  });

  test('its files exist', () => {
    const named = [...readText('package.json').matchAll(/"(?:\.\/)?((?:media|l10n|test|scripts)\/[^"*]+)"/g)];
    const files = [...named.map(([, file]) => file as string), 'README.md', 'CHANGELOG.md', 'LICENSE', manifest.icon];
    expect(files.filter((file) => !existsSync(path.join(repository, file)))).toEqual([]);
  });

  test('the types of the editor are those of the oldest one supported', () => {
    expect(`^${manifest.devDependencies['@types/vscode']}`).toBe(manifest.engines.vscode);
  });

  test('versions are exact, and nothing is installed with the package', () => {
    expect(Object.entries(manifest.devDependencies).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual(
      [],
    );
    expect(manifest.dependencies ?? {}).toEqual({});
  });

  test('the lock file names no registry', () => {
    expect(readText('package-lock.json')).not.toMatch(/"resolved"/);
  });

  test('the lock file knows the packages of every platform', () => {
    // npm leaves out what its registry did not have while locking, and `npm ci` then refuses the lock file everywhere.
    const { packages } = readJson('package-lock.json') as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>;
    };
    const names = new Set(Object.keys(packages).map((place) => place.replace(/^.*node_modules\//, '')));
    const missing = Object.values(packages)
      .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
      .filter((name) => !names.has(name));
    expect(missing).toEqual([]);
  });
});
