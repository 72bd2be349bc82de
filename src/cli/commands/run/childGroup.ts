import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { errno } from '../../../system/errno.ts';
import { pause } from '../../../system/disk.ts';

/** A command and all processes that it starts, which can be ended together. */

/** Signals that are passed on to the command. */
const PASSED: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];
/** Signals that a terminal itself sends to the command, too. */
const FROM_TERMINAL: ReadonlySet<NodeJS.Signals> = new Set<NodeJS.Signals>(['SIGINT', 'SIGQUIT']);
const CHECK_MS = 20;

export interface ChildEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  env: NodeJS.ProcessEnv;
  /** Whether the command reads from a terminal: then it stays in the terminal's process group, so that it may use it. */
  isInteractive: boolean;
}

export class ChildGroup {
  readonly ended: Promise<ChildEnd>;
  readonly #child: ChildProcess;
  readonly #isGroup: boolean;
  #stopping: Promise<void> | undefined;

  private constructor(child: ChildProcess, isGroup: boolean) {
    this.#child = child;
    this.#isGroup = isGroup;
    const passed = PASSED.map((signal) => ({ signal, listener: () => this.#pass(signal) }));
    for (const { signal, listener } of passed) process.on(signal, listener);
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        for (const each of passed) process.off(each.signal, each.listener);
        resolve({ code, signal });
      });
    });
  }

  /** Starts the command with our stdin, stdout and stderr. @throws {Error} with `code` ENOENT, EACCES or another one. */
  static async start(command: readonly string[], { env, isInteractive }: ChildOptions): Promise<ChildGroup> {
    const isGroup = process.platform !== 'win32' && !isInteractive;
    const child = spawn(command[0]!, command.slice(1), { stdio: 'inherit', env, detached: isGroup });
    const group = new ChildGroup(child, isGroup);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.on('error', () => undefined);
    return group;
  }

  /** Asks all processes to end; ends those that still run after the grace. */
  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  async #stop(graceMs: number): Promise<void> {
    const pid = this.#child.pid!;
    if (process.platform === 'win32') {
      await taskkill(pid, false);
      const until = performance.now() + graceMs;
      while (this.#isRunning && performance.now() < until) await pause(CHECK_MS);
      if (this.#isRunning) await taskkill(pid, true);
      return;
    }
    const targets = this.#isGroup ? [-pid] : await treeOf(pid);
    for (const target of targets) send(target, 'SIGTERM');
    const until = performance.now() + graceMs;
    while (areRunning(targets) && performance.now() < until) await pause(CHECK_MS);
    for (const target of targets) send(target, 'SIGKILL');
  }

  get #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  #pass(signal: NodeJS.Signals): void {
    if (this.#isGroup) send(-this.#child.pid!, signal);
    else if (!FROM_TERMINAL.has(signal)) this.#child.kill(signal);
  }
}

/** Sends a signal to a process, or to a group by its negative id. @returns false when there is none. */
function send(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    return errno(error) === 'EPERM';
  }
}

async function taskkill(pid: number, isForced: boolean): Promise<void> {
  const args = ['/pid', String(pid), '/t', ...(isForced ? ['/f'] : [])];
  // Fails for a process that cannot be asked to end, or has ended.
  await promisify(execFile)('taskkill', args).catch(() => undefined);
}

/** Whether any of these processes or groups runs. Where process 1 is no init, ended ones stay as zombies. */
function areRunning(targets: readonly number[]): boolean {
  if (!targets.some((target) => send(target, 0))) return false;
  if (process.platform !== 'linux') return true;
  return runningInProc().some(({ pid, group }) => targets.includes(pid) || targets.includes(-group));
}

interface RunningProcess {
  pid: number;
  parent: number;
  group: number;
}

/** A process and its descendants. */
async function treeOf(pid: number): Promise<number[]> {
  const all = process.platform === 'linux' ? runningInProc() : await runningByPs();
  const tree = [pid];
  for (const each of tree) {
    for (const { pid: child, parent } of all) if (parent === each && !tree.includes(child)) tree.push(child);
  }
  return tree;
}

/** All processes that are not zombies. */
function runningInProc(): RunningProcess[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      // The name of the program, in parentheses, may contain any character.
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [, parent, group] = /.*\) [^ZX] (\d+) (\d+) /s.exec(stat) ?? [];
      return parent === undefined ? [] : [{ pid: Number(name), parent: Number(parent), group: Number(group) }];
    } catch {
      return [];
    }
  });
}

async function runningByPs(): Promise<RunningProcess[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,pgid=']);
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [pid = 0, parent = 0, group = 0] = line.trim().split(/\s+/).map(Number);
      return { pid, parent, group };
    });
}
