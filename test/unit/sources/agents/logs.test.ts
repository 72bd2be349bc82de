import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { amp } from '../../../../src/sources/amp/index.ts';
import { codebuff } from '../../../../src/sources/codebuff/index.ts';
import { cursor } from '../../../../src/sources/cursor/index.ts';
import { grok } from '../../../../src/sources/grok/index.ts';
import { kimiCli } from '../../../../src/sources/kimi/cli.ts';
import { kimiCode } from '../../../../src/sources/kimi/code.ts';
import { kiro } from '../../../../src/sources/kiro/index.ts';
import { mux } from '../../../../src/sources/mux/index.ts';
import { openClaude } from '../../../../src/sources/openclaude/index.ts';
import { omp, openClaw, pi } from '../../../../src/sources/pi/index.ts';
import { qwenCode } from '../../../../src/sources/qwen-code/index.ts';
import { jsonLines, World } from '../world.ts';
import { imported, summaryOf } from './expected.ts';

/** Agents that write a call after the other into files. */

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const AT = '2026-11-20T10:00:00.000Z';
const MS = Date.parse(AT);
const after = (ms: number): string => new Date(MS + ms).toISOString();

test('Qwen Code: cached tokens are inside the prompt, thoughts beside the output, telemetry repeats', async () => {
  const reply = (uuid: string, sessionId: string): object => ({
    type: 'assistant',
    uuid,
    sessionId,
    timestamp: AT,
    model: 'qwen3-coder-plus',
    cwd: '/home/me/site',
    usageMetadata: {
      promptTokenCount: 100,
      candidatesTokenCount: 10,
      thoughtsTokenCount: 5,
      cachedContentTokenCount: 60,
      totalTokenCount: 115,
    },
  });
  world.file(
    '.qwen/projects/site/chats/s1.jsonl',
    jsonLines(
      reply('u1', 's1'),
      { type: 'system', subtype: 'ui_telemetry', usageMetadata: { promptTokenCount: 100 }, timestamp: AT },
      // The same reply in a resumed session of the same id, under another one.
      reply('u2', 's1'),
    ),
  );
  world.file('.qwen/projects/site/elsewhere/s1.jsonl', jsonLines(reply('u3', 's3')));
  expect((await imported(world, qwenCode)).map(summaryOf)).toEqual([
    `${AT} alibaba qwen3-coder-plus 100(60,0) 15(5) site/s1`,
  ]);
});

describe('Kimi', () => {
  const hash = createHash('md5').update('/home/me/site').digest('hex');
  const status = (seconds: number, id: string): object => ({
    timestamp: seconds,
    message: {
      type: 'StatusUpdate',
      payload: {
        message_id: id,
        token_usage: { input_other: 10, input_cache_read: 100, input_cache_creation: 5, output: 3 },
      },
    },
  });

  test('CLI: input without the cache, agents in files of their own, the model by its time', async () => {
    world.file('.kimi/kimi.json', JSON.stringify({ work_dirs: [{ path: '/home/me/site' }] }));
    world.file(
      `.kimi/sessions/${hash}/s1/wire.jsonl`,
      jsonLines(status(1_776_000_000.5, 'm1'), status(MS / 1000, 'm2'), { timestamp: 1, message: { type: 'Other' } }),
    );
    world.file(`.kimi/sessions/${hash}/s1/subagents/a1/wire.jsonl`, jsonLines(status(MS / 1000, 'm3')));
    const records = await imported(world, kimiCli);
    expect(records.map(summaryOf)).toEqual([
      '2026-04-12T13:20:00.500Z moonshotai kimi-k2.5 115(100,5) 3(0) site/s1',
      `${AT} moonshotai kimi-k2.6 115(100,5) 3(0) site/s1`,
      `${AT} moonshotai kimi-k2.6 115(100,5) 3(0) site/s1`,
    ]);
    expect(records.map(({ operation }) => operation).sort()).toEqual(['agent', 'agent', 'subagent']);
  });

  test('CLI: the model of the settings', async () => {
    world.file('.kimi/config.toml', 'default_model = "kimi-k3"\n');
    world.file('.kimi/sessions/x/s1/wire.jsonl', jsonLines(status(MS / 1000, 'm1')));
    expect((await imported(world, kimiCli)).map(summaryOf)).toEqual([`${AT} moonshotai kimi-k3 115(100,5) 3(0) -/s1`]);
  });

  test('Code: the model of the request before, by place, and what is appended', async () => {
    const usage = { inputOther: 10, inputCacheRead: 100, inputCacheCreation: 5, output: 3 };
    const lines = [
      { type: 'llm.request', model: 'kimi-k3', timestamp: MS },
      { type: 'usage.record', model: 'default', usage, timestamp: MS },
      { type: 'usage.record', model: 'default', usage, timestamp: MS },
    ];
    const file = world.file('.kimi-code/sessions/wd_1/s1/agents/main/wire.jsonl', jsonLines(...lines));
    world.file('.kimi-code/sessions/wd_1/s1/state.json', JSON.stringify({ workDir: '/home/me/app' }));
    const expected = `${AT} moonshotai kimi-k3 115(100,5) 3(0) app/s1`;
    expect((await imported(world, kimiCode)).map(summaryOf)).toEqual([expected, expected]);
    // The model of the lines before is remembered.
    appendFileSync(file, jsonLines(lines[1]!));
    expect((await imported(world, kimiCode)).map(summaryOf)).toEqual([expected, expected, expected]);
  });
});

