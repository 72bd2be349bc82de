import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import { LONG } from '../../../long.ts';
import type { Fault } from './faultDisk.ts';
import { strikeEverywhere } from './strikes.ts';

const NAMES = ['all', 'new', 'none'] as const;
const eachPowerCut: Record<string, (at: number) => Fault> = {
  'a power cut': () => ({ kind: 'power', names: 'all' }),
  'a power cut that spares renames': () => ({ kind: 'power', names: 'new' }),
  'a power cut that spares names': () => ({ kind: 'power', names: 'none' }),
};
/** The quick form tries one kind of power cut at each step, in turn. */
const powerCutInTurn: typeof eachPowerCut = {
  'a power cut that spares nothing, renames or names': (at) => ({ kind: 'power', names: NAMES[at % NAMES.length]! }),
};
/** The view of what is durable reopens files through /proc. */
const hasPowerCuts = existsSync('/proc/self/fd');

describe('a process or a machine that dies', () => {
  strikeEverywhere({
    'a kill': () => ({ kind: 'kill' }),
    'a kill in the middle of a write': () => ({ kind: 'half-kill' }),
    ...(hasPowerCuts ? (LONG ? eachPowerCut : powerCutInTurn) : {}),
  });
});
