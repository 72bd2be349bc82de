import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { amp } from '../../../../src/sources/amp/index.ts';
import { clineCli } from '../../../../src/sources/cline-cli/index.ts';
import { devin } from '../../../../src/sources/devin/index.ts';
import { grok } from '../../../../src/sources/grok/index.ts';
import { kimiCli } from '../../../../src/sources/kimi/cli.ts';
import { kimiCode } from '../../../../src/sources/kimi/code.ts';
import { mux } from '../../../../src/sources/mux/index.ts';
import { qwenCode } from '../../../../src/sources/qwen-code/index.ts';
import { jsonLines, World } from '../world.ts';
import { idOf, summaryOf, told, WRITTEN } from './expected.ts';

/** Entries of logs that lack something, or have it in another place: what counts, and what is named instead. */

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const AT = '2026-11-20T10:00:00.000Z';
const MS = Date.parse(AT);

describe('Amp', () => {
  const path = '.local/share/amp/threads/T-7.json';

  test("events of a thread's ledger", async () => {
    const events = [
      // Its message is the user's.
      { id: 'e1', timestamp: AT, model: 'gpt-5', toMessageId: 1, tokens: { input: 1, output: 2 } },
      { timestamp: AT, toMessageId: 2, tokens: { input: 3, output: 1 } },
      { timestamp: AT, model: 'gpt-5', tokens: { input: 5, output: 5, total: 99 }, credits: 'many' },
      null,
      'text',
      { id: 'e6', timestamp: AT, tokens: {} },
      { id: 'e7', tokens: { total: 3 } },
      { id: 'e8', timestamp: AT, model: 'gpt-5', tokens: { input: -1 } },
      { id: 'e9', timestamp: AT, model: 'gpt-5' },
    ];
    const messages = [
      { messageId: 1, role: 'user', usage: { cacheReadInputTokens: 50 } },
      { messageId: 2, role: 'assistant', usage: { cacheReadInputTokens: 7, inputTokens: 100 } },
    ];
    const { records, summaries, skips } = await told(world, amp, {
      [path]: JSON.stringify({ usageLedger: { events }, messages }),
    });
    expect(summaries).toEqual([
      `${AT} openai gpt-5 1(0,0) 2(0) -/T-7`,
      `${AT} openai gpt-5 5(0,0) 5(0) -/T-7`,
      `${AT} unknown unknown 10(7,0) 1(0) -/T-7`,
    ]);
    expect(records.map(({ usage_id }) => usage_id)).toEqual([
      idOf('amp-log', 'T-7', 'e1'),
      idOf('amp-log', 'T-7', `${AT} gpt-5 5 5`),
      idOf('amp-log', 'T-7', 'message 2'),
    ]);
    expect(records[0]).toMatchObject({ operation: 'agent', source: 'amp-log', agent: 'amp' });
    expect(records.some((record) => 'amp_credits' in record)).toBe(false);
    expect(skips).toEqual([
      'not-a-usage 5 the message is not an object',
      'no-time 7 e7',
      expect.stringMatching(/^invalid 8 input_tokens/),
    ]);
  });

  test('messages of a thread without a ledger, and a thread that is none', async () => {
    const usage = { timestamp: AT, inputTokens: 10, outputTokens: 1 };
    const messages = [
      { role: 'assistant', messageId: 'm1', usage: { ...usage, cacheCreationInputTokens: 4, model: 'gpt-5' } },
      { role: 'assistant', usage: { ...usage, model: 'gpt-5' } },
      { role: 'assistant', messageId: 'm3', usage: { timestamp: AT, totalTokens: 6, credits: 2 } },
      { role: 'user', messageId: 'm4', usage },
      { role: 'assistant', messageId: 'm5' },
      { role: 'assistant', messageId: 8, usage: { inputTokens: 1 } },
      'text',
    ];
    const { records, summaries, skips } = await told(world, amp, {
      [path]: JSON.stringify({ id: 'T-1', usageLedger: {}, messages }),
      '.local/share/amp/threads/list.json': '[]',
      '.local/share/amp/threads/odd.json': '{"usageLedger":3}',
    });
    expect(summaries).toEqual([
      `${AT} openai gpt-5 10(0,0) 1(0) -/T-1`,
      `${AT} openai gpt-5 14(0,4) 1(0) -/T-1`,
      `${AT} unknown unknown 0(0,0) 6(0) -/T-1`,
    ]);
    expect(records.map(({ usage_id }) => usage_id)).toEqual([
      idOf('amp-log', 'T-1', `${AT} gpt-5 10 1`),
      idOf('amp-log', 'T-1', 'm1'),
      idOf('amp-log', 'T-1', 'm3'),
    ]);
    expect(records[2]).toMatchObject({ amp_credits: 2, estimated_tokens: 6 });
    expect(skips).toEqual([
      'no-time 6 message 8',
      'unknown-format - not an object',
      'not-a-usage - usageLedger is not an object',
    ]);
  });
});

