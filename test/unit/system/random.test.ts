import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { randomHex, randomId, sha256 } from '../../../src/system/random.ts';

it('makes ids that are UUIDs of version 4, each another', () => {
  const ids = Array.from({ length: 1_000 }, randomId);
  expect(new Set(ids).size).toBe(1_000);
  for (const id of ids) expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
});

it('makes names of the length that is asked for', () => {
  expect(randomHex(6)).toMatch(/^[\da-f]{12}$/);
});

it('hashes as everybody else', () => {
  expect(sha256(new TextEncoder().encode('x'))).toBe(createHash('sha256').update('x').digest('hex'));
});