describe('Amp', () => {
  const thread = '.local/share/amp/threads/T-1.json';

  test("the thread's ledger, with the cached tokens of its messages", async () => {
    world.file(
      thread,
      JSON.stringify({
        id: 'T-1',
        usageLedger: {
          events: [
            {
              id: 'e1',
              timestamp: AT,
              model: 'claude-opus-4-5',
              credits: 2.5,
              toMessageId: 1,
              tokens: { input: 10, output: 3 },
            },
            { id: 'e2', timestamp: after(1), model: 'gpt-5', toMessageId: 9, tokens: { total: 7 } },
            { id: 'e3', model: 'gpt-5', tokens: { input: 1 } },
          ],
        },
        messages: [
          {
            messageId: 1,
            role: 'assistant',
            usage: { cacheReadInputTokens: 100, cacheCreationInputTokens: 5, inputTokens: 9 },
          },
        ],
      }),
    );
    const report = await world.import(amp);
    expect(report.skipped).toEqual({ 'no-time': 1 });
    const records = await imported(world, amp);
    expect(records.map(summaryOf)).toEqual([
      `${AT} anthropic claude-opus-4-5 115(100,5) 3(0) -/T-1`,
      `${after(1)} openai gpt-5 0(0,0) 7(0) -/T-1`,
    ]);
    expect(records[0]).toMatchObject({ amp_credits: 2.5, cost_known: false });
  });

  test('messages of threads without one', async () => {
    const usage = {
      model: 'claude-opus-4-5',
      timestamp: AT,
      inputTokens: 10,
      outputTokens: 3,
      cacheReadInputTokens: 100,
    };
    world.file(
      thread,
      JSON.stringify({ id: 'T-1', messages: [{ role: 'user' }, { role: 'assistant', messageId: 1, usage }] }),
    );
    expect((await imported(world, amp)).map(summaryOf)).toEqual([
      `${AT} anthropic claude-opus-4-5 110(100,0) 3(0) -/T-1`,
    ]);
  });
});

describe('pi, omp and OpenClaw', () => {
  const usage = { input: 10, output: 3, cacheRead: 100, cacheWrite: 5, totalTokens: 118, cost: { total: 0.5 } };
  const reply = (more: object): object => ({
    type: 'message',
    timestamp: AT,
    message: { role: 'assistant', model: 'claude-opus-4-5', provider: 'anthropic', usage, ...more },
  });
  const session = jsonLines(
    { type: 'session', cwd: '/home/me/site' },
    reply({ responseId: 'r1' }),
    reply({ responseId: 'r1' }),
    reply({ role: 'user' }),
  );

  test.each([
    [pi, '.pi/agent/sessions'],
    [omp, '.omp/agent/sessions'],
    [openClaw, '.openclaw/agents/a/sessions'],
  ] as const)('input without the cache, and one record for a response', async (source, folder) => {
    world.file(`${folder}/2026-11-20T10-00-00_s1.jsonl`, session);
    const records = await imported(world, source);
    expect(records.map(summaryOf)).toEqual([`${AT} anthropic claude-opus-4-5 115(100,5) 3(0) site/s1`]);
    expect(records[0]).toMatchObject({ cost_usd: 0.5, agent: source.id });
  });

  test('the model that was changed to, milliseconds, sessions that were reset', async () => {
    world.file(
      '.moltbot/agents/a/sessions/s2.jsonl.reset.2026-11-20',
      jsonLines(
        { type: 'model_change', modelId: 'gpt-5', provider: 'openai' },
        reply({ model: undefined, provider: undefined, timestamp: MS + 5 }),
        { type: 'custom', customType: 'model-snapshot', data: { modelId: 'qwen3:8b', provider: 'ollama' } },
        reply({ model: undefined, provider: undefined, timestamp: MS + 9 }),
      ),
    );
    const records = await imported(world, openClaw);
    expect(records.map(summaryOf)).toEqual([
      `${after(5)} openai gpt-5 115(100,5) 3(0) agents/s2`,
      `${after(9)} ollama qwen3:8b 115(100,5) 3(0) agents/s2`,
    ]);
    expect(records.map(({ charge }) => charge)).toEqual([undefined, 'free']);
  });
});

