import { readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from '../system/atomicFile.ts';
import { alertsFolder, lasts } from './alertsFolder.ts';

/** Permission for agents to continue over a limit: for one tool call, or for a time. */

interface Allowance {
  /** ms since the epoch. */
  until: number;
  isOnce: boolean;
}

function allowancePath(folder: string): string {
  return join(folder, 'allowed.json');
}

export async function allow(allowance: Allowance, folder: string = alertsFolder()): Promise<void> {
  await writeFileAtomically(allowancePath(folder), JSON.stringify(allowance));
}

/** Whether agents may go on now. Uses up a leave for one call. */
export function useAllowance(now: number, folder: string = alertsFolder()): boolean {
  const path = allowancePath(folder);
  try {
    const { until, isOnce } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Allowance>;
    if (!lasts(until, now)) return false;
    // Of two calls at once only the one that removes the file has it.
    if (isOnce === true) unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}