describe('Cline CLI', () => {
  const folder = '.cline/data/sessions/s1';
  const metrics = { inputTokens: 10, outputTokens: 2 };

  test('times, models and ids from where they are', async () => {
    const messages = [
      { role: 'assistant', id: 'a', timestamp: AT, metrics, modelInfo: { id: 'gpt-5', provider: 'openai-native' } },
      { role: 'assistant', createdAt: AT, metrics },
      { role: 'assistant', id: 'c', metrics: { cost: 0.5 } },
      {
        role: 'assistant',
        id: 'd',
        metrics: { ...metrics, cost: 0 },
        modelInfo: { id: 'qwen3:8b', provider: 'ollama' },
      },
      { role: 'assistant', id: 'e', metrics: {} },
      { role: 'assistant', id: 'f', metrics: [] },
      { role: 'user', id: 'g', ts: MS, metrics },
      null,
      7,
    ];
    const about = {
      model: 'claude-opus-4-5',
      provider: 'anthropic',
      started_at: '2026-11-20T09:00:00Z',
      workspace_root: '/srv/app',
    };
    const { records, summaries, skips } = await told(world, clineCli, {
      [`${folder}/s1.messages.json`]: JSON.stringify(messages),
      [`${folder}/s1.json`]: JSON.stringify(about),
    });
    expect(summaries).toEqual([
      '2026-11-20T09:00:00Z anthropic claude-opus-4-5 0(0,0) 0(0) app/s1',
      '2026-11-20T09:00:00Z ollama qwen3:8b 10(0,0) 2(0) app/s1',
      `${AT} anthropic claude-opus-4-5 10(0,0) 2(0) app/s1`,
      `${AT} openai gpt-5 10(0,0) 2(0) app/s1`,
    ]);
    expect(records.map(({ usage_id, cost_usd, cost_known }) => [usage_id, cost_usd, cost_known])).toEqual([
      [idOf('cline-cli-log', 's1', 'c'), 0.5, true],
      [idOf('cline-cli-log', 's1', 'd'), 0, false],
      [idOf('cline-cli-log', 's1', `${AT} 10 2`), 0, false],
      [idOf('cline-cli-log', 's1', 'a'), 0, false],
    ]);
    expect(records.map(({ charge, message_id, operation }) => [charge, message_id, operation])).toEqual([
      [undefined, 'c', 'agent'],
      ['free', 'd', 'agent'],
      [undefined, undefined, 'agent'],
      [undefined, 'a', 'agent'],
    ]);
    expect(skips).toEqual(['not-a-usage 6 metrics is not an object', 'not-a-usage 9 the message is not an object']);
  });

  test('a session without its description, and one of another form', async () => {
    const { summaries, skips } = await told(world, clineCli, {
      [`${folder}/s1.messages.json`]: JSON.stringify({
        messages: [
          { role: 'assistant', ts: MS, metrics },
          { role: 'assistant', id: 'b', metrics },
        ],
      }),
      [`${folder}/s2.messages.json`]: '{"messages":{}}',
      [`${folder}/s3.messages.json`]: '{',
    });
    expect(summaries).toEqual([`${AT} unknown unknown 10(0,0) 2(0) -/s1`]);
    expect(skips).toEqual(['no-time 2 b', 'unknown-format - no messages', 'not-json - -']);
  });
});

