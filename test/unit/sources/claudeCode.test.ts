import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UserPrices } from '../../../src/prices/index.ts';
import { claudeCode } from '../../../src/sources/claude-code/index.ts';
import { World, jsonLines } from './world.ts';

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const AT = '2026-11-20T10:00:00.000Z';
const LOG = '.claude/projects/-a/s.jsonl';

function reply(id: string, usage: object, more: object = {}): object {
  return {
    timestamp: AT,
    requestId: `r_${id}`,
    message: { id, model: 'claude-sonnet-4-5', usage: { input_tokens: 1_000, output_tokens: 100, ...usage } },
    ...more,
  };
}

async function imported(...fields: string[]): Promise<unknown[][]> {
  const prices = new UserPrices({ folder: world.home });
  await world.import(claudeCode, { pricer: () => prices.pricer() });
  return (await world.records())
    .map((record) => fields.map((field) => record[field]))
    .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}

const ADVISED = {
  iterations: [
    { type: 'message', input_tokens: 1_000, output_tokens: 100, cache_read_input_tokens: 0 },
    { type: 'advisor_message', model: 'claude-opus-4-6', input_tokens: 100_000, output_tokens: 2_000 },
    { type: 'message', input_tokens: 3_000, output_tokens: 200, cache_creation: { ephemeral_1h_input_tokens: 500 } },
  ],
};

test('a log with spaces between its tokens, as other programs rewrite it, is read', async () => {
  world.file(LOG, JSON.stringify(reply('m1', {}), null, 1).replaceAll(/\n */g, ' '));
  expect(await imported('message_id', 'input_tokens')).toEqual([['m1', 1_000]]);
});

describe('a reply of several calls', () => {
  test('each iteration is a call at its own model, and the counts beside them do not count again', async () => {
    world.file(LOG, jsonLines(reply('m1', ADVISED), reply('m2', {})));
    expect(await imported('message_id', 'model', 'input_tokens', 'output_tokens', 'cost_usd')).toEqual([
      ['m1', 'claude-sonnet-4-5', 1_000, 100, 0.0045],
      ['m1/2', 'claude-opus-4-6', 100_000, 2_000, 0.55],
      ['m1/3', 'claude-sonnet-4-5', 3_500, 200, 0.015],
      ['m2', 'claude-sonnet-4-5', 1_000, 100, 0.0045],
    ]);
  });

  test('lines that were written before the list was whole are replaced by it, in any order', async () => {
    const partial = reply('m1', { input_tokens: 90_000 });
    const half = reply('m1', { iterations: ADVISED.iterations.slice(0, 2) });
    for (const lines of [
      [partial, half, reply('m1', ADVISED)],
      [reply('m1', ADVISED), half, partial],
    ]) {
      world.file(LOG, jsonLines(...lines));
      expect(await imported('message_id', 'input_tokens')).toEqual([
        ['m1', 1_000],
        ['m1/2', 100_000],
        ['m1/3', 3_500],
      ]);
    }
  });

  test('one iteration that says what the reply says is the reply', async () => {
    const iterations = [{ type: 'message', input_tokens: 1_000, output_tokens: 100 }];
    world.file(LOG, jsonLines(reply('m1', { iterations })));
    expect(await imported('message_id', 'input_tokens', 'iterations')).toEqual([['m1', 1_000, undefined]]);
  });

  test('a list that is none is left out', async () => {
    world.file(LOG, jsonLines(reply('m1', { iterations: 5 }), reply('m2', { iterations: [null, 'x', {}] })));
    expect(await imported('message_id', 'input_tokens')).toEqual([
      ['m1', 1_000],
      ['m2', 1_000],
    ]);
  });
});

describe('terms of a reply', () => {
  test.each([
    ['fast mode', 'claude-opus-4-6', { speed: 'fast' }, 0.045],
    ['the United States', 'claude-opus-4-6', { inference_geo: 'us' }, 0.00825],
    ['a batch', 'claude-sonnet-4-5', { service_tier: 'batch' }, 0.00225],
    ['the usual ones', 'claude-sonnet-4-5', { service_tier: 'standard', inference_geo: 'not_available' }, 0.0045],
  ])('%s', async (_, model, terms, cost) => {
    const line = reply('m1', terms) as { message: { model: string } };
    line.message.model = model;
    world.file(LOG, jsonLines(line));
    expect(await imported('cost_usd', 'cost_known')).toEqual([[cost, true]]);
  });
});

test.each([
  ['the same', 100, 100],
  ['more', 200, 100],
  ['less', 50, 100],
])('a message that some lines name without its request is one call: they have %s output', async (_, without, named) => {
  const lines = [
    reply('m1', { output_tokens: without }, { requestId: undefined }),
    reply('m1', { output_tokens: named }),
    reply('m1', { output_tokens: 30 }, { requestId: 'r_z' }),
  ];
  for (const order of [
    [0, 1, 2],
    [1, 0, 2],
    [1, 2, 0],
    [0, 1, 2, 0, 1],
  ]) {
    await world.dispose();
    world = new World();
    for (const [i, at] of order.entries()) {
      world.file(`.claude/projects/p/s${i}.jsonl`, jsonLines(lines[at]!));
      await world.import(claudeCode);
    }
    const records = await world.records();
    expect(new Set(records.map((each) => `${String(each['request_id'])} ${each.output_tokens}`))).toEqual(
      new Set([`r_m1 ${Math.max(without, named)}`, 'r_z 30']),
    );
    expect(records).toHaveLength(2);
  }
});

test('lines of one message without a request id are one call', async () => {
  const line = (output: number): object => reply('m1', { output_tokens: output }, { requestId: undefined });
  world.file(LOG, jsonLines(line(1), line(100), line(50)));
  expect(await imported('output_tokens')).toEqual([[100]]);
});
