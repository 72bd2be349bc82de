import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { clineCli } from '../../../../src/sources/cline-cli/index.ts';
import { cline, kiloCode, rooCode, zooCode } from '../../../../src/sources/cline/index.ts';
import { copilotChat } from '../../../../src/sources/copilot-chat/index.ts';
import { zed } from '../../../../src/sources/zed/index.ts';
import { zstdCompressSync } from 'node:zlib';
import { jsonLines, World } from '../world.ts';
import { database, imported, summaryOf } from './expected.ts';

/** Agents inside of editors. */

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const MS = Date.parse('2026-11-20T10:00:00.000Z');
const AT = new Date(MS).toISOString();
const storage = (extension: string): string => `.config/Code/User/globalStorage/${extension}/tasks/t1`;
const request = (ts: number, counts: object): object => ({
  ts,
  type: 'say',
  say: 'api_req_started',
  text: JSON.stringify(counts),
});

describe('Cline and the extensions made of it', () => {
  const FOLDERS = [
    [cline, 'saoudrizwan.claude-dev'],
    [rooCode, 'rooveterinaryinc.roo-cline'],
    [kiloCode, 'kilocode.kilo-code'],
    [zooCode, 'zoocodeorganization.zoo-code'],
  ] as const;

  test.each(FOLDERS)('the model of that time, the workspace, equal times', async (source, folder) => {
    world.file(
      `${storage(folder)}/ui_messages.json`,
      JSON.stringify([
        { ts: MS, type: 'say', say: 'text', text: 'hello' },
        request(MS, { request: 'Current Workspace Directory (/home/me/site) Files', tokensIn: 10, tokensOut: 2 }),
        request(MS, { tokensIn: 11, tokensOut: 3 }),
        request(MS + 2000, { tokensIn: 12, tokensOut: 4 }),
        request(MS + 3000, { request: 'not answered yet' }),
        { ts: MS, type: 'ask', ask: 'api_req_started', text: '{"tokensIn":99}' },
        { ts: MS, type: 'say', say: 'api_req_started', text: 'not JSON' },
      ]),
    );
    world.file(
      `${storage(folder)}/task_metadata.json`,
      JSON.stringify({
        model_usage: [
          { ts: MS + 1000, model_id: 'gpt-5', model_provider_id: 'openai-native' },
          { ts: MS - 1000, model_id: 'claude-opus-4-5', model_provider_id: 'anthropic' },
        ],
      }),
    );
    expect((await imported(world, source)).map(summaryOf)).toEqual([
      `${AT} anthropic claude-opus-4-5 10(0,0) 2(0) site/t1`,
      `${AT} anthropic claude-opus-4-5 11(0,0) 3(0) site/t1`,
      `${new Date(MS + 2000).toISOString()} openai gpt-5 12(0,0) 4(0) site/t1`,
    ]);
  });

  test('cached tokens are beside the input of Cline, and inside that of Roo Code', async () => {
    const counts = { tokensIn: 100, tokensOut: 5, cacheReads: 70, cacheWrites: 20, cost: 0.5 };
    for (const folder of ['saoudrizwan.claude-dev', 'rooveterinaryinc.roo-cline']) {
      world.file(`${storage(folder)}/ui_messages.json`, JSON.stringify([request(MS, counts)]));
      world.file(`${storage(folder)}/api_conversation_history.json`, '[{"content":"<model>openai/gpt-5</model>"}]');
    }
    const [beside] = await imported(world, cline);
    expect(summaryOf(beside!)).toBe(`${AT} openrouter openai/gpt-5 190(70,20) 5(0) -/t1`);
    // Without a price the extension's own figure counts.
    expect(beside).toMatchObject({ cost_usd: 0.5, agent: 'cline', price_source: 'cline-log: its own figure' });
    await world.dispose();
    world = new World();
    world.file(`${storage('rooveterinaryinc.roo-cline')}/ui_messages.json`, JSON.stringify([request(MS, counts)]));
    expect((await imported(world, rooCode)).map(summaryOf)).toEqual([`${AT} unknown unknown 100(70,20) 5(0) -/t1`]);
  });

  test('of older versions of Roo Code the input is smaller than the cached tokens, and beside them', async () => {
    const file = `${storage('rooveterinaryinc.roo-cline')}/ui_messages.json`;
    world.file(
      file,
      JSON.stringify([
        request(MS, { tokensIn: 3, tokensOut: 5, cacheReads: 70, cacheWrites: 20 }),
        { ts: MS + 1, type: 'say', say: 'condense_context', contextCondense: { cost: 0.25 } },
      ]),
    );
    const records = await imported(world, rooCode);
    expect(records.map(summaryOf)).toEqual([
      `${AT} unknown unknown 93(70,20) 5(0) -/t1`,
      `${new Date(MS + 1).toISOString()} unknown unknown 0(0,0) 0(0) -/t1`,
    ]);
    expect(records[1]).toMatchObject({ operation: 'condense', cost_usd: 0.25 });
  });

  test('a task that grows keeps its records', async () => {
    const file = `${storage('saoudrizwan.claude-dev')}/ui_messages.json`;
    world.file(file, JSON.stringify([request(MS, { tokensIn: 1, tokensOut: 1 })]));
    await imported(world, cline);
    world.file(file, JSON.stringify([request(MS, { tokensIn: 10, tokensOut: 2 }), request(MS + 5, { tokensIn: 4 })]));
    expect((await imported(world, cline)).map(({ input_tokens }) => input_tokens)).toEqual([10, 4]);
  });

  test('a model on this machine is free', async () => {
    world.file(`${storage('saoudrizwan.claude-dev')}/ui_messages.json`, JSON.stringify([request(MS, { tokensIn: 1 })]));
    world.file(
      `${storage('saoudrizwan.claude-dev')}/task_metadata.json`,
      JSON.stringify({ model_usage: [{ ts: MS, model_id: 'qwen3:8b', model_provider_id: 'ollama' }] }),
    );
    expect(await imported(world, cline)).toMatchObject([{ provider: 'ollama', charge: 'free' }]);
  });
});