test('Devin: steps without their own model, id or time, and those that were copied', async () => {
  const metrics = {
    prompt_tokens: 100,
    completion_tokens: 10,
    cached_tokens: 60,
    extra: { cache_creation_input_tokens: 30, reasoning_tokens: 4 },
  };
  const steps = [
    { step_id: 7, timestamp: AT, model_name: 'gpt-5', metrics, metadata: { committed_acu_cost: 0.25 } },
    { timestamp: AT, metrics: { prompt_tokens: 5 } },
    { step_id: 9, timestamp: AT, metrics, is_copied_context: true },
    { step_id: 10, metrics },
    { step_id: 11, timestamp: AT, metrics: {} },
    { step_id: 12, timestamp: AT },
    'text',
    { step_id: 13, timestamp: AT, metrics: 'many' },
  ];
  const { records, summaries, skips } = await told(world, devin, {
    '.local/share/devin/cli/transcripts/s1.json': JSON.stringify({ agent: { model_name: 'claude-opus-4-5' }, steps }),
    '.local/share/devin/cli/transcripts/s2.json': JSON.stringify({
      session_id: 'named',
      steps: [{ timestamp: AT, metrics: { completion_tokens: 3 } }],
    }),
    '.local/share/devin/cli/transcripts/s3.json': '{}',
  });
  expect(summaries).toEqual([
    `${AT} anthropic claude-opus-4-5 5(0,0) 0(0) -/s1`,
    `${AT} openai gpt-5 100(60,30) 10(4) -/s1`,
    `${AT} unknown unknown 0(0,0) 3(0) -/named`,
  ]);
  expect(records.map(({ usage_id, acus, charge }) => [usage_id, acus, charge])).toEqual([
    [idOf('devin-log', 's1', 1), undefined, 'credits'],
    [idOf('devin-log', 's1', 7), 0.25, 'credits'],
    [idOf('devin-log', 'named', 0), undefined, 'credits'],
  ]);
  expect(skips).toEqual([
    'no-time 4 step 4',
    'not-a-usage 7 the message is not an object',
    'not-a-usage 8 metrics is not an object',
    'unknown-format - it has no list of steps',
  ]);
});

