import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codex } from '../../../src/sources/codex/index.ts';
import { jsonLines, World } from './world.ts';

/** Files of agents that Codex starts, which may begin with a burst of their starter's events, without its name. */

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const START = Date.parse('2026-11-20T10:00:00.000Z');
const MINUTE = 60_000;
const iso = (after: number): string => new Date(START + after).toISOString();
const counts = (input: number): object => ({ input_tokens: input, output_tokens: 1, total_tokens: input + 1 });
const spawned = {
  timestamp: iso(0),
  type: 'session_meta',
  payload: { id: 'a', source: { subagent: { thread_spawn: {} } } },
};
const used = (after: number, input: number, total?: number): object => ({
  timestamp: iso(after),
  type: 'event_msg',
  payload: {
    type: 'token_count',
    info: { last_token_usage: counts(input), ...(total === undefined ? {} : { total_token_usage: counts(total) }) },
  },
});
const PATH = '.codex/sessions/a.jsonl';

/** The inputs that count after an import of these lines, some time after they were written. */
async function inputs(lines: readonly object[], quiet = 10 * MINUTE): Promise<number[]> {
  const path = world.file(PATH, jsonLines(...lines));
  utimesSync(path, START / 1000, START / 1000);
  await world.import(codex, { now: () => START + quiet });
  return (await world.records()).map(({ input_tokens }) => input_tokens).sort((a, b) => a - b);
}

describe('the events of an agent', () => {
  test('within a second of its first are a replay, and those after a pause its own', async () => {
    expect(
      await inputs([spawned, used(0, 10), used(999, 20), used(1_998, 30), used(2_998, 40), used(2_999, 50)]),
    ).toEqual([40, 50]);
  });

  test('are its own if the second comes a second later', async () => {
    expect(await inputs([spawned, used(0, 10), used(1_000, 20), used(1_001, 30)])).toEqual([10, 20, 30]);
  });

  test('of other sessions are not compared by their times', async () => {
    const other = { ...spawned, payload: { id: 'a' } };
    expect(await inputs([other, used(0, 10), used(1, 20)])).toEqual([10, 20]);
  });

  test('have the totals of the replay as their beginning', async () => {
    const total = (after: number, sum: number): object => {
      const event = used(after, 0, sum) as { payload: { info: { last_token_usage?: object } } };
      delete event.payload.info.last_token_usage;
      return event;
    };
    expect(await inputs([spawned, total(0, 100), total(1, 300), total(5_000, 350)])).toEqual([50]);
  });

  test('are held back while only one is there, until nobody writes any more', async () => {
    const one = [spawned, used(0, 10)];
    expect(await inputs(one, 30_000)).toEqual([]);
    // The file did not change, but it is quiet now.
    await world.import(codex, { now: () => START + 10 * MINUTE });
    expect(await world.records()).toMatchObject([{ input_tokens: 10, operation: 'subagent', session_id: 'a' }]);
    expect(await world.import(codex, { now: () => START + 10 * MINUTE })).toMatchObject({ added: 0, updated: 0 });
  });

  test('are held back over imports', async () => {
    expect(await inputs([spawned, used(0, 10)], 1_000)).toEqual([]);
    expect(await inputs([spawned, used(0, 10), used(500, 20)], 2_000)).toEqual([]);
    expect(await inputs([spawned, used(0, 10), used(500, 20), used(5_000, 30)], 6_000)).toEqual([30]);
  });
});

test('a line without its end counts when it is whole, once', async () => {
  const path = world.file(PATH, jsonLines({ ...spawned, payload: { id: 's' } }) + JSON.stringify(used(0, 10)));
  expect(await world.import(codex, { now: () => START })).toMatchObject({ added: 1 });
  writeFileSync(
    path,
    `${jsonLines({ ...spawned, payload: { id: 's' } })}${JSON.stringify(used(0, 10))}\n${JSON.stringify(used(1, 20)).slice(0, -1)}`,
  );
  expect(await world.import(codex, { now: () => START })).toMatchObject({ added: 0, updated: 0, skipped: {} });
  writeFileSync(path, jsonLines({ ...spawned, payload: { id: 's' } }, used(0, 10), used(1, 20)));
  expect(await world.import(codex, { now: () => START })).toMatchObject({ added: 1, updated: 0 });
});

test('an equal event of two sessions is of the earlier, or of the first in order', async () => {
  const session = (id: string, more: object = {}): void => {
    world.file(`.codex/sessions/${id}.jsonl`, jsonLines({ ...spawned, payload: { id, ...more } }, used(0, 10)));
  };
  session('b');
  await world.import(codex);
  session('c');
  expect(await world.import(codex)).toMatchObject({ added: 0, updated: 0 });
  session('a');
  expect(await world.import(codex)).toMatchObject({ added: 0, updated: 1 });
  expect((await world.records()).map(({ session_id }) => session_id)).toEqual(['a']);
});

test('a usage gets what earlier versions of this program did not read', async () => {
  const path = join(world.home, PATH);
  const meta = { ...spawned, payload: { id: 's' } };
  world.file(PATH, jsonLines(meta, used(0, 10)));
  await world.import(codex);
  const ledger = world.ledger();
  const tier = {
    timestamp: iso(0),
    type: 'event_msg',
    payload: { type: 'thread_settings_applied', thread_settings: { service_tier: 'flex' } },
  };
  writeFileSync(path, jsonLines(meta, tier, used(0, 10)));
  expect(await world.import(codex)).toMatchObject({ added: 0, updated: 1 });
  await ledger.refresh();
  expect(await ledger.read()).toMatchObject([{ service_tier: 'flex' }]);
  // What it has, another reading without it does not take away.
  writeFileSync(path, jsonLines(meta, used(0, 10), used(5, 20)));
  expect(await world.import(codex)).toMatchObject({ added: 1, updated: 0 });
});
