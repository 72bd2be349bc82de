import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { usageId } from '../../../src/sources/identity.ts';
import { IdSet } from '../../../src/sources/idSet.ts';

test('a set of ids says of each once that it is new', () => {
  const ids = fc.array(fc.oneof(fc.string({ maxLength: 3 }), fc.uuid(), fc.nat(50).map(String)), { maxLength: 300 });
  fc.assert(
    fc.property(ids, (all) => {
      const [own, known] = [new IdSet(), new Set<string>()];
      for (const id of all) {
        expect(own.add(id), id).toBe(!known.has(id));
        known.add(id);
      }
    }),
  );
});

test('a hundred thousand ids are told apart, when they differ in a digit too', () => {
  const ids = new IdSet();
  for (let i = 0; i < 50_000; i++) {
    const id = usageId('source', [i]);
    expect(ids.add(id) && ids.add(`file-${i}`)).toBe(true);
    expect(ids.add(id)).toBe(false);
  }
});
