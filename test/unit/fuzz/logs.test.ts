import { describe, expect, it } from 'vitest';
import { brokenRule } from '../../../src/usage/rules.ts';
import { SHAPES } from '../sources/import/shapes.ts';
import { World } from '../sources/world.ts';
import { fuzz, FUZZ_TIMEOUT, mutated } from './fuzz.ts';

/** Logs of each source with damaged entries: the import goes on, and every entry that is whole comes in. */

/** Damaged entries to an import: each costs itself alone, so that many share the time of one. */
const ENTRIES = 40;

describe.each(SHAPES.map((shape, i) => [`${shape.source.id} (${i})`, shape] as const))('%s', (_, shape) => {
  const { source, entry, write } = shape;

  it('imports what is whole', { timeout: FUZZ_TIMEOUT }, async () => {
    // Damaged counts could be those of a sound entry, so that the sound ones have counts of their own.
    const sound = [100_000, 200_000];
    await fuzz(2, async ({ random }) => {
      const world = new World();
      try {
        const all = Array.from({ length: ENTRIES }, (_each, i) =>
          mutated(Buffer.from(JSON.stringify(entry(i))), random).toString(),
        );
        // The columns of this one are made of the entry, which must be JSON for that.
        const bad = source.id === 'copilot-chat' ? all.filter(isObject) : all;
        const [first, last] = sound.map((n) => JSON.stringify(entry(n)));
        const place = write(world, [first!, ...bad, last!]);
        const places = [place];
        // In one JSON document, a damaged entry may take the others along.
        const isApart = !place.endsWith('.json');
        const report = await world.import(source, { places });
        const records = await world.records();
        for (const record of records) expect(brokenRule(record)).toBeUndefined();
        const inputs = records.map(({ input_tokens }) => input_tokens);
        if (isApart) for (const n of sound) expect(inputs.some((input) => Math.abs(input - n) < 100)).toBe(true);
        expect(await world.import(source, { places })).toMatchObject({ added: 0, updated: 0 });
        expect(report.added).toBe(records.length);
      } finally {
        await world.dispose();
      }
    });
  });
});

function isObject(text: string): boolean {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
