import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { usageId } from '../../../../src/sources/reading/identity.ts';
import { Tally } from '../../../../src/sources/import/tally.ts';

test('counts each way of a usage once, and one that others replace only where there is no other', () => {
  const usage = fc.oneof(fc.constantFrom('a', 'b', 'c', ''), fc.uuid());
  const way = fc.option(fc.constantFrom('', 'r1', 'r2', 'r3'), { nil: undefined });
  fc.assert(
    fc.property(fc.array(fc.record({ usage, way }), { maxLength: 400 }), (tellings) => {
      const tally = new Tally();
      const counted = tellings.filter((telling) => tally.add(telling)).length;
      const ways = new Map<string, Set<string>>();
      for (const each of tellings) {
        const known = ways.get(each.usage) ?? new Set();
        ways.set(each.usage, each.way === undefined ? known : known.add(each.way));
      }
      expect(counted).toBe([...ways.values()].reduce((sum, { size }) => sum + Math.max(1, size), 0));
    }),
  );
});

test('tells a hundred thousand apart, which differ in a digit too', () => {
  const tally = new Tally();
  for (let i = 0; i < 50_000; i++) {
    const id = usageId('source', [i]);
    expect(tally.add({ usage: id, way: '' }) && tally.add({ usage: `file-${i}`, way: '' })).toBe(true);
    expect(tally.add({ usage: id, way: '' })).toBe(false);
  }
});
