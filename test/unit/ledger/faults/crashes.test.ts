import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import type { Fault } from './faultDisk.ts';
import { strikeEverywhere } from './strikes.ts';

/** The view of what is durable reopens files through /proc. */
const powerCuts: Record<string, () => Fault> = existsSync('/proc/self/fd')
  ? {
      'a power cut': () => ({ kind: 'power', names: 'all' }),
      'a power cut that spares renames': () => ({ kind: 'power', names: 'new' }),
      'a power cut that spares names': () => ({ kind: 'power', names: 'none' }),
    }
  : {};

describe('a process or a machine that dies', () => {
  strikeEverywhere({
    'a kill': () => ({ kind: 'kill' }),
    'a kill in the middle of a write': () => ({ kind: 'half-kill' }),
    ...powerCuts,
  });
});
