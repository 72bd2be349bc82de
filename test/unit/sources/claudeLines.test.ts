import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claudeCode } from '../../../src/sources/claude-code/index.ts';
import { idOf, summaryOf, told } from './agents/expected.ts';
import { jsonLines, World } from './world.ts';

/** What a line of Claude Code's log says of a call, and which lines are of other programs. */

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const AT = '2026-11-20T10:00:00.000Z';
const LOG = '.claude/projects/-srv-site/s1.jsonl';
const USAGE = { input_tokens: 10, output_tokens: 2 };
const line = (more: object = {}, message: object = {}, usage: object = USAGE): Record<string, unknown> => ({
  timestamp: AT,
  requestId: 'r1',
  message: { id: 'm1', model: 'claude-opus-4-5', usage, ...message },
  ...more,
});

test('all that a record has', async () => {
  const usage = {
    ...USAGE,
    cache_read_input_tokens: 100,
    cache_creation_input_tokens: 999,
    cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 30 },
    speed: 'fast',
    service_tier: 'priority',
    inference_geo: 'us',
    server_tool_use: { web_search_requests: 3 },
  };
  const more = {
    version: '2.1.0-beta',
    sessionId: 'x',
    cwd: '/srv/site/src',
    gitBranch: 'main',
    isSidechain: true,
    costUSD: 0.5,
  };
  const { records } = await told(world, claudeCode, { [LOG]: jsonLines(line(more, {}, usage)) });
  expect(records.map(summaryOf)).toEqual([`${AT} anthropic claude-opus-4-5 160(100,50) 2(0) src/s1`]);
  expect(records[0]).toMatchObject({
    usage_id: idOf('claude-code-log', 'm1'),
    operation: 'subagent',
    cache_write_1h_tokens: 30,
    web_searches: 3,
    speed: 'fast',
    service_tier: 'priority',
    inference_geo: 'us',
    tool_version: '2.1.0-beta',
    branch: 'main',
    folder: '/srv/site/src',
    request_id: 'r1',
    message_id: 'm1',
    sidechain: true,
    cost_usd: 0.5,
    price_source: 'claude-code-log: its own figure',
    agent: 'claude-code',
  });
});

test('terms that are the usual ones are none, and counts that are not split', async () => {
  const usual = ['standard', 'default', 'global', 'not_available', '', null];
  const lines = usual.map((term, i) =>
    line(
      { requestId: `r${i}`, costUSD: 0 },
      { id: `m${i}` },
      { ...USAGE, service_tier: term, inference_geo: term, cache_creation_input_tokens: 7, cache_creation: null },
    ),
  );
  const { records } = await told(world, claudeCode, { [LOG]: jsonLines(...lines) });
  expect(records).toHaveLength(usual.length);
  for (const record of records) {
    expect(record).toMatchObject({
      input_tokens: 17,
      cache_write_tokens: 7,
      cost_known: false,
      operation: 'agent',
      project: '-srv-site',
    });
    expect(
      ['service_tier', 'inference_geo', 'speed', 'sidechain', 'web_searches', 'iterations', 'tool_version'].filter(
        (field) => field in record,
      ),
    ).toEqual([]);
  }
});

test('terms of another type than text are unknown ones, not the usual ones', async () => {
  const terms = { service_tier: 7, speed: { type: 'fast' }, inference_geo: ['us'] };
  const { records } = await told(world, claudeCode, {
    [LOG]: jsonLines(line({ requestId: 'r' }, { id: 'm' }, { ...USAGE, ...terms })),
  });
  expect(records).toMatchObject([{ service_tier: '7', speed: '{"type":"fast"}', inference_geo: '["us"]' }]);
});

test('the file of an agent is of the session that started it', async () => {
  const { records } = await told(world, claudeCode, {
    '.claude/projects/-srv-site/s7/subagents/agent-1.jsonl': jsonLines(line({}, { id: undefined })),
    '.claude/projects/loose.jsonl': jsonLines(line({ requestId: 'r2' }, { id: 'm2', model: '<synthetic>' })),
    '.claude/projects/subagents/s8.jsonl': jsonLines(line({ requestId: 'r3' }, { id: 'm3', model: undefined })),
  });
  expect(
    records.map(({ session_id, operation, project, model, provider }) => [
      session_id,
      operation,
      project,
      model,
      provider,
    ]),
  ).toEqual([
    ['s7', 'subagent', '-srv-site', 'claude-opus-4-5', 'anthropic'],
    ['loose', 'agent', undefined, 'unknown', 'anthropic'],
    ['s8', 'agent', 'subagents', 'unknown', 'anthropic'],
  ]);
});

