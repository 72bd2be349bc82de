import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import { strikeEverywhere } from './strikes.ts';

// The view of what is durable reopens files through /proc.
describe.skipIf(!existsSync('/proc/self/fd'))(
  'a disk with the rules of macOS: a rename replaces an open file, and a write is durable after an fsync alone',
  () => {
    strikeEverywhere({ 'a power cut': () => ({ kind: 'power', names: 'all' }) }, 'macOS');
  },
);
