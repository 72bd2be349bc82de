import { dirname, join } from 'node:path';
import { defaultLedgerPath, stateFolder } from '../system/paths.ts';

/** The membership of this machine in a team. */
export function membershipPath(): string {
  return join(dirname(defaultLedgerPath()), 'team.json');
}

/** The last synchronisation. */
export function syncStatePath(): string {
  return join(stateFolder(), 'team-state.json');
}

/** Held while a process synchronises. */
export function syncLockPath(): string {
  return join(stateFolder(), 'team.lock');
}
