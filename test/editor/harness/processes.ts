import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

/** A program and all its descendants, which end together. */
export interface ProcessGroup {
  readonly child: ChildProcess;
  /** All output to stdout and stderr so far. */
  readonly output: () => string;
  /** Resolves with the first match in the output; rejects if the program ends before, with its output in the message. */
  readonly waitFor: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Asks the group to end, and kills it after `graceMs`. */
  readonly stop: (graceMs?: number) => Promise<void>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) signal(child, 'SIGKILL');
});
// A process killed by a signal gets no exit event, so its groups would survive.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (process.listenerCount(name) === 1) process.exit(128 + constants.signals[name]);
  });
}

/** Starts a program as the leader of a new process group, so that nothing it starts can outlive it. */
export function spawnGroup(command: string, args: readonly string[], options: SpawnOptions = {}): ProcessGroup {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], detached: !isWindows });
  const name = [command, ...args].join(' ');
  running.add(child);
  let output = '';
  const looking = new Set<() => void>();
  const take = (chunk: Buffer): void => {
    output += chunk.toString();
    for (const look of looking) look();
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  let failure: Error | undefined;
  const ended = new Promise<void>((resolve) => {
    const end = (error: Error): void => {
      failure ??= error;
      running.delete(child);
      for (const look of looking) look();
      resolve();
    };
    child.once('error', end);
    child.once('close', (code, sent) => end(new Error(`${name} ended (${sent ?? code}):\n${output}`)));
  });

  return {
    child,
    output: () => output,
    waitFor: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(output);
          if (match === null && failure === undefined) return;
          looking.delete(look);
          if (match === null) reject(failure ?? new Error(name));
          else resolve(match);
        };
        looking.add(look);
        look();
      }),
    stop: async (graceMs = 5000) => {
      if (failure === undefined) {
        signal(child, 'SIGTERM');
        const impatience = setTimeout(() => signal(child, 'SIGKILL'), graceMs);
        await ended;
        clearTimeout(impatience);
      }
      // Processes that ignored the first signal are orphaned by now, but still belong to the group.
      signal(child, 'SIGKILL');
    },
  };
}

/** Runs a program to its end and returns its output. Rejects when it fails. */
export async function output(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<string> {
  const group = spawnGroup(command, args, options);
  const [code] = (await once(group.child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')}: exit code ${code}\n${group.output()}`);
  return group.output();
}

const isWindows = process.platform === 'win32';

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid !== undefined) signalGroup(child.pid, name);
}

/** Sends a signal to a process and all that it started. One that has ended gets none. */
export function signalGroup(leader: number, name: NodeJS.Signals): void {
  signalProcess(isWindows ? leader : -leader, name);
}

/** Sends a signal to a process. One that has ended gets none. */
export function signalProcess(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
