import { closeSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { errno } from '../system/errno.ts';
import { liveness, ownerText, parseOwner, thisOwner } from '../system/owner.ts';
import { syncLockPath } from './teamPaths.ts';
import { makeFolders } from '../system/paths.ts';

/**
 * One process of a machine works on its team at a time: two at once would send the same records twice over the network, and one
 * that sends could bring back what another withdraws. The lock is a file that names its process, so a killed one holds it no longer.
 */

const RETRY_MS = 100;
/** After this time a lock whose process cannot be identified is taken over: it may belong to another container. */
const UNKNOWN_MS = 10 * 60_000;

/** Runs `work` while no other process of this machine does, waiting for it. Where no lock can be written, runs it at once. */
export async function whileAlone<T>(work: () => Promise<T>, path: string = syncLockPath()): Promise<T> {
  const isHeld = await acquire(path);
  try {
    return await work();
  } finally {
    if (isHeld) unlinkQuietly(path);
  }
}

async function acquire(path: string): Promise<boolean> {
  const start = performance.now();
  for (;;) {
    try {
      makeFolders(dirname(path), 0o700);
      const file = openSync(path, 'wx', 0o600);
      writeSync(file, ownerText(thisOwner()));
      closeSync(file);
      return true;
    } catch (error) {
      if (errno(error) !== 'EEXIST') return false;
    }
    if (isAbandoned(path, performance.now() - start)) unlinkQuietly(path);
    else await wait(RETRY_MS * (0.5 + Math.random()));
  }
}

function isAbandoned(path: string, waitedMs: number): boolean {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // It was released.
    return false;
  }
  const owner = parseOwner(text);
  // Between its creation and its content, a lock is empty.
  const state = owner === undefined ? 'unknown' : liveness(owner);
  return state === 'dead' || (state === 'unknown' && waitedMs > (owner === undefined ? 10 * RETRY_MS : UNKNOWN_MS));
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Another process has taken it over.
  }
}