describe('Grok Build', () => {
  const update = (id: string, usage: object): object => ({
    timestamp: AT,
    params: { update: { sessionUpdate: 'turn_completed', prompt_id: id, usage } },
  });
  const file = '.grok/sessions/%2Fhome%2Fme%2Fsite/s1/updates.jsonl';

  test('cached tokens are inside the input, reasoning inside the output; models only where they add up', async () => {
    const usage = { inputTokens: 100, cachedReadTokens: 60, outputTokens: 10, reasoningTokens: 4, costUsdTicks: 99 };
    world.file('.grok/sessions/%2Fhome%2Fme%2Fsite/s1/summary.json', JSON.stringify({ current_model_id: 'grok-4.7' }));
    world.file(
      file,
      jsonLines(
        update('p1', usage),
        update('p1', usage),
        update('p2', { ...usage, modelUsage: { 'grok-4.5': {} } }),
        update('p3', {
          ...usage,
          modelUsage: { a: { inputTokens: 90, outputTokens: 9 }, b: { inputTokens: 10, outputTokens: 1 } },
        }),
        update('p4', { ...usage, modelUsage: { a: { inputTokens: 1, outputTokens: 9 }, b: { inputTokens: 10 } } }),
      ),
    );
    expect((await imported(world, grok)).map(summaryOf)).toEqual([
      `${AT} x-ai a 100(60,0) 10(4) site/s1`,
      `${AT} x-ai a 90(0,0) 9(0) site/s1`,
      `${AT} x-ai b 10(0,0) 1(0) site/s1`,
      `${AT} x-ai grok-4.5 100(60,0) 10(4) site/s1`,
      `${AT} x-ai grok-4.7 100(60,0) 10(4) site/s1`,
    ]);
  });
});

test("Mux: the AI SDK's counts include cached tokens and reasoning; agents' transcripts", async () => {
  const message = (id: string, model: string): object => ({
    id,
    role: 'assistant',
    metadata: {
      timestamp: MS,
      model,
      usage: { inputTokens: 100, outputTokens: 10, reasoningTokens: 4, cachedInputTokens: 60 },
      providerMetadata: { anthropic: { cacheCreationInputTokens: 30 } },
    },
  });
  world.file(
    '.mux/sessions/w1/chat.jsonl',
    jsonLines(message('m1', 'anthropic:claude-opus-4-5'), { id: 'u', role: 'user' }),
  );
  world.file('.mux/sessions/w1/subagent-transcripts/a1/chat.jsonl', jsonLines(message('m1', 'ollama:qwen3:8b')));
  expect((await imported(world, mux)).map(summaryOf)).toEqual([
    `${AT} anthropic claude-opus-4-5 100(60,30) 10(4) -/w1`,
    `${AT} ollama qwen3:8b 100(60,30) 10(4) -/w1`,
  ]);
});

