import { describe } from 'vitest';
import type { Fault } from './faultDisk.ts';
import { strikeEverywhere } from './strikes.ts';

const CODES = ['ENOSPC', 'EIO', 'EACCES', 'EPERM', 'EBUSY', 'EROFS'];
/** Each code at each step would take minutes, so by default the codes alternate. */
const ALL = process.env['LLM_SPEND_FAULTS'] === 'all';

const each = Object.fromEntries(CODES.map((code) => [code, (): Fault => ({ kind: 'error', code })]));
const inTurn = {
  'a failing call': (at: number): Fault => ({ kind: 'error', code: CODES[at % CODES.length]! }),
  'another failing call': (at: number): Fault => ({ kind: 'error', code: CODES[(at + 3) % CODES.length]! }),
};

describe('a file system that fails', () => {
  strikeEverywhere({
    ...(ALL ? each : inTurn),
    'a write of the half, then ENOSPC': () => ({ kind: 'half-error', code: 'ENOSPC' }),
    'a short write': () => ({ kind: 'short' }),
    'a disk that is full for a while': () => ({ kind: 'full' }),
  });
});
