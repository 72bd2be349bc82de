/**
 * A real VS Code for tests and for `npm start`: the npm package `code-server`, which is the VS Code workbench and
 * extension host, served to a browser. It comes from the package registry alone, so it is there where the desktop VS Code
 * cannot be downloaded.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isolatedEnvironment } from './environment.ts';
import { output, spawnGroup } from './processes.ts';

/** Pinned: VS Code 1.139.1. npm checks the integrity of what it downloads. */
const VERSION = '4.139.1';

export const repository = path.resolve(import.meta.dirname, '../../..');

/** Downloads of the tests, beside those of `@vscode/test-electron`. */
const cache = process.env['VSCODE_TEST_CACHE'] ?? path.join(repository, '.vscode-test');

/**
 * Installs code-server into the cache, unless it is there. About 600 MB.
 *
 * Install scripts are not run: they compile native modules (terminal, file watcher of the server, spdlog) that only cost
 * log noise when they are missing.
 * @returns its entry point, for Node 24.
 */
export async function installCodeServer(log: (line: string) => void = () => {}): Promise<string> {
  const folder = path.join(cache, `code-server-${VERSION}`);
  const entry = path.join(folder, 'node_modules/code-server/out/node/entry.js');
  if (existsSync(entry)) return entry;
  log(`Installing code-server ${VERSION} (VS Code in the browser, about 600 MB) into ${folder}`);
  await mkdir(cache, { recursive: true });
  // Complete or not there at all: the name appears when everything below it stands.
  const partial = await mkdtemp(path.join(cache, 'installing-'));
  try {
    await writeFile(path.join(partial, 'package.json'), '{"private":true}\n');
    await npm(['install', `code-server@${VERSION}`], partial);
    const vscode = path.join(partial, 'node_modules/code-server/lib/vscode');
    await npm(['install', '--omit=dev'], vscode);
    await npm(['install', '--omit=dev'], path.join(vscode, 'extensions'));
    await rename(partial, folder).catch((error: unknown) => {
      if (!existsSync(entry)) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return entry;
}

async function npm(args: readonly string[], cwd: string): Promise<void> {
  // The variables that npm sets for its scripts would point this npm back to our own package.
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(npm_|INIT_CWD$)/.test(key)));
  await output('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--no-save'], { cwd, env });
}

export interface CodeServerOptions {
  /** Where user data, extensions and the home folder of the editor go. Default: a new temporary folder, removed at the end. */
  readonly folder?: string;
  /** The folder of installed extensions; shared by several servers, one after the other. */
  readonly extensions?: string;
  /** Default: any free port. */
  readonly port?: number;
  /** The editor's user settings, over {@link QUIET}. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Opens folders in Restricted Mode. */
  readonly restricted?: boolean;
  /** Lets a page run a test suite in the extension host. */
  readonly smokeTestDriver?: boolean;
}

export interface CodeServer {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  /** What it keeps its state in; `home` in it is the home folder of everything that runs in the editor. */
  readonly folder: string;
  /** The address that opens `folder` in the editor. */
  readonly address: (folder: string, query?: Readonly<Record<string, string>>) => string;
  readonly output: () => string;
  readonly stop: () => Promise<void>;
}

/** Nothing that a test did not ask for: no welcome page, tips, updates or experiments; colours as the browser asks. */
const QUIET = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'chat.disableAIFeatures': true,
  'extensions.ignoreRecommendations': true,
  'extensions.autoUpdate': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'git.enabled': false,
  'window.commandCenter': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'window.autoDetectColorScheme': true,
  'security.workspace.trust.startupPrompt': 'never',
};

/** Starts a server with fresh user data, and resolves when it answers. */
export async function startCodeServer(options: CodeServerOptions = {}): Promise<CodeServer> {
  const entry = await installCodeServer();
  const temporary = options.folder === undefined;
  const folder = options.folder ?? (await mkdtemp(path.join(tmpdir(), 'llm-spend-editor-')));
  const home = path.join(folder, 'home');
  const userData = path.join(folder, 'user-data');
  await mkdir(path.join(userData, 'User'), { recursive: true });
  await mkdir(home, { recursive: true });
  await writeFile(
    path.join(userData, 'User/settings.json'),
    `${JSON.stringify({ ...QUIET, ...options.settings }, undefined, 2)}\n`,
  );
  const group = spawnGroup(
    process.execPath,
    [
      entry,
      '--bind-addr',
      `127.0.0.1:${options.port ?? 0}`,
      '--auth',
      'none',
      '--disable-telemetry',
      '--disable-update-check',
      ...(options.restricted === true ? [] : ['--disable-workspace-trust']),
      '--user-data-dir',
      userData,
      '--extensions-dir',
      options.extensions ?? path.join(folder, 'extensions'),
      ...(options.smokeTestDriver === true ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
    ],
    { env: { ...isolatedEnvironment(home), ...options.env }, cwd: home },
  );
  const stop = async (): Promise<void> => {
    await group.stop();
    if (temporary) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const [, url = ''] = await group.waitFor(/HTTP server listening on (http:\/\/[\d.]+:\d+)/);
    return {
      url,
      folder,
      address: (opened, query = {}) => `${url}/?${String(new URLSearchParams({ folder: opened, ...query }))}`,
      output: group.output,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Installs a packaged extension into a folder of extensions. */
export async function installExtension(vsix: string, extensions: string): Promise<void> {
  const entry = await installCodeServer();
  const home = await mkdtemp(path.join(tmpdir(), 'llm-spend-install-'));
  try {
    await output(
      process.execPath,
      [entry, '--install-extension', vsix, '--extensions-dir', extensions, '--user-data-dir', path.join(home, 'data')],
      { env: isolatedEnvironment(home), cwd: home },
    );
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Makes a folder of extensions with the working tree in it, so that what the next build writes is there after a reload. */
export async function linkExtension(extensions: string): Promise<void> {
  await rm(extensions, { recursive: true, force: true });
  await mkdir(extensions, { recursive: true });
  await symlink(repository, path.join(extensions, 'llm-spend.llm-spend-development'), 'junction');
}