test('Codebuff: its spellings and places, cached tokens by the name they have, the time of the chat', async () => {
  const state = {
    sessionState: {
      mainAgentState: {
        messageHistory: [
          {
            providerOptions: { codebuff: { model: 'openai/gpt-5', usage: { prompt_tokens: 8, completion_tokens: 2 } } },
          },
        ],
      },
    },
  };
  world.file(
    '.config/manicode/projects/site/chats/2026-11-20T10-00-00-000Z/chat-messages.json',
    JSON.stringify([
      { id: 'u', variant: 'user', metadata: { usage: { inputTokens: 999 } } },
      {
        id: 'a',
        variant: 'ai',
        metadata: { model: 'claude-opus-4-5', usage: { inputTokens: 10, outputTokens: 3, cacheReadInputTokens: 100 } },
      },
      {
        id: 'b',
        role: 'assistant',
        credits: 12,
        metadata: {
          model: 'gpt-5',
          codebuff: { usage: { promptTokens: 100, completionTokens: 3, promptTokensDetails: { cachedTokens: 60 } } },
        },
      },
      { id: 'c', variant: 'agent', metadata: { runState: state } },
    ]),
  );
  const chat = '2026-11-20T10-00-00-000Z';
  const records = await imported(world, codebuff);
  expect(records.map(summaryOf)).toEqual([
    `${AT} anthropic claude-opus-4-5 110(100,0) 3(0) site/${chat}`,
    `${AT} openai gpt-5 100(60,0) 3(0) site/${chat}`,
    `${AT} openrouter openai/gpt-5 8(0,0) 2(0) site/${chat}`,
  ]);
  expect(records[1]).toMatchObject({ codebuff_credits: 12 });
});

test("OpenClaude: Claude Code's format", async () => {
  world.file(
    '.openclaude/projects/-home-me-site/s1.jsonl',
    jsonLines({
      timestamp: AT,
      requestId: 'r1',
      message: {
        id: 'm1',
        model: 'glm-5.3',
        usage: { input_tokens: 10, cache_read_input_tokens: 100, output_tokens: 3 },
      },
    }),
  );
  const records = await imported(world, openClaude);
  expect(records.map(summaryOf)).toEqual([`${AT} zai glm-5.3 110(100,0) 3(0) -home-me-site/s1`]);
  expect(records[0]).toMatchObject({ source: 'openclaude-log', agent: 'openclaude' });
});

test("Cursor: the dashboard's CSV; what the plan includes is not a bill; two exports that overlap", async () => {
  const head =
    'Date,User,Kind,Model,Max Mode,Input (w/ Cache Write),Input (w/o Cache Write),Cache Read,Output Tokens,Total Tokens,Cost\n';
  const included = `"${AT}","ann@x.org","Included","claude-opus-4-5","No","5","10","100","3","118","0.42"\n`;
  const billed = `"${after(1)}","ann@x.org","On-Demand","gpt-5","Yes","0","1,000","0","3","1003","$0.05"\n`;
  world.file('.cursor/usage-exports/a.csv', `${head}${included}${included}${billed}`);
  world.file('.cursor/usage-exports/b.csv', `${head}${billed}`);
  const records = await imported(world, cursor);
  expect(records.map(summaryOf)).toEqual([
    `${AT} anthropic claude-opus-4-5 115(100,5) 3(0) -/-`,
    `${AT} anthropic claude-opus-4-5 115(100,5) 3(0) -/-`,
    `${after(1)} openai gpt-5 1000(0,0) 3(0) -/-`,
  ]);
  expect(records.map(({ charge, cost_known, cost_usd }) => [charge, cost_known, cost_usd])).toEqual([
    ['plan', false, 0],
    ['plan', false, 0],
    ['metered', true, 0.05],
  ]);
});

describe('Kiro', () => {
  const turn = (id: string, usage: object[]): object => ({
    loop_id: id,
    end_timestamp: AT,
    metering_usage: usage,
  });

  test('credits of each turn, as an estimate', async () => {
    world.file(
      '.kiro/sessions/cli/s1.json',
      JSON.stringify({
        session_id: 's1',
        cwd: '/home/me/site',
        session_state: {
          turns: [
            turn('a', [
              { value: 0.5, unit: 'credit' },
              { value: 0.25, unit: 'credit' },
            ]),
            turn('b', []),
          ],
        },
      }),
    );
    world.file(
      '.kiro/sessions/h1/sess_s2/messages.jsonl',
      jsonLines({ id: 'x', timestamp: AT, usageSummary: [{ usage: 2 }] }),
    );
    const records = await imported(world, kiro);
    expect(
      records.map(({ session_id, kiro_credits, cost_usd, charge, total_tokens }) => [
        session_id,
        kiro_credits,
        cost_usd,
        charge,
        total_tokens,
      ]),
    ).toEqual([
      ['s2', 2, 0.08, 'credits', 0],
      ['s1', 0.75, 0.03, 'credits', 0],
    ]);
  });

  test('a unit that is not known is named, never taken for credits', async () => {
    world.file('.kiro/sessions/cli/s1.json', JSON.stringify(turn('a', [{ value: 5, unit: 'vibe request' }])));
    expect(await world.import(kiro)).toMatchObject({ added: 0, skipped: { 'unknown-format': 1 } });
  });
});
