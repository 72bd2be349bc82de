/** What the scripts share. Node 20 and its own modules only: they run before anything is installed. */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const isWindows = process.platform === 'win32';

/** @param {number} bytes */
export function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1)} kB`;
}

/**
 * Runs a program with its output on ours. Rejects when it fails.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<void>}
 */
export async function run(command, args, options = {}) {
  const code = await exitCode(command, args, options);
  if (code !== 0) throw new Error(`${programName(command, args)} failed with exit code ${code}`);
}

/** What a person calls it: the script rather than the Node that runs it. @param {string} command @param {readonly string[]} args */
function programName(command, args) {
  return path.basename((command === process.execPath && args.find((arg) => !arg.startsWith('-'))) || command);
}

/**
 * Runs a program with its output on ours, to its end. A signal counts as 128, a program that is not there as 127.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<number>}
 */
export function exitCode(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
    child.once('error', (error) => {
      if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') resolve(127);
      else reject(error);
    });
    child.once('close', (code) => resolve(code ?? 128));
  });
}

/** Where the PATH has a program, or undefined. @param {string} name */
export function findProgram(name) {
  const endings = isWindows ? ['.exe', '.cmd', '.bat'] : [''];
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    for (const ending of endings) {
      const file = path.join(folder, name + ending);
      try {
        if (folder === '') continue;
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // Not here.
      }
    }
  }
  return undefined;
}

/** An option for a Node that runs our TypeScript: package.json has no `type`, so it warns of each file that is an ES module. */
export const NO_TYPE_WARNING = '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON';

/** The Node that the toolchain is pinned to, a dev dependency. */
const pinnedNode = path.join(root, 'node_modules/node/bin', isWindows ? 'node.exe' : 'node');

/** Runs `npm ci` unless node_modules is what package-lock.json says. */
export async function installDependencies() {
  const reason = whyInstall();
  if (reason === undefined) return;
  console.log(`Installing dependencies (${reason})`);
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(npm_|INIT_CWD$)/.test(key)));
  // On Windows npm is a batch file, which only a shell can run.
  await run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], { shell: isWindows, env });
  if (!existsSync(pinnedNode)) {
    throw new Error(
      'The package "node" has no program: its install script did not run. Is ignore-scripts set in your npmrc?',
    );
  }
}

/** Compares the lock file with the copy that npm keeps of what it installed. */
function whyInstall() {
  const installedFile = path.join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedFile)) return 'there are none';
  if (!existsSync(pinnedNode)) return 'the pinned Node is missing';
  const wanted = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
  for (const [name, { version, optional, peer }] of Object.entries(wanted)) {
    // Packages for other platforms are not installed.
    if (name === '' || optional === true || peer === true) continue;
    if (installed[name]?.version !== version) return `${name.replace(/^.*node_modules\//, '')} is not at ${version}`;
  }
  return undefined;
}

/**
 * Calls `listener` when the process that started this one has ended: npm and its shell do not pass every signal on.
 * @param {() => void} listener
 */
export function onOrphaned(listener) {
  const parent = process.ppid;
  const look = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(look);
    listener();
  }, 500);
  look.unref();
}

/**
 * Makes sure that what runs is the pinned Node with the dependencies installed: installs them, runs this same script
 * again in that Node, and ends with its exit code.
 */
export async function usePinnedNode() {
  // Told by the variable alone: where node_modules is a link, the path of the running Node is another one.
  if (process.env.LLM_SPEND_PINNED_NODE === pinnedNode) return;
  await installDependencies();
  const binaries = [path.dirname(pinnedNode), path.join(root, 'node_modules/.bin')];
  const child = spawn(pinnedNode, [NO_TYPE_WARNING, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: [...binaries, process.env.PATH ?? ''].join(path.delimiter),
      LLM_SPEND_PINNED_NODE: pinnedNode,
    },
  });
  // The child decides when to end. Ctrl+C in a terminal reaches it by itself too, so what is passed on is another signal.
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(name, () => child.kill(name === 'SIGINT' ? 'SIGTERM' : name));
  }
  onOrphaned(() => child.kill('SIGTERM'));
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 128));
  });
  process.exit(code);
}
