import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { cli, type Sandbox } from '../cli/harness.ts';

/** `llm-spend receive` as a real process. */
export interface Receiving {
  child: ChildProcess;
  endpoint: string;
  token: string;
  /** Resolves with its exit code or signal. */
  ended: Promise<NodeJS.Signals | number | null>;
  /** The next event of this kind. */
  next: (event: string) => Promise<Record<string, unknown>>;
}

/** Starts it and resolves once it listens. */
export async function receiving(sandbox: Sandbox, args: readonly string[] = []): Promise<Receiving> {
  const { child, ended, next } = started(sandbox, args);
  const { endpoint, token } = await next('listening');
  return { child, ended, next, endpoint: String(endpoint), token: String(token) };
}

/** Starts it, whether it can listen or must wait. */
export function started(sandbox: Sandbox, args: readonly string[] = []): Pick<Receiving, 'child' | 'ended' | 'next'> {
  const child = spawn(process.execPath, [cli, 'receive', '--json', ...args], {
    env: sandbox.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const events: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  createInterface(child.stdout).on('line', (line) => {
    events.push(JSON.parse(line) as Record<string, unknown>);
    for (const wake of waiting) wake();
  });
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  const next = (event: string): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const at = events.findIndex((each) => each['event'] === event);
        if (at === -1) return;
        waiting.delete(look);
        resolve(events.splice(at, 1)[0]!);
      };
      waiting.add(look);
      look();
      void ended.then((end) => reject(new Error(`llm-spend receive ended with ${end}`)));
    });
  return { child, ended, next };
}