describe('a line without the id of a message', () => {
  const content = JSON.stringify(['r1', 'claude-opus-4-5', USAGE]);
  const id = idOf('claude-code-log', 's1', undefined, undefined, AT, content);

  test('counts by itself, each time, also in a later import', async () => {
    const nameless = jsonLines(line({}, { id: undefined }));
    const first = await told(world, claudeCode, { [LOG]: nameless + nameless });
    const two = [id, idOf('claude-code-log', id, 2)].sort();
    expect(first.records.map(({ usage_id }) => usage_id).sort()).toEqual(two);
    expect(first.records.some((record) => 'message_id' in record)).toBe(false);
    const later = await told(world, claudeCode, { [LOG]: nameless + nameless + nameless });
    expect(later.records.map(({ usage_id }) => usage_id).sort()).toEqual(
      [...two, idOf('claude-code-log', id, 3)].sort(),
    );
  });

  test('has its uuid, and the place in a list of calls, in its id', async () => {
    const usage = {
      ...USAGE,
      iterations: [
        { type: 'compaction', ...USAGE },
        { type: 'message', ...USAGE },
      ],
      server_tool_use: { web_search_requests: 2 },
    };
    const { records } = await told(world, claudeCode, {
      [LOG]: jsonLines(line({ uuid: 'u1', costUSD: 0.5 }, { id: undefined }, usage)),
    });
    const says = JSON.stringify(['r1', 'claude-opus-4-5', usage]);
    const found = records.map(({ usage_id, web_searches, cost_known, iterations }) => [
      usage_id,
      web_searches,
      cost_known,
      iterations,
    ]);
    expect(new Set(found.map((each) => JSON.stringify(each)))).toEqual(
      new Set([
        JSON.stringify([idOf('claude-code-log', 's1', undefined, 'u1', AT, says), undefined, true, 2]),
        JSON.stringify([idOf('claude-code-log', 's1', undefined, 'u1', AT, says, 1), 2, false, 2]),
      ]),
    );
  });
});

describe('lines of other programs', () => {
  test.each<[object, object, string]>([
    [{ version: 'dev' }, {}, 'version is not one of Claude Code'],
    [{ version: '2.1' }, {}, 'version is not one of Claude Code'],
    [{ version: 'v2.1.0' }, {}, 'version is not one of Claude Code'],
    [{ sessionId: '' }, {}, 'sessionId is empty'],
    [{ requestId: '' }, {}, 'requestId is empty'],
    [{}, { id: '' }, 'message.id is empty'],
    [{}, { model: '' }, 'message.model is empty'],
  ])('%j %j: %s', async (more, message, detail) => {
    const { records, skips } = await told(world, claudeCode, { [LOG]: jsonLines(line(), line(more, message)) });
    expect(records).toHaveLength(1);
    expect(skips).toEqual([`not-a-usage 2 ${detail}`]);
  });

  test('are not those with values of another kind', async () => {
    const { records, skips } = await told(world, claudeCode, { [LOG]: jsonLines(line({ version: 5, sessionId: 5 })) });
    expect([records.length, skips]).toEqual([1, []]);
  });
});