describe('Grok Build', () => {
  const folder = '.grok/sessions/%2Fsrv%2Fsite/s1';
  const usage = { inputTokens: 100, outputTokens: 10, cacheCreationTokens: 30 };

  test('the model that was changed to, and the time of the file', async () => {
    const done = { sessionUpdate: 'turn_completed', usage };
    const { records, summaries, skips } = await told(world, grok, {
      [`${folder}/updates.jsonl`]:
        jsonLines(
          { params: { update: { ...done, prompt_id: 'p0' }, timestamp: AT } },
          { params: { update: { modelId: 'grok-5' } } },
          { update: { ...done, timestamp: AT } },
          { params: { update: { model: 'grok-6' } } },
          { update: { ...done, prompt_id: 'p2' } },
          { update: { ...done, prompt_id: 'p3', usage: { ...usage, modelUsage: { 'grok-7': 3 } } } },
          { update: { ...done, prompt_id: 'p4', usage: {} } },
          { update: { ...done, prompt_id: 'p5', usage: 'much' } },
          { update: { sessionUpdate: 'turn_completed', prompt_id: 'p6', model: 'grok-6' } },
          { note: 'turn_completed' },
        ) + '{"turn_completed"\n',
    });
    expect(summaries).toEqual([
      `${WRITTEN} x-ai grok-6 100(0,30) 10(0) site/s1`,
      `${WRITTEN} x-ai grok-6 100(0,30) 10(0) site/s1`,
      `${AT} x-ai grok-5 100(0,30) 10(0) site/s1`,
      `${AT} x-ai unknown 100(0,30) 10(0) site/s1`,
    ]);
    expect(records.map(({ usage_id }) => usage_id).slice(2)).toEqual([
      idOf('grok-build-log', 's1', `${AT} 100 10`, 'grok-5'),
      idOf('grok-build-log', 's1', 'p0', 'unknown'),
    ]);
    expect(new Set(records.map(({ operation, folder: where }) => `${operation} ${String(where)}`))).toEqual(
      new Set(['agent /srv/site']),
    );
    expect(skips).toEqual(['not-a-usage 8 usage is not an object', 'not-json 11 -']);
  });

  test('a folder whose name is no encoded path, and models by turns', async () => {
    const byModel = { a: { inputTokens: 60, outputTokens: 4 }, b: { inputTokens: 40, outputTokens: 6 } };
    const done = { sessionUpdate: 'turn_completed', prompt_id: 'p' };
    const { records, summaries } = await told(world, grok, {
      '.grok/sessions/100%/s2/updates.jsonl': jsonLines(
        { timestamp: AT, update: { ...done, usage: { ...usage, modelUsage: byModel } } },
        {
          timestamp: AT,
          update: { ...done, prompt_id: 'q', usage: { ...usage, modelUsage: { ...byModel, c: { outputTokens: 1 } } } },
        },
      ),
      '.grok/sessions/100%/s2/summary.json': '{',
    });
    expect(summaries).toEqual([
      `${AT} x-ai a 100(0,30) 10(0) 100%/s2`,
      `${AT} x-ai a 60(0,0) 4(0) 100%/s2`,
      `${AT} x-ai b 40(0,0) 6(0) 100%/s2`,
    ]);
    expect(records.map(({ usage_id }) => usage_id)).toEqual([
      idOf('grok-build-log', 's2', 'q', 'a'),
      idOf('grok-build-log', 's2', 'p', 'a'),
      idOf('grok-build-log', 's2', 'p', 'b'),
    ]);
  });
});