test('Cline CLI: cached tokens are inside the input, and sums of a session do not count', async () => {
  const folder = '.cline/data/sessions/s1';
  world.file(
    `${folder}/s1.messages.json`,
    JSON.stringify({
      messages: [
        { id: 'u', role: 'user' },
        {
          id: 'a',
          role: 'assistant',
          ts: MS,
          modelInfo: { id: 'claude-opus-4-5', provider: 'anthropic' },
          metrics: { inputTokens: 100, outputTokens: 7, cacheReadTokens: 60, cacheWriteTokens: 30, cost: 0.1 },
        },
      ],
    }),
  );
  world.file(
    `${folder}/s1.json`,
    JSON.stringify({ cwd: '/home/me/app', metadata: { usage: { inputTokens: 999, outputTokens: 999 } } }),
  );
  expect((await imported(world, clineCli)).map(summaryOf)).toEqual([
    `${AT} anthropic claude-opus-4-5 100(60,30) 7(0) app/s1`,
  ]);
});

describe("VS Code's chats with Copilot", () => {
  const chat = '.config/Code/User/workspaceStorage/abc/chatSessions';
  const root = { sessionId: 's1', requests: [] as object[] };
  const asked = (id: string, promptTokens: number, outputTokens: number): object => ({
    requestId: id,
    timestamp: MS,
    modelId: 'copilot/gpt-5',
    result: { metadata: { promptTokens, outputTokens } },
  });

  test('a document and its journal tell the same requests once', async () => {
    world.file(`${chat}/s1.json`, JSON.stringify({ ...root, requests: [asked('r1', 100, 10)] }));
    world.file(
      `${chat}/s1.jsonl`,
      jsonLines(
        { kind: 0, v: root },
        { kind: 2, k: ['requests'], v: [{ requestId: 'r1', timestamp: MS, modelId: 'copilot/gpt-5' }] },
        { kind: 1, k: ['requests', 0, 'result'], v: { metadata: { promptTokens: 100, outputTokens: 10 } } },
        { kind: 2, k: ['requests'], v: [asked('gone', 1, 1), asked('gone too', 1, 1)] },
        { kind: 2, k: ['requests'], i: 1, v: [asked('r2', 200, 20)] },
        { kind: 1, k: ['requests', 1, 'completionTokens'], v: 999 },
      ),
    );
    world.file('.config/Code/User/workspaceStorage/abc/other.extension/chatSessions/x.json', '{"requests":[{}]}');
    expect((await imported(world, copilotChat)).map(summaryOf)).toEqual([
      `${AT} openai gpt-5 100(0,0) 10(0) -/s1`,
      `${AT} openai gpt-5 200(0,0) 20(0) -/s1`,
    ]);
  });

  test('never beside the telemetry of the same chat', async () => {
    world.file(`${chat}/s1.json`, JSON.stringify({ ...root, requests: [asked('r1', 100, 10)] }));
    world.file(
      '.config/Code/User/globalStorage/emptyWindowChatSessions/s2.json',
      JSON.stringify({ sessionId: 's2', requests: [asked('r9', 5, 1)] }),
    );
    database(
      world,
      '.config/Code/User/globalStorage/github.copilot-chat/agent-traces.db',
      `CREATE TABLE spans (span_id, trace_id, chat_session_id, request_model, input_tokens, output_tokens, cached_tokens,
         end_time_ms, operation_name)`,
      'CREATE TABLE span_attributes (span_id, key, value)',
      [
        'spans',
        {
          span_id: 'a',
          trace_id: 't',
          chat_session_id: 's1',
          request_model: 'gpt-5',
          input_tokens: 100,
          output_tokens: 10,
          cached_tokens: 80,
          end_time_ms: MS,
          operation_name: 'chat',
        },
      ],
    );
    expect((await imported(world, copilotChat)).map(summaryOf)).toEqual([
      `${AT} openai gpt-5 100(80,0) 10(0) -/s1`,
      `${AT} openai gpt-5 5(0,0) 1(0) -/s2`,
    ]);
  });

  test('a journal with a change of what is not there is named, and the rest counts', async () => {
    world.file(
      `${chat}/s1.jsonl`,
      `${jsonLines({ kind: 0, v: { ...root, requests: [asked('r1', 1, 1)] } }, { kind: 1, k: ['a', 'b'], v: 1 })}{`,
    );
    const report = await world.import(copilotChat);
    expect(report).toMatchObject({ added: 1, skipped: { invalid: 1, 'not-json': 1 } });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

test('Zed: the counts of each message, and what the thread has beyond them', async () => {
  const thread = {
    model: { provider: 'anthropic', model: 'claude-opus-4-5' },
    request_token_usage: {
      m1: { input_tokens: 10, output_tokens: 1, cache_read_input_tokens: 100, cache_creation_input_tokens: 5 },
      m2: { input_tokens: 20, output_tokens: 2 },
    },
    cumulative_token_usage: { input_tokens: 90, output_tokens: 3, cache_read_input_tokens: 150 },
  };
  const compressed = zstdCompressSync(Buffer.from(JSON.stringify(thread)));
  const row = { updated_at: AT, summary: 'x' };
  database(
    world,
    '.local/share/zed/threads/threads.db',
    'CREATE TABLE threads (id TEXT PRIMARY KEY, summary TEXT, updated_at TEXT, data_type TEXT, data BLOB)',
    ['threads', { id: 'a', ...row, data_type: 'zstd', data: compressed }],
    [
      'threads',
      {
        id: 'b',
        ...row,
        data_type: 'json',
        data: Buffer.from(JSON.stringify({ ...thread, cumulative_token_usage: null })),
      },
    ],
    ['threads', { id: 'c', ...row, data_type: 'json', data: Buffer.from('{') }],
  );
  const records = await imported(world, zed);
  expect(records.map(summaryOf)).toEqual([
    `${AT} anthropic claude-opus-4-5 110(50,0) 0(0) -/a`,
    `${AT} anthropic claude-opus-4-5 115(100,5) 1(0) -/a`,
    `${AT} anthropic claude-opus-4-5 115(100,5) 1(0) -/b`,
    `${AT} anthropic claude-opus-4-5 20(0,0) 2(0) -/a`,
    `${AT} anthropic claude-opus-4-5 20(0,0) 2(0) -/b`,
  ]);
  expect(records.every((record) => record['whole_session'] === true)).toBe(true);
});
