import { execFileSync } from 'node:child_process';

/** Whether a command can be run, and ends well. */
export function works(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore', timeout: 300_000 });
    return true;
  } catch {
    return false;
  }
}

export const hasPython = process.platform !== 'win32' && works('python3', '--version');
