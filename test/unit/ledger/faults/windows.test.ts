import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import type { Fault } from './faultDisk.ts';
import { strikeEverywhere } from './strikes.ts';

const CODES = ['EPERM', 'EIO', 'EACCES', 'ENOSPC', 'EBUSY'];
/** Each fault at each step would take a minute, so by default the faults alternate. */
const ALL = process.env['LLM_SPEND_FAULTS'] === 'all';

const kill = (): Fault => ({ kind: 'kill' });
const failure = (at: number): Fault => ({ kind: 'error', code: CODES[at % CODES.length]! });
// The view of what is durable reopens files through /proc.
const powerCut = existsSync('/proc/self/fd') ? (): Fault => ({ kind: 'power', names: 'all' }) : kill;
const inTurn = [kill, failure, powerCut];

describe('a disk with the rules of Windows: no rename replaces a file that is open', () => {
  strikeEverywhere(
    ALL
      ? { 'a kill': kill, 'a failing call': failure, 'a power cut': powerCut }
      : { 'a kill, a failing call or a power cut': (at) => inTurn[at % inTurn.length]!(at) },
    'windows',
  );
});
