import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import { LONG } from '../../../long.ts';
import type { Fault } from './faultDisk.ts';
import { strikeEverywhere } from './strikes.ts';

const CODES = ['EPERM', 'EIO', 'EACCES', 'ENOSPC', 'EBUSY'];

const kill = (): Fault => ({ kind: 'kill' });
const failure = (at: number): Fault => ({ kind: 'error', code: CODES[at % CODES.length]! });
// The view of what is durable reopens files through /proc.
const powerCut = existsSync('/proc/self/fd') ? (): Fault => ({ kind: 'power', names: 'all' }) : kill;
/** Each fault at each step takes a minute, so the quick form tries one of them at each step, in turn. */
const inTurn = [kill, failure, powerCut];

describe('a disk with the rules of Windows: no rename replaces a file that is open', () => {
  strikeEverywhere(
    LONG
      ? { 'a kill': kill, 'a failing call': failure, 'a power cut': powerCut }
      : { 'a kill, a failing call or a power cut': (at) => inTurn[at % inTurn.length]!(at) },
    'windows',
  );
});
