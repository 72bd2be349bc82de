import { join } from 'node:path';
import { stateFolder } from '../system/paths.ts';

/** The last synchronisation. */
export function syncStatePath(): string {
  return join(stateFolder(), 'team-state.json');
}

/** Held while a process synchronises. */
export function syncLockPath(): string {
  return join(stateFolder(), 'team.lock');
}
