import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codex } from '../../../src/sources/codex/index.ts';
import { sourceOfFile } from '../../../src/sources/reading/files.ts';
import { UserPrices } from '../../../src/prices/index.ts';
import { World, jsonLines } from './world.ts';

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const START = Date.parse('2026-11-01T10:00:00.000Z');
const MINUTE = 60_000;

interface Event {
  at: number;
  line: Record<string, unknown>;
}

function meta(at: number, id: string, more: object = {}): Event {
  return { at, line: { type: 'session_meta', payload: { id, timestamp: new Date(at).toISOString(), ...more } } };
}

function turn(at: number, model = 'gpt-5.5'): Event {
  return { at, line: { type: 'turn_context', payload: { model, cwd: '/home/me/site' } } };
}

/** Calls that use `each` tokens of input and a tenth of it of output. */
function calls(at: number, gap: number, each: readonly number[], before = 0): Event[] {
  let sum = before;
  return each.map((input, i) => {
    sum += input;
    const counts = (tokens: number): object => ({
      input_tokens: tokens,
      cached_input_tokens: 0,
      output_tokens: tokens / 10,
      reasoning_output_tokens: 0,
      total_tokens: tokens * 1.1,
    });
    const info = { total_token_usage: counts(sum), last_token_usage: counts(input) };
    return { at: at + i * gap, line: { type: 'event_msg', payload: { type: 'token_count', info } } };
  });
}

function text(...events: (Event | Event[])[]): string {
  return jsonLines(...events.flat().map(({ at, line }) => ({ timestamp: new Date(at).toISOString(), ...line })));
}

/** The same events, written again from a time on. */
function again(events: readonly Event[], at: number, gap: number): Event[] {
  return events.map(({ line }, i) => ({ at: at + i * gap, line }));
}

async function inputs(): Promise<number[]> {
  await world.import(codex, { now: () => START + 1_000 * MINUTE });
  return (await world.records()).map(({ input_tokens }) => input_tokens).sort((a, b) => a - b);
}

const FOLDER = '.codex/sessions/2026/11/01';
const parent = [meta(START, 'parent'), turn(START), ...calls(START + MINUTE, MINUTE, [1000, 2000, 3000])];

