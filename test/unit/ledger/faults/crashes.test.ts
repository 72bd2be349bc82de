import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import { strikeEverywhere } from './strikes.ts';

describe('a process or a machine that dies', () => {
  strikeEverywhere({
    'a kill': () => ({ kind: 'kill' }),
    'a kill in the middle of a write': () => ({ kind: 'half-kill' }),
    // The view of what is durable reopens files through /proc.
    ...(existsSync('/proc/self/fd') ? { 'a power cut': () => ({ kind: 'power' as const }) } : {}),
  });
});
