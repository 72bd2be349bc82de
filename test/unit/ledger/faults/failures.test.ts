import { describe } from 'vitest';
import { LONG } from '../../../long.ts';
import type { Fault } from './faultDisk.ts';
import { strikeEverywhere } from './strikes.ts';

const CODES = ['ENOSPC', 'EIO', 'EACCES', 'EPERM', 'EBUSY', 'EROFS'];
const each = Object.fromEntries(CODES.map((code) => [code, (): Fault => ({ kind: 'error', code })]));
/** Each code at each step takes minutes, so the quick form tries one of them at each step, in turn. */
const inTurn = {
  'a failing call': (at: number): Fault => ({ kind: 'error', code: CODES[at % CODES.length]! }),
};

describe('a file system that fails', () => {
  strikeEverywhere({
    ...(LONG ? each : inTurn),
    'a write of the half, then ENOSPC': () => ({ kind: 'half-error', code: 'ENOSPC' }),
    'a short write': () => ({ kind: 'short' }),
    'a disk that is full for a while': () => ({ kind: 'full' }),
  });
});