describe('Kimi', () => {
  const status = (more: object, payload: object = {}): object => ({
    timestamp: MS / 1000,
    message: { type: 'StatusUpdate', payload: { token_usage: { input_other: 10, output: 3 }, ...payload } },
    ...more,
  });

  test('CLI: a total alone, lines without a time, and the model by its settings', async () => {
    const { records, summaries, skips } = await told(world, kimiCli, {
      '.kimi/config.json': '{"model":"kimi-k3"}',
      '.kimi/config.toml': 'model = "not this one"',
      '.kimi/kimi.json': '{"work_dirs":[{"path":"/srv/other"},{"path":7},null]}',
      '.kimi/sessions/x/s1/wire.jsonl':
        jsonLines(
          status({}),
          status({}, { message_id: 'm2', token_usage: { total: 9 } }),
          status({}, { message_id: 'm3', token_usage: {} }),
          status({ timestamp: null }),
          status({}, { token_usage: 4 }),
          status({}, { token_usage: null }),
          { message: { type: 'TurnBegin', payload: { token_usage: { output: 99 } } }, timestamp: 5 },
        ) + '{"token_usage"\n',
    });
    expect(summaries).toEqual([
      `${AT} moonshotai kimi-k3 0(0,0) 9(0) -/s1`,
      `${AT} moonshotai kimi-k3 10(0,0) 3(0) -/s1`,
    ]);
    expect(
      records.map(({ usage_id, message_id, estimated_tokens }) => [usage_id, message_id, estimated_tokens]),
    ).toEqual([
      [idOf('kimi-cli-log', 's1', undefined, 'm2', String(MS / 1000), 0, 0, 0, 9), 'm2', 9],
      [idOf('kimi-cli-log', 's1', undefined, undefined, String(MS / 1000), 10, 0, 0, 3), undefined, undefined],
    ]);
    expect(records.every((record) => !('model_name' in record))).toBe(true);
    expect(skips).toEqual(['no-time 4 -', 'not-a-usage 5 token_usage is not an object', 'not-json 8 -']);
  });

  test.each([
    ['{"default_model":"kimi-k4"}', '', 'kimi-k4'],
    ['{', "[x]\n  model='kimi-k5'", 'kimi-k5'],
    ['{}', 'my_model = "kimi-k9"', 'kimi-k2.6'],
    ['[]', '', 'kimi-k2.6'],
  ])('CLI: settings %j and %j', async (json, toml, model) => {
    const { records } = await told(world, kimiCli, {
      '.kimi/config.json': json,
      '.kimi/config.toml': toml,
      '.kimi/sessions/x/s1/wire.jsonl': jsonLines(status({})),
    });
    expect(records).toMatchObject([{ model }]);
    expect(records[0]!['model_name']).toBe(model === 'kimi-k2.6' ? 'kimi-for-coding' : undefined);
  });

  test('CLI: the name had another model until a moment of April 2026', async () => {
    const at = 1_776_698_890_072;
    const { summaries } = await told(world, kimiCli, {
      '.kimi/sessions/x/s1/wire.jsonl': jsonLines(status({ timestamp: at - 1 }), status({ timestamp: at })),
    });
    expect(summaries.map((summary) => summary.split(' ').slice(0, 3).join(' '))).toEqual([
      '2026-04-20T15:28:10.071Z moonshotai kimi-k2.5',
      '2026-04-20T15:28:10.072Z moonshotai kimi-k2.6',
    ]);
  });

  test('Code: events inside of another, their times and models by place', async () => {
    const usage = { inputOther: 10, output: 3 };
    const lines = [
      { event: { type: 'usage.record', payload: { usage, model: 'kimi-k9' } }, timestamp: AT },
      { event: { name: 'llm.request', payload: { model: 'kimi-k3' } } },
      { event: { name: 'usage.record', usage, timestamp: AT } },
      { type: 'llm.request' },
      { type: 'usage.record', usage, time: AT },
      { type: 'usage.record', usage },
      { type: 'usage.record', usage: {}, time: AT },
      { type: 'usage.record', usage: [], time: AT },
      { type: 'usage.recorded', usage, time: AT },
      { event: { type: 'usage.record', usage, time: AT } },
    ];
    const log = jsonLines(...lines);
    const { records, summaries, skips } = await told(world, kimiCode, {
      '.kimi-code/sessions/wd_1/s1/agents/helper/wire.jsonl': `${log}{"usage.record"\n`,
    });
    expect(summaries).toEqual([
      ...Array.from({ length: 3 }, () => `${AT} moonshotai kimi-k3 10(0,0) 3(0) -/s1`),
      `${AT} moonshotai kimi-k9 10(0,0) 3(0) -/s1`,
    ]);
    const offset = (line: number): number => jsonLines(...lines.slice(0, line)).length;
    expect(new Set(records.map(({ usage_id }) => usage_id))).toEqual(
      new Set([0, 2, 4, 9].map((line) => idOf('kimi-code-log', 's1', 'helper', offset(line)))),
    );
    expect(new Set(records.map(({ operation }) => operation))).toEqual(new Set(['subagent']));
    expect(skips).toEqual(['no-time 6 -', 'not-a-usage 8 usage is not an object', 'not-json 11 -']);
  });

  test('Code: without any model it is the usual one, in the main agent, and a broken state names no folder', async () => {
    const { records, summaries } = await told(world, kimiCode, {
      '.kimi-code/sessions/wd_1/s1/agents/main/wire.jsonl': jsonLines({
        type: 'usage.record',
        usage: { output: 3 },
        time: AT,
      }),
      '.kimi-code/sessions/wd_1/s1/state.json': '{"workDir"',
    });
    expect(summaries).toEqual([`${AT} moonshotai kimi-k2.6 0(0,0) 3(0) -/s1`]);
    expect(records[0]).toMatchObject({ operation: 'agent' });
  });
});