describe('forks of a session', () => {
  const forkedAt = START + 60 * MINUTE;
  const fork = (id: string, gap: number, own: number[], replayed: Event[] = parent): string =>
    text(
      meta(forkedAt, id, { forked_from_id: 'parent' }),
      again(replayed, forkedAt + 1, gap),
      turn(forkedAt + 90 * MINUTE),
      calls(forkedAt + 91 * MINUTE, MINUTE, own, 6000),
    );

  test.each([
    ['at once', 1],
    ['within some seconds', 700],
    ['as slowly as they were made', MINUTE],
  ])('what they replay %s counts in their parent alone', async (_, gap) => {
    world.file(`${FOLDER}/a.jsonl`, text(parent));
    world.file(`${FOLDER}/b.jsonl`, fork('b', gap, [70, 80]));
    world.file(`${FOLDER}/c.jsonl`, fork('c', gap, [90]));
    expect(await inputs()).toEqual([70, 80, 90, 1000, 2000, 3000]);
  });

  test('a part of the parent, which went on afterwards', async () => {
    world.file(`${FOLDER}/a.jsonl`, text(parent));
    const own = calls(forkedAt + 91 * MINUTE, MINUTE, [70], 3000);
    const replayed = again(parent.slice(0, 4), forkedAt + 1, MINUTE);
    world.file(`${FOLDER}/b.jsonl`, text(meta(forkedAt, 'b', { forked_from_id: 'parent' }), replayed, own));
    expect(await inputs()).toEqual([70, 1000, 2000, 3000]);
  });

  test('a fork of a fork', async () => {
    const middle = [
      meta(forkedAt, 'middle', { forked_from_id: 'parent' }),
      ...again(parent, forkedAt + 1, 5_000),
      ...calls(forkedAt + 91 * MINUTE, MINUTE, [70], 6000),
    ];
    const late = forkedAt + 200 * MINUTE;
    world.file(`${FOLDER}/a.jsonl`, text(parent));
    world.file(`${FOLDER}/b.jsonl`, text(middle));
    world.file(
      `${FOLDER}/c.jsonl`,
      text(
        meta(late, 'last', { forked_from_id: 'middle' }),
        again(middle, late + 1, 5_000),
        calls(late + 91 * MINUTE, MINUTE, [80], 6070),
      ),
    );
    expect(await inputs()).toEqual([70, 80, 1000, 2000, 3000]);
  });

  test('the parent is gone: the fork tells its own usage, by the burst or by its sibling', async () => {
    world.file(`${FOLDER}/b.jsonl`, fork('b', 300, [70, 80]));
    expect(await inputs()).toEqual([70, 80]);
    rmSync(join(world.home, FOLDER), { recursive: true });
    await world.dispose();
    world = new World();
    world.file(`${FOLDER}/b.jsonl`, fork('b', MINUTE, [70, 80]));
    world.file(`${FOLDER}/c.jsonl`, fork('c', MINUTE, [90]));
    expect(await inputs()).toEqual([70, 80, 90]);
  });

  test('the parent is gone: events with their own times are older than the fork', async () => {
    world.file(
      `${FOLDER}/b.jsonl`,
      text(meta(forkedAt, 'b', { forked_from_id: 'parent' }), parent, calls(forkedAt + MINUTE, MINUTE, [70], 6000)),
    );
    expect(await inputs()).toEqual([70]);
  });

  test('read in steps, however short', async () => {
    world.file(`${FOLDER}/a.jsonl`, text(parent));
    const whole = fork('b', MINUTE, [70, 80]);
    const lines = whole.trimEnd().split('\n');
    for (let i = 1; i <= lines.length; i++) {
      world.file(
        `${FOLDER}/b.jsonl`,
        lines
          .slice(0, i)
          .map((line) => `${line}\n`)
          .join(''),
      );
      await world.import(codex, { now: () => START + 1_000 * MINUTE });
    }
    expect(await inputs()).toEqual([70, 80, 1000, 2000, 3000]);
  });

  test('an archived parent', async () => {
    world.file('.codex/archived_sessions/a.jsonl', text(parent));
    world.file(`${FOLDER}/b.jsonl`, fork('b', MINUTE, [70]));
    expect(await inputs()).toEqual([70, 1000, 2000, 3000]);
  });
});

describe('agents of a session', () => {
  const spawnedAt = START + 10 * MINUTE;
  const spawn = { source: { subagent: { thread_spawn: { parent_thread_id: 'parent' } } } };

  test.each([
    ['of several seconds', 900],
    ['of minutes', MINUTE],
  ])('a replay %s is none of their usage', async (_, gap) => {
    world.file(`${FOLDER}/a.jsonl`, text(parent));
    world.file(
      `${FOLDER}/b.jsonl`,
      text(
        meta(spawnedAt, 'b', spawn),
        again(parent.slice(2), spawnedAt, gap),
        calls(spawnedAt + 9 * MINUTE, 10, [70, 80], 6000),
      ),
    );
    expect(await inputs()).toEqual([70, 80, 1000, 2000, 3000]);
  });

  test('without a replay all of it counts', async () => {
    world.file(`${FOLDER}/a.jsonl`, text(parent));
    world.file(
      `${FOLDER}/b.jsonl`,
      text(meta(spawnedAt, 'b', spawn), turn(spawnedAt), calls(spawnedAt + 5_000, 2_000, [70, 80])),
    );
    expect(await inputs()).toEqual([70, 80, 1000, 2000, 3000]);
  });
});

