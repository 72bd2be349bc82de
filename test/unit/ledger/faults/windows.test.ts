import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import { LONG } from '../../../long.ts';
import type { Fault } from './faultDisk.ts';
import { strikeEverywhere } from './strikes.ts';

const CODES = ['EPERM', 'EIO', 'EACCES', 'ENOSPC', 'EBUSY'];

const kill = (): Fault => ({ kind: 'kill' });
const failure = (at: number) => ({ kind: 'error', code: CODES[at % CODES.length]! }) as const;
// The view of what is durable reopens files through /proc.
const powerCut = existsSync('/proc/self/fd') ? (): Fault => ({ kind: 'power', names: 'all' }) : kill;
/** Each fault at each step takes a minute. */
const quick: Record<string, (at: number) => Fault> = {
  'a kill or a power cut': (at) => [kill, powerCut][at % 2]!(),
  'a failing call': (at) => ({ ...failure(at), every: 3 }),
};

describe('a disk with the rules of Windows: no rename replaces a file that is open', () => {
  strikeEverywhere(LONG ? { 'a kill': kill, 'a failing call': failure, 'a power cut': powerCut } : quick, 'windows');
});