test('Mux: models without a provider, agents, times and lines that lack something', async () => {
  const usage = { inputTokens: 100, outputTokens: 10 };
  const { records, summaries, skips } = await told(world, mux, {
    '.mux/sessions/w1/subagent-transcripts/a1/chat.jsonl':
      jsonLines(
        { id: 'm1', metadata: { usage, model: 'openai:gpt-5', timestamp: AT }, timestamp: 5 },
        { metadata: { usage, model: 'ollama:qwen3:8b' }, createdAt: AT },
        { id: 'm3', metadata: { usage, model: 'gpt-5' }, timestamp: AT },
        { id: 'm4', metadata: { usage } },
        { id: 'm5', metadata: { usage: {}, timestamp: AT } },
        { id: 'm6', metadata: { usage: 'much', timestamp: AT } },
        { id: 'm7', usage },
        { id: 'm8', metadata: { usage, model: 'a/b:c' }, timestamp: AT },
      ) + '{"usage"\n',
  });
  expect(summaries).toEqual([
    `${AT} ollama qwen3:8b 100(0,0) 10(0) -/w1`,
    `${AT} openai gpt-5 100(0,0) 10(0) -/w1`,
    `${AT} unknown unknown 100(0,0) 10(0) -/w1`,
    `${AT} unknown unknown 100(0,0) 10(0) -/w1`,
  ]);
  expect(records.slice(0, 2).map(({ usage_id, operation, charge }) => [usage_id, operation, charge])).toEqual([
    [idOf('mux-log', 'w1', 'a1', `${AT} 100 10`), 'subagent', 'free'],
    [idOf('mux-log', 'w1', 'a1', 'm1'), 'subagent', undefined],
  ]);
  expect(records[1]).toMatchObject({ message_id: 'm1', source: 'mux-log' });
  expect(skips).toEqual(['no-time 4 m4', 'not-a-usage 6 usage is not an object', 'not-json 9 -']);
});

test('Qwen Code: sessions by their file, models of others, a total alone, and the earliest of equal replies', async () => {
  const reply = (more: object, counts: object = { promptTokenCount: 100, candidatesTokenCount: 10 }): object => ({
    type: 'assistant',
    timestamp: AT,
    usageMetadata: counts,
    ...more,
  });
  const { records, summaries, skips } = await told(world, qwenCode, {
    '.qwen/projects/shop/chats/s9.jsonl':
      jsonLines(
        reply({ uuid: 'u1', model: 'qwen3:8b', gitBranch: 'main' }),
        reply({ uuid: 'u2', sessionId: 's2' }, { totalTokenCount: 8 }),
        reply({ uuid: 'u3' }, {}),
        reply({ uuid: 'u4', timestamp: 'soon' }),
        reply({ uuid: 'u5', type: 'user' }),
        reply({ uuid: 'u6' }, []),
      ) + '{"usageMetadata"\n',
  });
  expect(records.map(summaryOf)).toEqual(summaries);
  expect(summaries).toEqual([
    `${AT} alibaba unknown 0(0,0) 8(0) shop/s2`,
    `${AT} ollama qwen3:8b 100(0,0) 10(0) shop/s9`,
  ]);
  expect(records.map(({ usage_id, charge, branch, message_id }) => [usage_id, charge, branch, message_id])).toEqual([
    [idOf('qwen-code-log', 's2', AT, 'unknown', 0, 8), undefined, undefined, 'u2'],
    [idOf('qwen-code-log', 's9', AT, 'qwen3:8b', 100, 10), 'free', 'main', 'u1'],
  ]);
  expect(records[0]).toMatchObject({ estimated_tokens: 8, operation: 'agent' });
  expect(skips).toEqual(['no-time 4 -', 'not-a-usage 6 usageMetadata is not an object', 'not-json 7 -']);
});