describe('the reply of an agent in a message of progress', () => {
  const progress = (more: object = {}, message: object = {}, usage: object = USAGE): object => ({
    type: 'progress',
    cwd: '/srv/site',
    gitBranch: 'main',
    version: '2.0.0',
    timestamp: '2026-11-20T09:00:00Z',
    data: { message: line(more, message, usage) },
  });

  test('counts, with its own time and ids and the place of the line', async () => {
    const { records } = await told(world, claudeCode, { [LOG]: jsonLines(progress()) });
    expect(records.map(summaryOf)).toEqual([`${AT} anthropic claude-opus-4-5 10(0,0) 2(0) site/s1`]);
    expect(records[0]).toMatchObject({ request_id: 'r1', message_id: 'm1', branch: 'main' });
    expect(records[0]).not.toHaveProperty('tool_version');
  });

  test('of another version is its own', async () => {
    const { records, skips } = await told(world, claudeCode, {
      [LOG]: jsonLines(progress({ version: 'dev', sessionId: '' }), progress({ requestId: '' })),
    });
    expect(records).toHaveLength(1);
    expect(skips).toEqual(['not-a-usage 2 requestId is empty']);
  });

  test('without an id has the id of its content', async () => {
    const { records } = await told(world, claudeCode, { [LOG]: jsonLines(progress({ uuid: 'u' }, { id: undefined })) });
    const says = JSON.stringify(['r1', 'claude-opus-4-5', USAGE]);
    expect(records.map(({ usage_id }) => usage_id)).toEqual([idOf('claude-code-log', 's1', undefined, 'u', AT, says)]);
  });
});

test('lines without usage, time or tokens', async () => {
  const { records, skips } = await told(world, claudeCode, {
    [LOG]:
      jsonLines(
        line({}, { usage: null }),
        line({}, { usage: [] }),
        { message: 'text', other: { usage: 1 } },
        line({ timestamp: null }),
        line({ requestId: 'r5' }, { id: 'm5' }, { input_tokens: null }),
        line({ requestId: 'r6' }, { id: 'm6' }, { input_tokens: -1 }),
        line({ requestId: 'r7' }, { id: 'm7' }, { output_tokens: 3 }),
      ) + '{"usage"\n',
  });
  expect(records.map(({ message_id }) => message_id)).toEqual(['m7']);
  expect(skips).toEqual(['no-time 4 -', expect.stringMatching(/^invalid 6 input_tokens/), 'not-json 8 -']);
});

describe('of lines of one message and request', () => {
  const kept = async (...lines: object[]): Promise<unknown[]> => {
    const { records } = await told(world, claudeCode, { [LOG]: jsonLines(...lines) });
    return records.map(({ request_id, output_tokens, timestamp, speed }) => [
      request_id,
      output_tokens,
      timestamp,
      speed,
    ]);
  };
  const later = '2026-11-20T10:00:01.000Z';

  test('the largest counts, of equal ones the one with a speed, then the earliest', async () => {
    expect(
      await kept(
        line({}, {}, { output_tokens: 5 }),
        line({ timestamp: later }, {}, { output_tokens: 9 }),
        line({}, {}, { output_tokens: 7 }),
      ),
    ).toEqual([['r1', 9, later, undefined]]);
    await world.dispose();
    world = new World();
    const fast = line({ timestamp: later }, {}, { output_tokens: 9, speed: 'fast' });
    expect(await kept(fast, line({}, {}, { output_tokens: 9 }))).toEqual([['r1', 9, later, 'fast']]);
    await world.dispose();
    world = new World();
    expect(await kept(line({ timestamp: later }), line())).toEqual([['r1', 2, AT, undefined]]);
  });

  test('each request is a call, and the first in order has the id of the message', async () => {
    const { records } = await told(world, claudeCode, {
      [LOG]: jsonLines(line({ requestId: 'b' }), line({ requestId: 'a' }), line({ requestId: 'c' })),
    });
    expect(new Map(records.map(({ request_id, usage_id }) => [request_id, usage_id]))).toEqual(
      new Map([
        ['a', idOf('claude-code-log', 'm1')],
        ['b', idOf('claude-code-log', 'm1', 'b')],
        ['c', idOf('claude-code-log', 'm1', 'c')],
      ]),
    );
    expect(records.find(({ request_id }) => request_id === 'a')).toMatchObject({ other_requests: ['b', 'c'] });
  });

  test('the one outside of a sidechain counts, whichever is larger and comes first', async () => {
    const side = line({ isSidechain: true, requestId: 'r9' }, {}, { output_tokens: 99 });
    expect(await kept(side, line())).toEqual([['r1', 2, AT, undefined]]);
    await world.dispose();
    world = new World();
    expect(await kept(line(), side)).toEqual([['r1', 2, AT, undefined]]);
    await world.dispose();
    world = new World();
    expect(await kept(line({ isSidechain: true, requestId: 'r8' }), side)).toEqual([['r9', 99, AT, undefined]]);
  });
});