describe('terms and counts of a turn', () => {
  const costs = async (): Promise<unknown[][]> => {
    const prices = new UserPrices({ folder: world.home });
    await world.import(codex, { pricer: () => prices.pricer(), now: () => START + 1_000 * MINUTE });
    return (await world.records())
      .sort((a, b) => a.timestamp.localeCompare(b.timestamp))
      .map(({ cost_usd, service_tier, cache_write_tokens }) => [cost_usd, service_tier, cache_write_tokens]);
  };
  const settings = (at: number, more: object): Event => ({
    at,
    line: {
      type: 'event_msg',
      payload: { type: 'thread_settings_applied', thread_settings: { model: 'gpt-5.5', ...more } },
    },
  });
  const call = (at: number, before: number): Event[] => calls(at, MINUTE, [10_000], before);

  test('the service tier that was chosen holds from its turn on, over the configuration', async () => {
    world.file('.codex/config.toml', 'service_tier = "flex"\n');
    world.file(
      `${FOLDER}/a.jsonl`,
      text(
        meta(START, 'a'),
        turn(START),
        call(START + MINUTE, 0),
        settings(START + 2 * MINUTE, { service_tier: 'priority' }),
        call(START + 3 * MINUTE, 10_000),
        settings(START + 4 * MINUTE, { service_tier: 'fast' }),
        call(START + 5 * MINUTE, 20_000),
        settings(START + 6 * MINUTE, {}),
        call(START + 7 * MINUTE, 30_000),
      ),
    );
    // gpt-5.5: $5 and $30 a million; priority is 2.5 times that, flex half of it.
    expect(await costs()).toEqual([
      [0.04, 'flex', undefined],
      [0.2, 'priority', undefined],
      [0.2, 'priority', undefined],
      [0.08, undefined, undefined],
    ]);
  });

  test('tokens that were written to the cache have their own price', async () => {
    const counts = {
      input_tokens: 10_000,
      cached_input_tokens: 2_000,
      cache_write_input_tokens: 4_000,
      output_tokens: 0,
      reasoning_output_tokens: 0,
      total_tokens: 10_000,
    };
    const info = { total_token_usage: counts, last_token_usage: counts };
    world.file(
      `${FOLDER}/a.jsonl`,
      text(meta(START, 'a'), turn(START, 'gpt-5.6'), {
        at: START + MINUTE,
        line: { type: 'event_msg', payload: { type: 'token_count', info } },
      }),
    );
    // gpt-5.6: $4 a million, read from the cache $0.4, written to it $5.
    expect(await costs()).toEqual([[0.0368, undefined, 4_000]]);
  });
});

describe('the output of codex exec --json', () => {
  const run = (...turns: object[]): string =>
    jsonLines(
      { type: 'thread.started', thread_id: 't1' },
      { type: 'turn.started' },
      { type: 'item.completed', item: { type: 'agent_message', text: 'OK' } },
      ...turns.map((usage) => ({ type: 'turn.completed', usage })),
    );

  test('its cached tokens are a part of its input, and its counts are those of the session so far', async () => {
    const file = world.file(
      'run.jsonl',
      run(
        { input_tokens: 24_763, cached_input_tokens: 24_448, output_tokens: 122, reasoning_output_tokens: 20 },
        { input_tokens: 50_000, cached_input_tokens: 48_000, output_tokens: 200, reasoning_output_tokens: 20 },
      ),
    );
    const source = await sourceOfFile(file, {});
    expect(source.id).toBe('codex-exec');
    for (let i = 0; i < 2; i++) await world.import(source, { places: [file] });
    const records = (await world.records()).sort((a, b) => a.input_tokens - b.input_tokens);
    expect(records.map((each) => [each.input_tokens, each.cache_read_tokens, each.output_tokens])).toEqual([
      [24_763, 24_448, 122],
      [25_237, 23_552, 78],
    ]);
    expect(records[0]).toMatchObject({ model: 'gpt-5', model_assumed: true, session_id: 't1', reasoning_tokens: 20 });
  });
});

describe('a session that does not name its model', () => {
  const session = text(meta(START, 's1'), calls(START + MINUTE, MINUTE, [1000]));

  test('is taken for one with gpt-5, and says that this is assumed', async () => {
    world.file(`${FOLDER}/rollout-s1.jsonl`, session);
    await world.import(codex, { now: () => START + 1_000 * MINUTE });
    const [record] = await world.records();
    expect(record).toMatchObject({ model: 'gpt-5', model_assumed: true, input_tokens: 1000 });
  });

  test('is no assumption where a later turn names it', async () => {
    world.file(
      `${FOLDER}/rollout-s1.jsonl`,
      session + text(turn(START + 2 * MINUTE), calls(START + 3 * MINUTE, MINUTE, [2000], 1000)),
    );
    await world.import(codex, { now: () => START + 1_000 * MINUTE });
    const models = (await world.records()).map(({ model, model_assumed }) => [model, model_assumed]);
    expect(models).toEqual([
      ['gpt-5', true],
      ['gpt-5.5', undefined],
    ]);
  });
});
