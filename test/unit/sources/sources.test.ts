import * as fc from 'fast-check';
import { DatabaseSync } from 'node:sqlite';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claudeCode } from '../../../src/sources/claude-code/index.ts';
import { codex } from '../../../src/sources/codex/index.ts';
import { copilotChat } from '../../../src/sources/copilot-chat/index.ts';
import { copilotCli } from '../../../src/sources/copilot-cli/index.ts';
import { geminiCli } from '../../../src/sources/gemini-cli/index.ts';
import { genericSource } from '../../../src/sources/generic/index.ts';
import { openCode } from '../../../src/sources/opencode/index.ts';
import { AGENTS } from '../../../src/sources/agents.ts';
import { sourceOfFile } from '../../../src/sources/reading/files.ts';
import { isUsualTime, timeOf } from '../../../src/sources/fields.ts';
import type { Source } from '../../../src/sources/source.ts';
import { World, jsonLines } from './world.ts';

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const AT = '2026-11-20T10:00:00.000Z';

async function fieldsOf(source: Source, ...fields: string[]): Promise<unknown[][]> {
  await world.import(source);
  return (await world.records())
    .map((record) => fields.map((field) => record[field]))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** A database as another program leaves it. */
function database(path: string, ...statements: string[]): string {
  const file = join(world.home, path);
  mkdirSync(join(file, '..'), { recursive: true });
  const db = new DatabaseSync(file);
  for (const statement of statements) db.exec(statement);
  db.close();
  return file;
}

describe('where agents leave their usage', () => {
  const locate = (source: Source, env: Record<string, string>, platform: NodeJS.Platform = 'linux'): string[] =>
    source.locate({ platform, env, home: '/home/me' });

  test.runIf(process.platform !== 'win32')('by default, and where variables say so', () => {
    expect(locate(claudeCode, {})).toEqual(['/home/me/.config/claude/projects', '/home/me/.claude/projects']);
    expect(locate(claudeCode, { CLAUDE_CONFIG_DIR: ' ~/a , /b/projects' })).toEqual([
      '/home/me/a/projects',
      '/b/projects',
    ]);
    expect(locate(codex, { CODEX_HOME: '/x,/y' })).toEqual([
      '/x/sessions',
      '/x/archived_sessions',
      '/y/sessions',
      '/y/archived_sessions',
    ]);
    expect(locate(geminiCli, {})).toEqual(['/home/me/.gemini/tmp']);
    expect(locate(openCode, {})).toEqual(['/home/me/.local/share/opencode']);
    expect(locate(copilotChat, {}, 'darwin')[0]).toBe(
      '/home/me/Library/Application Support/Code/User/globalStorage/github.copilot-chat/agent-traces.db',
    );
  });

  test('their ids differ', () => {
    expect(new Set(AGENTS.map(({ id }) => id)).size).toBe(AGENTS.length);
  });
});

describe('Claude Code', () => {
  test('what was said in a reply makes no difference, whatever stands in it', async () => {
    const said: unknown[] = [
      '"content":[ ] } \\" ',
      '"usage":{"input_tokens":7}',
      { content: [['x'], { usage: { input_tokens: 9 } }] },
    ];
    const reply = (n: number, content: unknown): object => ({
      requestId: `r${n}`,
      message: { content, id: `m${n}`, model: 'claude-opus-4-6', usage: { input_tokens: n, output_tokens: 1 } },
      timestamp: AT,
      toolUseResult: { content: said },
    });
    const broken = JSON.stringify(reply(9, said)).replace('"content":[', '"content":[[');
    world.file(
      '.claude/projects/-a/s.jsonl',
      `${jsonLines(reply(1, said), reply(2, []), reply(3, 'a text'), reply(4, [said, said]))}${broken}\n`,
    );
    const report = await world.import(claudeCode);
    expect(report.skipped).toEqual({ 'not-json': 1 });
    expect(await fieldsOf(claudeCode, 'message_id', 'input_tokens')).toEqual([
      ['m1', 1],
      ['m2', 2],
      ['m3', 3],
      ['m4', 4],
    ]);
  });

  test('times are told apart in a quick way as in the slow one', () => {
    const part = (most: number, digits: number): fc.Arbitrary<string> =>
      fc.integer({ min: 0, max: most }).map((n) => String(n).padStart(digits, '0'));
    const time = fc
      .tuple(part(9999, 4), part(14, 2), part(33, 2), part(26, 2), part(63, 2), part(63, 2), part(999, 3))
      .map(([y, mo, d, h, mi, s, ms]) => `${y}-${mo}-${d}T${h}:${mi}:${s}.${ms}Z`);
    fc.assert(
      fc.property(
        fc.oneof(
          time,
          time.map((text) => text.replace(/\d/, 'x')),
        ),
        (text) => {
          if (isUsualTime(text)) expect(new Date(text).toISOString()).toBe(text);
          else expect(timeOf(text) === undefined || /-(29|30|31)T|T24:/.test(text)).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('Gemini CLI', () => {
  const message = (id: string, tokens: object): object => ({
    id,
    type: 'gemini',
    timestamp: AT,
    model: 'gemini-2.5-pro',
    tokens,
  });

  test('one document a conversation: cached inside or outside of the input, thoughts and tools', async () => {
    world.file(
      '.gemini/tmp/site/chats/session-1.json',
      JSON.stringify({
        sessionId: 's1',
        messages: [
          { type: 'user', content: 'hello' },
          message('inside', { input: 100, output: 10, cached: 40, thoughts: 5, tool: 3, total: 118 }),
          message('outside', { input: 100, output: 10, cached: 40, thoughts: 0, tool: 0, total: 150 }),
          message('none', { input: 0, output: 0, total: 0 }),
        ],
      }),
    );
    expect(
      await fieldsOf(
        geminiCli,
        'message_id',
        'input_tokens',
        'cache_read_tokens',
        'output_tokens',
        'reasoning_tokens',
        'project',
        'session_id',
      ),
    ).toEqual([
      ['inside', 103, 40, 15, 5, 'site', 's1'],
      ['outside', 140, 40, 10, undefined, 'site', 's1'],
    ]);
  });

  test('JSONL: the last record of an id counts, also when it comes later', async () => {
    const file = '.gemini/tmp/0123456789abcdef0123456789abcdef/chats/session-2.jsonl';
    const first = jsonLines(
      { sessionId: 's2' },
      message('a', { input: 10, output: 1 }),
      message('b', { input: 5, output: 5 }),
    );
    world.file(file, first);
    await world.import(geminiCli);
    world.file(file, first + jsonLines(message('a', { input: 10, output: 7 })));
    expect(await fieldsOf(geminiCli, 'message_id', 'output_tokens', 'project')).toEqual([
      ['a', 7, undefined],
      ['b', 5, undefined],
    ]);
  });
});

describe('OpenCode', () => {
  const message = (more: object): object => ({
    modelID: 'claude-sonnet-4-5',
    providerID: 'anthropic',
    time: { created: Date.parse(AT) },
    path: { cwd: '/home/me/site/src', root: '/home/me/site' },
    tokens: { input: 10, output: 5, reasoning: 2, cache: { read: 100, write: 20 } },
    cost: 0.5,
    ...more,
  });

  test('messages of the database, and of the files before it', async () => {
    database(
      '.local/share/opencode/opencode.db',
      'CREATE TABLE message (id TEXT, session_id TEXT, data TEXT)',
      `INSERT INTO message VALUES ('m1', 's1', '${JSON.stringify(message({}))}'), ('m2', 's1', 'broken'), ('m3', 's1', '{"role":"user"}')`,
    );
    world.file(
      '.local/share/opencode/storage/message/s0/m1.json',
      JSON.stringify(message({ id: 'm1', sessionID: 's1' })),
    );
    world.file(
      '.local/share/opencode/storage/message/s0/m0.json',
      JSON.stringify(message({ id: 'm0', sessionID: 's0' })),
    );
    const report = await world.import(openCode);
    expect(report).toMatchObject({ added: 2, skipped: { 'not-json': 1 } });
    expect(
      await fieldsOf(
        openCode,
        'message_id',
        'session_id',
        'input_tokens',
        'output_tokens',
        'cost_usd',
        'billing_mode',
        'project',
      ),
    ).toEqual([
      ['m0', 's0', 130, 5, 0.5, 'estimated', 'site'],
      ['m1', 's1', 130, 5, 0.5, 'estimated', 'site'],
    ]);
  });

  test('messages of the table of its version 2, those of both tables once', async () => {
    const { modelID: id, providerID, ...rest } = message({}) as Record<string, unknown>;
    const second = JSON.stringify({ ...rest, model: { id, providerID }, time: undefined });
    database(
      '.local/share/opencode/opencode.db',
      'CREATE TABLE message (id TEXT, session_id TEXT, data TEXT)',
      `INSERT INTO message VALUES ('m1', 's1', '${JSON.stringify(message({}))}')`,
      'CREATE TABLE session_message (id TEXT, session_id TEXT, type TEXT, time_created INTEGER, data TEXT)',
      `INSERT INTO session_message VALUES ('m1', 's1', 'assistant', ${Date.parse(AT)}, '${second}'),
        ('m2', 's1', 'assistant', ${Date.parse(AT)}, '${second}'), ('u', 's1', 'user', 0, '${second}')`,
    );
    expect(await fieldsOf(openCode, 'message_id', 'model', 'provider', 'timestamp', 'input_tokens')).toEqual([
      ['m1', 'claude-sonnet-4-5', 'anthropic', AT, 130],
      ['m2', 'claude-sonnet-4-5', 'anthropic', AT, 130],
    ]);
  });

  test.each([
    ['the total says it is inside', 'openai', { total: 165, output: 50, reasoning: 20 }, 50],
    ['the total says it is beside', 'openai', { total: 185, output: 50, reasoning: 20 }, 70],
    ['without a total, as the API of OpenAI counts', 'openai', { output: 50, reasoning: 20 }, 50],
    ['without a total, as the API of Gemini counts', 'google', { output: 50, reasoning: 20 }, 70],
    ['more than the whole cannot be inside', 'openai', { output: 5, reasoning: 20 }, 25],
  ])('reasoning is counted once: %s', async (_, providerID, counts, output) => {
    const tokens = { input: 100, ...counts, cache: { read: 10, write: 5 } };
    world.file('.local/share/opencode/storage/message/s0/m0.json', JSON.stringify(message({ providerID, tokens })));
    expect(await fieldsOf(openCode, 'input_tokens', 'output_tokens', 'reasoning_tokens')).toEqual([[115, output, 20]]);
  });

  test('a file that is no database is named', async () => {
    world.file('.local/share/opencode/opencode.db', 'not a database, whatever its name says'.repeat(100));
    expect((await world.import(openCode)).skipped).toEqual({ unreadable: 1 });
  });
});

describe('Copilot', () => {
  const span = (name: string, spanId: string, attributes: object): object => ({
    type: 'span',
    name,
    traceId: 't1',
    spanId,
    endTime: [Date.parse(AT) / 1000, 0],
    attributes: { 'gen_ai.request.model': 'gpt-5', 'gen_ai.conversation.id': 'c1', ...attributes },
  });
  const used = {
    'gen_ai.usage.input_tokens': 100,
    'gen_ai.usage.output_tokens': 10,
    'gen_ai.usage.cache_read.input_tokens': 60,
  };

  test('CLI: calls count, the span that sums them up does not', async () => {
    world.file(
      '.copilot/otel/one.jsonl',
      jsonLines(
        span('chat gpt-5', 'a', { 'gen_ai.operation.name': 'chat', ...used }),
        span('invoke_agent x', 'b', { 'gen_ai.operation.name': 'invoke_agent', ...used }),
        span('execute_tool y', 'c', { 'gen_ai.operation.name': 'execute_tool' }),
      ),
    );
    expect(
      await fieldsOf(copilotCli, 'provider', 'model', 'input_tokens', 'cache_read_tokens', 'session_id', 'timestamp'),
    ).toEqual([['openai', 'gpt-5', 100, 60, 'c1', AT]]);
  });

  test('Chat: the spans of its database', async () => {
    database(
      '.config/Code/User/globalStorage/github.copilot-chat/agent-traces.db',
      `CREATE TABLE spans (span_id TEXT, trace_id TEXT, operation_name TEXT, chat_session_id TEXT, request_model TEXT,
        input_tokens INTEGER, output_tokens INTEGER, cached_tokens INTEGER, start_time_ms INTEGER, end_time_ms INTEGER)`,
      'CREATE TABLE span_attributes (span_id TEXT, key TEXT, value TEXT)',
      `INSERT INTO spans VALUES ('a', 't', 'chat', 'c', 'claude-sonnet-4', 100, 10, 40, 0, ${Date.parse(AT)}),
        ('b', 't', 'invoke_agent', 'c', 'claude-sonnet-4', 100, 10, 40, 0, ${Date.parse(AT)})`,
      "INSERT INTO span_attributes VALUES ('a', 'gen_ai.usage.cache_creation.input_tokens', '25')",
    );
    expect(
      await fieldsOf(copilotChat, 'provider', 'input_tokens', 'cache_read_tokens', 'cache_write_tokens', 'session_id'),
    ).toEqual([['anthropic', 100, 40, 25, 'c']]);
  });
});

describe('files that someone names', () => {
  async function imported(name: string, content: string, mapping = {}): Promise<Record<string, unknown>[]> {
    const file = world.file(name, content);
    const source = await sourceOfFile(file, mapping);
    await world.import(source, { places: [file] });
    await world.import(source, { places: [file], name: 'imported.json' });
    return (await world.records()).sort((a, b) => a.input_tokens - b.input_tokens);
  }

  test('CSV with usual names, quoted cells and a semicolon; two equal rows are two calls', async () => {
    const row = '2026-11-20 10:00:00;gpt-5;"a ""quoted""; project";1200;350;0.01\n';
    const records = await imported(
      'usage.csv',
      `\uFEFFdate;model;project;prompt_tokens;completion_tokens;cost\r\n${row}${row}`,
    );
    expect(records).toHaveLength(2);
    expect(records[0]).toMatchObject({
      provider: 'openai',
      timestamp: '2026-11-20T10:00:00Z',
      project: 'a "quoted"; project',
      input_tokens: 1200,
      cost_usd: 0.01,
      billing_mode: 'known',
    });
  });

  test('a mapping of names', async () => {
    const records = await imported(
      'x.ndjson',
      jsonLines({ when: AT, llm: 'gpt-5', tin: '7', tout: 3, id: 5 }, { llm: 'gpt-5' }),
      {
        timestamp: 'when',
        model: 'llm',
        input_tokens: 'tin',
        output_tokens: 'tout',
      },
    );
    expect(records).toMatchObject([{ model: 'gpt-5', input_tokens: 7, output_tokens: 3 }]);
  });

  test("LiteLLM's spend logs", async () => {
    const records = await imported(
      'spend.json',
      JSON.stringify([
        {
          request_id: 'r1',
          call_type: 'acompletion',
          spend: 0.25,
          prompt_tokens: 100,
          completion_tokens: 10,
          startTime: '2026-11-20T10:00:00Z',
          model: 'anthropic/claude-sonnet-4-5',
          custom_llm_provider: 'anthropic',
          metadata: JSON.stringify({ usage_object: { cache_read_input_tokens: 30 } }),
        },
      ]),
    );
    expect(records).toMatchObject([
      {
        provider: 'anthropic',
        model: 'claude-sonnet-4-5',
        cache_read_tokens: 30,
        cost_usd: 0.25,
        price_source: 'litellm',
        source: 'litellm',
      },
    ]);
  });

  test("OpenTelemetry's nesting of spans", async () => {
    const attributes = [
      { key: 'gen_ai.operation.name', value: { stringValue: 'chat' } },
      { key: 'gen_ai.response.model', value: { stringValue: 'gemini-2.5-flash' } },
      { key: 'gen_ai.usage.input_tokens', value: { intValue: '10' } },
      { key: 'gen_ai.usage.output_tokens', value: { intValue: '4' } },
    ];
    const span = { name: 'chat', traceId: 't', spanId: 's', endTimeUnixNano: `${Date.parse(AT)}000000`, attributes };
    const line = { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
    expect(await imported('spans.jsonl', jsonLines(line))).toMatchObject([
      { provider: 'google', input_tokens: 10, output_tokens: 4, timestamp: AT },
    ]);
  });

  test('another costs.json: its records as they are', async () => {
    const record = {
      usage_id: 'one',
      provider: 'gemini',
      model: 'm',
      operation: 'tag_generation',
      input_tokens: 1,
      output_tokens: 1,
      total_tokens: 2,
      cost_usd: 0,
      cost_known: false,
      billing_mode: 'runtime_managed',
      timestamp: AT,
      mine: [1, { deep: true }],
    };
    expect(await imported('other/costs.json', JSON.stringify([record, { provider: 'x' }], undefined, 2))).toEqual([
      record,
    ]);
  });

  test('nothing in nothing', async () => {
    for (const name of ['empty.csv', 'empty.json', 'empty.ndjson']) {
      expect(await world.import(genericSource(), { places: [world.file(name)] })).toMatchObject({ added: 0 });
    }
  });
});

describe('OTLP', () => {
  const attribute = (key: string, value: object): object => ({ key, value });
  const span = (id: string, input: number): object => ({
    traceId: `t${id}`,
    spanId: id,
    name: 'chat gpt-5',
    endTimeUnixNano: String(Date.parse(AT) * 1e6),
    attributes: [
      attribute('gen_ai.operation.name', { stringValue: 'chat' }),
      attribute('gen_ai.request.model', { stringValue: 'gpt-5' }),
      attribute('gen_ai.usage.input_tokens', { intValue: String(input) }),
      attribute('gen_ai.usage.output_tokens', { intValue: 5 }),
    ],
  });
  const exported = (...spans: object[]): object => ({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  const pretty = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

  test.each([
    ['one a line', jsonLines(exported(span('a', 10)), exported(span('b', 20)))],
    ['one document for people', pretty(exported(span('a', 10), span('b', 20)))],
    ['several documents for people', pretty(exported(span('a', 10))) + pretty(exported(span('b', 20)))],
    ['an array', pretty([exported(span('a', 10)), exported(span('b', 20))])],
    ['spans alone', pretty([span('a', 10), span('b', 20)])],
    ['a line, and then a document for people', jsonLines(exported(span('a', 10))) + pretty(exported(span('b', 20)))],
    ['a document for people, and then a line', pretty(exported(span('a', 10))) + jsonLines(exported(span('b', 20)))],
    ['a line, and then an array', jsonLines(exported(span('a', 10))) + pretty([exported(span('b', 20))])],
  ])('%s', async (_, text) => {
    const file = world.file('traces.json', text);
    const source = await sourceOfFile(file, {});
    expect(source.id).toBe('otel');
    for (let i = 0; i < 2; i++) await world.import(source, { places: [file] });
    const records = await world.records();
    expect(
      records
        .map((record) => [record.input_tokens, record.output_tokens, record.timestamp])
        .sort(([a], [b]) => Number(a) - Number(b)),
    ).toEqual([
      [10, 5, AT],
      [20, 5, AT],
    ]);
  });

  test('lines and documents for people are read in steps, however short', async () => {
    const lines = (
      jsonLines(exported(span('a', 10))) +
      pretty(exported(span('b', 20))) +
      jsonLines(span('c', 30))
    ).split('\n');
    const file = world.file('traces.json', `${lines[0]}\n`);
    const source = await sourceOfFile(file, {});
    let text = '';
    for (const line of lines.slice(0, -1)) {
      text += `${line}\n`;
      world.file('traces.json', text);
      await world.import(source, { places: [file] });
    }
    expect((await world.records()).map((record) => record.input_tokens).sort((a, b) => a - b)).toEqual([10, 20, 30]);
  });

  test('a document that was cut off costs neither the line before nor the one after it', async () => {
    const cut = pretty(exported(span('b', 20)))
      .split('\n')
      .slice(0, 9)
      .join('\n');
    const file = world.file('traces.json', `${jsonLines(span('a', 10))}${cut}\n${jsonLines(span('c', 30))}`);
    await world.import(await sourceOfFile(file, {}), { places: [file] });
    expect((await world.records()).map((record) => record.input_tokens).sort((a, b) => a - b)).toEqual([10, 30]);
  });

  test('a damaged document among others is named, and costs itself alone', async () => {
    const damaged = pretty(exported(span('a', 10))).replace('"spanId"', 'spanId');
    const file = world.file('traces.json', damaged + pretty(exported(span('b', 20))));
    const report = await world.import(await sourceOfFile(file, {}), { places: [file] });
    expect(report).toMatchObject({ added: 1, skips: [{ reason: 'not-json', line: 1 }] });
  });
});
