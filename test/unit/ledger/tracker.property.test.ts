import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { costKind, costNanos } from '../../../src/usage/query.ts';
import { runs } from '../../long.ts';
import { TrackerWorld, nanos } from './trackerWorld.ts';

const milli = fc.integer({ min: 0, max: 2_000_000 });
const who = fc.integer({ min: 0, max: 1 });

/** Valid JSON that is not a usage record. */
const oddity = fc.constantFrom('null', '1.0e2', '"text"', '[ 1 , 2 ]', '{"provider":"x",  "cost_usd":-1}', '{ }');

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('record' as const),
      who,
      costs: fc.array(milli, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('flush' as const), who }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('remove' as const), who, picks: fc.array(fc.nat(99), { maxLength: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('undo' as const), who }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('foreign save' as const), indent: fc.integer({ min: 0, max: 4 }), milli }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('foreign oddity' as const), text: oddity }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      who,
      costs: fc.array(milli, { minLength: 1, maxLength: 3 }),
      calls: fc.nat(40),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('damage' as const),
      kind: fc.constantFrom('cut', 'flip', 'mark', 'delete', 'twice'),
      where: fc.nat(),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function take(world: TrackerWorld, next: Step): Promise<void> {
  switch (next.do) {
    case 'record':
      return world.record(next.who, next.costs);
    case 'flush':
      expect(await world.process(next.who).flush(120_000)).toBe(true);
      return;
    case 'remove': {
      const { removed, expected } = await world.remove(next.who, next.picks);
      expect(removed).toEqual(expected);
      return;
    }
    case 'clear':
      return world.clear(next.who);
    case 'undo': {
      const { undone, expected } = await world.undo(next.who);
      if (expected) expect(undone).toBe(true);
      return;
    }
    case 'foreign save':
      return world.foreignSave(next.indent, next.milli);
    case 'foreign oddity':
      return world.foreignOddity(next.text);
    case 'crash':
      return world.crash(next.who, next.costs, next.calls);
    case 'damage': {
      // Ensures that no record is just moving from a journal to the file.
      for (const one of [0, 1]) expect(await world.process(one).flush(120_000)).toBe(true);
      const damaged = world.damage(next.kind, next.where);
      // The next commit repairs it. Its bytes are not lost: they are kept, or are still an array with everything unchanged.
      await world.record(0, [1]);
      expect(await world.process(0).flush(120_000)).toBe(true);
      if (damaged && next.kind !== 'flip' && damaged.length > 0) {
        const kept = readdirSync(world.folder).filter((name) => name.includes('.corrupt.'));
        expect(kept.some((name) => readFileSync(join(world.folder, name)).equals(damaged))).toBe(true);
      }
    }
  }
}

async function check(world: TrackerWorld): Promise<void> {
  for (const reader of [0, 1]) {
    const records = await world.process(reader).read();
    const ids = records.map((record) => record.usage_id);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...world.sure.records.keys()].filter((id) => !ids.includes(id))).toEqual([]);
    // A flipped bit may have changed an uncertain record's id.
    const own = ids.filter(
      (id) => /^id-\d+-\d+$/.test(id) && Number(id.split('-')[2]) === Number(id.split('-')[1]) * 7919,
    );
    expect(own.filter((id) => !world.sure.records.has(id) && !world.maybe.has(id))).toEqual([]);
    for (const record of records) {
      if (world.sure.records.has(record.usage_id)) {
        expect(record['field of tomorrow']).toMatchObject({ also: 'é\u2028' });
      }
    }
  }
}

it('ends in the ledger that the model says, whatever anybody does to it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      const world = new TrackerWorld();
      try {
        for (const next of steps) {
          await take(world, next);
          await check(world);
        }
        for (const one of [0, 1]) expect(await world.process(one).flush(120_000)).toBe(true);
        await world.record(0, [250]);
        await world.process(0).flush(20_000);
        await check(world);
        const totals = await world.process(0).summary();
        let expected = 0n;
        for (const record of await world.process(0).read()) {
          if (costKind(record) === 'unknown') continue;
          // A flipped bit may have changed an uncertain record's cost.
          expected += world.sure.records.get(record.usage_id) ?? nanos(record.cost_usd);
        }
        expect(costNanos(totals)).toBe(expected);
        const text = readFileSync(world.ledger, 'utf8');
        for (const odd of world.sure.odd) expect(text).toContain(odd);
        const ids = (JSON.parse(text) as { usage_id?: string }[] | null[]).map((element) => element?.usage_id);
        for (const id of world.sure.records.keys()) expect(ids.filter((other) => other === id)).toEqual([id]);
      } finally {
        await world.dispose();
      }
    }),
    { numRuns: runs(25) },
  );
});
