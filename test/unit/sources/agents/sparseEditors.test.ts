import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cline, rooCode } from '../../../../src/sources/cline/index.ts';
import { codebuff } from '../../../../src/sources/codebuff/index.ts';
import { copilotChat } from '../../../../src/sources/copilot-chat/index.ts';
import { copilotCli } from '../../../../src/sources/copilot-cli/index.ts';
import { cursor } from '../../../../src/sources/cursor/index.ts';
import { geminiCli } from '../../../../src/sources/gemini-cli/index.ts';
import { kiro } from '../../../../src/sources/kiro/index.ts';
import { kiloCli } from '../../../../src/sources/opencode/kilo.ts';
import { openCode } from '../../../../src/sources/opencode/index.ts';
import { openClaw, pi } from '../../../../src/sources/pi/index.ts';
import { jsonLines, World } from '../world.ts';
import { database, idOf, told, WRITTEN } from './expected.ts';

/** Messages and requests that lack something, or have it in another place: what counts, and what is named instead. */

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const AT = '2026-11-20T10:00:00.000Z';
const MS = Date.parse(AT);
const sha1Of = (text: string): string => createHash('sha1').update(text).digest('base64');

describe('Cline', () => {
  const folder = '.config/Code/User/globalStorage/saoudrizwan.claude-dev/tasks/t1';
  const say = (text: unknown, more: object = {}): object => ({
    ts: MS,
    type: 'say',
    say: 'api_req_started',
    text,
    ...more,
  });
  const used = JSON.stringify({ tokensIn: 10, tokensOut: 2 });

  test('messages without counts, time or text, and requests that were deleted', async () => {
    const { records, summaries, skips } = await told(world, cline, {
      [`${folder}/ui_messages.json`]: JSON.stringify([
        say(used),
        say(used),
        say(used, { say: 'deleted_api_reqs' }),
        say(used, { ts: 'soon' }),
        say(''),
        say(null),
        say(undefined),
        say({ tokensIn: 5 }),
        say('[1]'),
        say(JSON.stringify({ cost: 0.5 }), { ts: MS + 1 }),
        say(JSON.stringify({ cost: 0, tokensIn: 0 }), { ts: MS + 2 }),
        { ts: MS, type: 'say', say: 'condense_context', contextCondense: { cost: 0 } },
        { ts: MS, type: 'say', say: 'condense_context' },
        say(used, { say: 'completion_result' }),
        null,
        3,
      ]),
      [`${folder}/api_conversation_history.json`]: '[{"content":"<model> qwen3:8b </model> <model>gpt-5</model>"}]',
    });
    const used1 = `${AT} ollama qwen3:8b 10(0,0) 2(0) -/t1`;
    expect(summaries).toEqual([used1, used1, used1, '2026-11-20T10:00:00.001Z ollama qwen3:8b 0(0,0) 0(0) -/t1']);
    const ids = [[String(MS)], [String(MS), 1], [String(MS), 2]].map((parts) => idOf('cline-log', 't1', ...parts));
    expect(
      records
        .slice(0, 3)
        .map(({ usage_id }) => usage_id)
        .sort(),
    ).toEqual(ids.sort());
    expect(records[3]).toMatchObject({
      usage_id: idOf('cline-log', 't1', String(MS + 1)),
      cost_usd: 0.5,
      charge: 'free',
      operation: 'agent',
    });
    expect(skips).toEqual([
      'no-time 4 -',
      'not-json 8 -',
      'not-json 9 -',
      'not-a-usage 16 the message is not an object',
    ]);
  });

  test('the first model counts before its time; entries of the list that lack something do not', async () => {
    const usage = [
      { ts: MS + 5, model_id: 'gpt-5', model_provider_id: 'openai' },
      { ts: 'soon', model_id: 'x' },
      { ts: MS - 5, model_id: '' },
      null,
    ];
    const { summaries, skips } = await told(world, cline, {
      [`${folder}/ui_messages.json`]: JSON.stringify([say(used)]),
      [`${folder}/task_metadata.json`]: JSON.stringify({ model_usage: usage }),
      [`${folder.replace('t1', 't2')}/ui_messages.json`]: '{}',
      [`${folder.replace('t1', 't3')}/ui_messages.json`]: '[',
      [`.config/Cursor/User/globalStorage/rooveterinaryinc.roo-cline/tasks/t4/ui_messages.json`]: JSON.stringify([
        say(used),
      ]),
    });
    expect(summaries).toEqual([`${AT} openai gpt-5 10(0,0) 2(0) -/t1`]);
    expect(skips).toEqual(['unknown-format - not an array of messages', 'not-json - -']);
    expect((await told(world, rooCode, {})).records.map(({ source }) => source)).toEqual(['cline-log', 'roo-code-log']);
  });

  test('a model counts from its own time on', async () => {
    const { summaries } = await told(world, cline, {
      [`${folder}/ui_messages.json`]: JSON.stringify([say(used, { ts: MS - 1 }), say(used)]),
      [`${folder}/task_metadata.json`]: JSON.stringify({
        model_usage: [
          { ts: MS, model_id: 'gpt-5' },
          { ts: MS - 9, model_id: 'glm-5' },
        ],
      }),
    });
    expect(summaries).toEqual([
      '2026-11-20T09:59:59.999Z zai glm-5 10(0,0) 2(0) -/t1',
      `${AT} openai gpt-5 10(0,0) 2(0) -/t1`,
    ]);
  });
});

describe('Codebuff', () => {
  const chat = '2026-11-20T10-00-00.000Z';
  const path = `.config/manicode/projects/site/chats/${chat}/chat-messages.json`;
  const said = (id: string | undefined, usage: object, more: object = {}): object => ({
    id,
    variant: 'ai',
    metadata: { usage, model: 'gpt-5' },
    ...more,
  });

  test('each spelling of each count', async () => {
    const spellings = [
      { inputTokens: 100, outputTokens: 10, cacheReadInputTokens: 60, cacheCreationInputTokens: 30 },
      { input_tokens: 100, output_tokens: 10, cache_read_input_tokens: 60, cache_creation_input_tokens: 30 },
      { promptTokens: 100, completionTokens: 10, cachedInputTokens: 60 },
      { prompt_tokens: 100, completion_tokens: 10, prompt_tokens_details: { cached_tokens: 60 } },
    ];
    const { summaries } = await told(world, codebuff, {
      [path]: JSON.stringify(spellings.map((usage, i) => said(`m${i}`, usage))),
    });
    const counts = ['100(60,0) 10(0)', '160(60,0) 10(0)', '190(60,30) 10(0)', '190(60,30) 10(0)'];
    expect(summaries).toEqual(counts.map((count) => `${AT} openai gpt-5 ${count} site/${chat}`));
  });

  test('times, ids and models from where they are', async () => {
    const usage = { inputTokens: 1 };
    const nameless = said(undefined, usage, { timestamp: AT, metadata: { usage, credits: 3 } });
    const past = (usages: unknown[]): object => ({
      runState: {
        sessionState: { mainAgentState: { messageHistory: usages.map((each) => ({ providerOptions: each })) } },
      },
    });
    const messages = [
      nameless,
      said('b', usage, { createdAt: '2026-11-20T11:00:00Z', variant: undefined, role: 'agent' }),
      said('c', usage, { variant: 'user' }),
      said('d', {}),
      { id: 'e', role: 'assistant', metadata: { codebuff: { usage, model: 'm1' } } },
      {
        id: 'f',
        role: 'assistant',
        metadata: past([{ usage: { inputTokens: 9 } }, { usage: { inputTokens: 2 } }, { other: 1 }]),
      },
      { id: 'g', role: 'assistant', metadata: past([{ codebuff: { usage: { inputTokens: 4 }, model: 'm2' } }]) },
      { id: 'h', role: 'assistant' },
      { id: 'i', role: 'assistant', metadata: { usage: 'many' } },
      'text',
    ];
    const { records, summaries, skips } = await told(world, codebuff, {
      [path]: JSON.stringify(messages),
      [path.replace(chat, 'today')]: JSON.stringify([said('z', usage)]),
      [path.replace(chat, 'other')]: '{}',
    });
    expect(summaries).toEqual([
      `${WRITTEN} openai gpt-5 1(0,0) 0(0) site/today`,
      `${AT} codebuff m1 1(0,0) 0(0) site/${chat}`,
      `${AT} codebuff m2 4(0,0) 0(0) site/${chat}`,
      `${AT} codebuff unknown 1(0,0) 0(0) site/${chat}`,
      `${AT} codebuff unknown 2(0,0) 0(0) site/${chat}`,
      `2026-11-20T11:00:00Z openai gpt-5 1(0,0) 0(0) site/${chat}`,
    ]);
    expect(records.map(({ codebuff_credits }) => codebuff_credits)).toEqual([
      undefined,
      undefined,
      undefined,
      3,
      undefined,
      undefined,
    ]);
    expect(records[1]).toMatchObject({ usage_id: idOf('codebuff-log', chat, 'e'), operation: 'agent' });
    expect(records[3]!.usage_id).toBe(idOf('codebuff-log', chat, sha1Of(JSON.stringify(nameless))));
    expect(skips).toEqual([
      'not-a-usage 9 usage is not an object',
      'not-a-usage 10 the message is not an object',
      'unknown-format - not an array of messages',
    ]);
  });
});

describe("VS Code's chats", () => {
  const folder = '.config/Code/User/workspaceStorage/w/chatSessions';
  const asked = (id: string | undefined, more: object): object => ({
    requestId: id,
    timestamp: MS,
    modelId: 'copilot/gpt-5',
    ...more,
  });

  test('counts of a request in each place, and requests that lack something', async () => {
    const requests = [
      asked('a', { result: { metadata: { promptTokens: 1, outputTokens: 10 } } }),
      asked('b', { result: { usage: { promptTokens: 2, completionTokens: 20 } } }),
      asked('c', { promptTokens: 3, completionTokens: 30 }),
      asked('d', { promptTokens: 4, outputTokens: 40 }),
      asked(undefined, { promptTokens: 5, modelId: 'mystery' }),
      asked('f', { promptTokens: 6, modelId: undefined }),
      asked('g', { promptTokens: 7, timestamp: 'soon' }),
      asked('h', {}),
      asked('i', { result: 3 }),
      asked('j', { result: { metadata: 3 }, promptTokens: 8 }),
      'text',
    ];
    const { records, summaries, skips } = await told(world, copilotChat, {
      [`${folder}/s1.json`]: JSON.stringify({ requests }),
      [`${folder}/s2.json`]: ' ',
      [`${folder}/s3.json`]: '[]',
      [`${folder}/s4.json`]: '{"requests":5}',
      [`${folder}/s5.json`]: '{}',
    });
    expect(summaries).toEqual([
      `${AT} github-copilot mystery 5(0,0) 0(0) -/s1`,
      `${AT} github-copilot unknown 6(0,0) 0(0) -/s1`,
      `${AT} openai gpt-5 1(0,0) 10(0) -/s1`,
      `${AT} openai gpt-5 2(0,0) 20(0) -/s1`,
      `${AT} openai gpt-5 3(0,0) 30(0) -/s1`,
      `${AT} openai gpt-5 4(0,0) 40(0) -/s1`,
      `${AT} openai gpt-5 8(0,0) 0(0) -/s1`,
    ]);
    expect(records.map(({ usage_id, request_id }) => [usage_id, request_id]).slice(0, 3)).toEqual([
      [idOf('copilot-chat-log', 's1', AT), undefined],
      [idOf('copilot-chat-log', 's1', 'f'), 'f'],
      [idOf('copilot-chat-log', 's1', 'a'), 'a'],
    ]);
    expect(records[0]).toMatchObject({ operation: 'chat', agent: 'copilot-chat' });
    expect(skips).toEqual([
      'no-time 7 g',
      'not-a-usage 9 result is not an object',
      'not-a-usage 10 metadata is not an object',
      'not-a-usage 11 the message is not an object',
      'not-json - -',
      'unknown-format - requests is not a list',
    ]);
  });

  test('changes of a journal that cannot be made', async () => {
    const root = { sessionId: 's', requests: [asked('a', { promptTokens: 1 })], list: { one: 1 } };
    const lines = [
      { kind: 0, v: root },
      { kind: 1, k: [], v: 1 },
      { kind: 1, k: [true], v: 1 },
      { kind: 1, k: ['__proto__', 'polluted'], v: 1 },
      { kind: 1, k: ['requests', -1], v: 1 },
      { kind: 1, k: ['requests', 1_000_000], v: 1 },
      { kind: 1, k: ['sessionId', 'x'], v: 1 },
      { kind: 2, k: ['list'], v: [1] },
      { kind: 9, k: ['list'] },
      { kind: 1, k: 'list' },
    ];
    const { summaries, skips } = await told(world, copilotChat, {
      [`${folder}/s1.jsonl`]: `${jsonLines(...lines)}\n \n[]\n`,
    });
    expect(summaries).toEqual([`${AT} openai gpt-5 1(0,0) 0(0) -/s`]);
    expect(skips).toEqual([
      ...lines.slice(1).map((_, i) => `invalid ${i + 2} a change to something that is not there`),
      'not-json 13 -',
    ]);
  });

  test('changes of a journal that can be made', async () => {
    const { summaries, skips } = await told(world, copilotChat, {
      [`${folder}/s1.jsonl`]: jsonLines(
        { kind: 0, v: { sessionId: 's', extra: 1 } },
        { kind: 2, k: ['requests'], v: [asked('a', { promptTokens: 1 }), asked('b', { promptTokens: 2 })] },
        { kind: 3, k: ['requests', 0, 'promptTokens'] },
        { kind: 2, k: ['requests'], i: 5, v: [asked('c', { promptTokens: 3 })] },
        { kind: 2, k: ['requests'], v: 'no list' },
        { kind: 2, k: ['requests'], i: 0, v: [asked('d', { promptTokens: 4 })] },
        { kind: 2, k: ['requests'], i: -1, v: [asked('e', { promptTokens: 5 })] },
      ),
      [`${folder}/s2.jsonl`]: jsonLines({ kind: 1, k: ['a'], v: 1 }),
    });
    expect(summaries).toEqual([`${AT} openai gpt-5 4(0,0) 0(0) -/s`, `${AT} openai gpt-5 5(0,0) 0(0) -/s`]);
    expect(skips).toEqual(['invalid 1 a change to something that is not there', 'not-json - -']);
  });

  test('telemetry that cannot be read, and spans that lack something', async () => {
    const traces = '.config/Code/User/globalStorage/github.copilot-chat/agent-traces.db';
    const chat = JSON.stringify({ sessionId: 's1', requests: [asked('a', { promptTokens: 1 })] });
    const broken = await told(world, copilotChat, { [`${folder}/s1.json`]: chat, [traces]: 'no database'.repeat(200) });
    expect(broken.summaries).toEqual([]);
    expect(broken.skips).toEqual([
      'unreadable - file is not a database',
      'unreadable - agent-traces.db: file is not a database',
    ]);
    await world.dispose();
    world = new World();
    const span = {
      trace_id: 't',
      chat_session_id: 's2',
      request_model: 'gpt-5',
      input_tokens: 5,
      end_time_ms: MS,
      operation_name: 'chat',
    };
    database(
      world,
      traces,
      'CREATE TABLE spans (span_id, trace_id, chat_session_id, request_model, input_tokens, output_tokens, cached_tokens, end_time_ms, operation_name)',
      'CREATE TABLE span_attributes (span_id, key, value)',
      ['spans', { ...span, span_id: 'a', request_model: null }],
      ['spans', { ...span, span_id: 'b', end_time_ms: null }],
      ['spans', { ...span, span_id: 'c', input_tokens: 0 }],
      ['spans', { ...span, span_id: 'd' }],
      ['span_attributes', { span_id: 'd', key: 'other', value: '99' }],
      ['span_attributes', { span_id: 'd', key: 'gen_ai.usage.cache_creation.input_tokens', value: 3 }],
      ['spans', { ...span, span_id: 'e', chat_session_id: null, operation_name: 'execute_tool' }],
    );
    const { records, summaries, skips } = await told(world, copilotChat, { [`${folder}/s1.json`]: chat });
    expect(summaries).toEqual([
      `${AT} github-copilot unknown 5(0,0) 0(0) -/s2`,
      `${AT} openai gpt-5 1(0,0) 0(0) -/s1`,
      `${AT} openai gpt-5 5(0,3) 0(0) -/s2`,
    ]);
    expect(records[0]).toMatchObject({ usage_id: idOf('copilot-chat-log', 't', 'a'), operation: 'chat' });
    expect(skips).toEqual(['no-time - b']);
  });
});

describe('Copilot CLI', () => {
  test('rows without counts, credits, time or a session', async () => {
    const row = { session_id: 's1', model: 'gpt-5', input_tokens: 10, output_tokens: 2, created_at: MS };
    database(
      world,
      '.copilot/session-store.db',
      'CREATE TABLE assistant_usage_events (id, session_id, model, input_tokens, output_tokens, created_at, total_nano_aiu)',
      'CREATE TABLE sessions (id, cwd)',
      ['sessions', { id: 's1', cwd: '/srv/site' }],
      ['assistant_usage_events', { ...row, id: 1 }],
      ['assistant_usage_events', { ...row, id: 2, input_tokens: 0, output_tokens: 0 }],
      ['assistant_usage_events', { ...row, id: 3, input_tokens: 0, output_tokens: 0, total_nano_aiu: 0 }],
      [
        'assistant_usage_events',
        {
          ...row,
          id: 4,
          input_tokens: 0,
          output_tokens: 0,
          total_nano_aiu: 1_000_000_000,
          session_id: null,
          model: '',
        },
      ],
      ['assistant_usage_events', { ...row, id: 5, created_at: 'soon' }],
      ['assistant_usage_events', { ...row, id: 6, total_nano_aiu: -5 }],
      ['assistant_usage_events', { ...row, id: 7, total_nano_aiu: 0 }],
    );
    const { records, summaries, skips } = await told(world, copilotCli, {});
    expect(summaries).toEqual([
      `${AT} github-copilot unknown 0(0,0) 0(0) -/-`,
      ...Array.from({ length: 3 }, () => `${AT} openai gpt-5 10(0,0) 2(0) site/s1`),
    ]);
    expect(
      new Map(
        records.map(({ store_row, usage_id, ai_credits, cost_usd, cost_known, charge, price_source }) => [
          store_row,
          [usage_id, ai_credits, cost_usd, cost_known, charge, price_source],
        ]),
      ),
    ).toEqual(
      new Map<unknown, unknown[]>([
        [1, [idOf('copilot-cli-log', 's1', '1', AT, 'gpt-5', 10, 2), undefined, 0, false, undefined, undefined]],
        [
          4,
          [
            idOf('copilot-cli-log', undefined, '4', AT, 'unknown', 0, 0),
            1,
            0.01,
            true,
            'credits',
            'copilot-cli-log: AI credits at $0.01',
          ],
        ],
        [6, [idOf('copilot-cli-log', 's1', '6', AT, 'gpt-5', 10, 2), undefined, 0, false, undefined, undefined]],
        [
          7,
          [
            idOf('copilot-cli-log', 's1', '7', AT, 'gpt-5', 10, 2),
            0,
            0,
            true,
            'credits',
            'copilot-cli-log: AI credits at $0.01',
          ],
        ],
      ]),
    );
    expect(skips).toEqual(['no-time - 5']);
  });

  test('with telemetry, a call of the last ten minutes may still come by it', async () => {
    const row = { session_id: 'new', model: 'gpt-5', input_tokens: 10, output_tokens: 2 };
    const minutesAgo = (n: number): number => Date.now() - n * 60_000;
    database(
      world,
      '.copilot/session-store.db',
      'CREATE TABLE assistant_usage_events (id, session_id, model, input_tokens, output_tokens, created_at)',
      ['assistant_usage_events', { ...row, id: 1, created_at: minutesAgo(9) }],
      ['assistant_usage_events', { ...row, id: 2, created_at: minutesAgo(11) }],
      ['assistant_usage_events', { ...row, id: 3, session_id: 'traced', created_at: MS }],
      ['assistant_usage_events', { ...row, id: 4, session_id: 'typed', created_at: MS }],
    );
    const telemetry =
      '{"x":{"gen_ai.conversation.id" : "traced"}}\n' +
      '{"attributes":[{"key": "gen_ai.conversation.id", "value": { "stringValue": "typed" } }]}\n';
    const { records } = await told(world, copilotCli, {
      '.copilot/otel/a.jsonl': telemetry,
      '.copilot/otel/notes.txt': '{"gen_ai.conversation.id":"new"}',
    });
    expect(records.map(({ store_row }) => store_row)).toEqual([2]);
  });
});

describe("Cursor's export", () => {
  const path = '.cursor/usage-exports/a.csv';

  test('rows of versions, and those that lack something', async () => {
    const { records, summaries, skips } = await told(world, cursor, {
      [path]:
        'Date,Kind,Model,Max Mode,Input (w/ Cache Write),Input (w/o Cache Write),Cache Read,Output,Cost ($)\n' +
        `${AT},Free,gpt-5,no,-,10,,2,$1\n` +
        `${AT},,mystery,YES,1,2,3,4,0.5\n` +
        `${AT},On-Demand,,No,0,1,0,0,\n` +
        `${AT},On-Demand,gpt-5,No,0,0,0,0,$1\n` +
        `soon,On-Demand,gpt-5,No,0,1,0,0,$1\n` +
        `${AT},On-Demand,gpt-5,No,0,1.5,0,0,$1\n` +
        `${AT},On-Demand,gpt-5,No,0,7,0,0,$1.50 each\n` +
        `${AT},On-Demand,gpt-5,No,0,8,0,0,Included\n`,
      '.cursor/usage-exports/b.csv': 'Date,Amount\n1,2\n',
      '.cursor/usage-exports/c.csv': '\n',
      '.cursor/usage-exports/d.csv': 'Kind,Date,Cache Read\n1,2,3\n',
    });
    expect(summaries).toEqual([
      `${AT} cursor mystery 6(3,1) 4(0) -/-`,
      `${AT} cursor unknown 1(0,0) 0(0) -/-`,
      `${AT} openai gpt-5 10(0,0) 2(0) -/-`,
      `${AT} openai gpt-5 7(0,0) 0(0) -/-`,
      `${AT} openai gpt-5 8(0,0) 0(0) -/-`,
    ]);
    expect(
      records.map(({ charge, max_mode, cost_known, cost_usd, billing_mode }) => [
        charge,
        max_mode,
        cost_known,
        cost_usd,
        billing_mode,
      ]),
    ).toEqual([
      [undefined, true, true, 0.5, 'known'],
      ['metered', undefined, false, 0, 'runtime_managed'],
      ['plan', undefined, false, 0, 'runtime_managed'],
      ['metered', undefined, false, 0, 'runtime_managed'],
      ['plan', undefined, false, 0, 'runtime_managed'],
    ]);
    expect(skips).toEqual([
      'no-time 6 -',
      'invalid 7 -',
      "unknown-format 1 not the usage export of Cursor's dashboard",
      "unknown-format 1 not the usage export of Cursor's dashboard",
    ]);
  });
});

describe('Gemini CLI', () => {
  const tokens = { input: 10, output: 2 };
  const said = (id: string | undefined, more: object = {}): object => ({ id, type: 'gemini', tokens, ...more });

  test('sessions, models and times from where they are', async () => {
    const { records, summaries, skips } = await told(world, geminiCli, {
      '.gemini/tmp/site/chats/a.json': JSON.stringify({
        session_id: 'sa',
        lastUpdated: '2026-11-20T09:00:00Z',
        messages: [
          said('1', { model: 'gemini-3-pro' }),
          said('2', { created_at: AT }),
          said('3', { type: 'user' }),
          said('4', { tokens: 3 }),
          null,
          7,
          { type: 'gemini' },
          said(undefined, { tokens: { total: 9 } }),
        ],
      }),
      '.gemini/tmp/site/chats/b.json': JSON.stringify(said('5', { sessionId: 'sb', startTime: AT })),
      '.gemini/tmp/site/chats/c.jsonl': `${jsonLines({ session_id: 'sc', model: 'gemini-3-flash' }, said('6', { timestamp: AT }), said(undefined))}{"tokens"\n`,
      '.gemini/tmp/site/chats/d.json': '{"messages":4}',
      '.gemini/tmp/site/chats/e.json': '[]',
      '.gemini/tmp/site/chats/f.jsonl': jsonLines(said('7')),
    });
    expect(summaries).toEqual([
      `${WRITTEN} google gemini-3-flash 10(0,0) 2(0) site/sc`,
      `${WRITTEN} google unknown 10(0,0) 2(0) site/f`,
      '2026-11-20T09:00:00Z google gemini-3-pro 10(0,0) 2(0) site/sa',
      '2026-11-20T09:00:00Z google unknown 0(0,0) 9(0) site/sa',
      `${AT} google gemini-3-flash 10(0,0) 2(0) site/sc`,
      `${AT} google unknown 10(0,0) 2(0) site/sa`,
      `${AT} google unknown 10(0,0) 2(0) site/sb`,
    ]);
    expect(records.map(({ usage_id }) => usage_id).slice(0, 4)).toEqual([
      idOf('gemini-cli-log', 'sc', `${WRITTEN} ${JSON.stringify(tokens)}`),
      idOf('gemini-cli-log', 'f', '7'),
      idOf('gemini-cli-log', 'sa', '1'),
      idOf('gemini-cli-log', 'sa', '2026-11-20T09:00:00Z {"total":9}'),
    ]);
    expect(records[1]).toMatchObject({ message_id: '7', operation: 'agent' });
    expect(skips).toEqual([
      'not-a-usage 4 tokens is not an object',
      'not-a-usage 6 the message is not an object',
      'not-json 4 -',
      'unknown-format - messages is not a list',
      'unknown-format - not an object',
    ]);
  });

  test('cached tokens are outside of an input that is smaller, and inside only where there are some', async () => {
    const all = [
      { input: 10, output: 2, cached: 15, total: 12 },
      { input: 10, output: 2, cached: 5, total: 17 },
      { input: 10, output: 2, tool: 3, thoughts: 4, total: 19 },
      { cached: 5, total: 30 },
    ];
    const { summaries } = await told(world, geminiCli, {
      '.gemini/tmp/site/chats/a.json': JSON.stringify({
        sessionId: 's',
        messages: all.map((each, i) => said(`${i}`, { tokens: each, timestamp: `2026-11-20T10:00:0${i}Z` })),
      }),
    });
    expect(summaries.map((summary) => summary.split(' ').slice(3, 5).join(' '))).toEqual([
      '15(15,0) 2(0)',
      '15(5,0) 2(0)',
      '13(0,0) 6(4)',
      '5(5,0) 0(0)',
    ]);
  });

  test.each(['model', 'timestamp', 'cached', 'thoughts', 'input', 'output'])(
    'a message whose %s changes is stored again',
    async (part) => {
      const file = '.gemini/tmp/site/chats/a.jsonl';
      const first = { model: 'm', timestamp: AT, tokens: { input: 10, output: 2, cached: 1, thoughts: 1, total: 99 } };
      const changed =
        part === 'model'
          ? { ...first, model: 'n' }
          : part === 'timestamp'
            ? { ...first, timestamp: '2026-11-20T10:00:01.000Z' }
            : { ...first, tokens: { ...first.tokens, [part]: 8 } };
      // Neither of these changes what a record of another part has.
      world.file(file, jsonLines(said('a', first)));
      await world.import(geminiCli);
      const before = await world.records();
      world.file(file, jsonLines(said('a', first), said('a', changed)));
      expect(await world.import(geminiCli)).toMatchObject({ added: 0, updated: 1 });
      expect(await world.records()).not.toEqual(before);
      world.file(file, jsonLines(said('a', first), said('a', changed), said('a', changed)));
      expect(await world.import(geminiCli)).toMatchObject({ added: 0, updated: 0 });
    },
  );
});

describe('Kiro', () => {
  test('turns at any depth, ids, times, models and units by what is there', async () => {
    const deep = (levels: number, value: object): object => (levels === 0 ? value : { inner: deep(levels - 1, value) });
    const credit = (value: unknown, more: object = {}): object => ({
      metering_usage: [{ value, unit: 'Credits' }],
      ...more,
    });
    const { records, skips } = await told(world, kiro, {
      '.kiro/sessions/cli/s1.json': JSON.stringify({
        cwd: '/srv/site',
        model_id: 'claude-opus-4-5',
        modelId: 'not this one',
        turns: [
          credit(1, { execution_id: 'x', endTime: AT }),
          credit(0),
          { meteringUsage: [{ usage: 2 }], created_at: '2026-11-20T11:00:00Z', model: 'm2' },
          credit('many'),
          { metering_usage: [{ value: 4, unit: 'credit' }, null, { value: -1, unit: 'credit' }], turn_id: 't' },
          deep(9, credit(8, { id: 'deep' })),
          deep(20, credit(16, { id: 'too deep' })),
        ],
      }),
      '.kiro/sessions/h/sess_s2/messages.jsonl': `${jsonLines(credit(32, { loop_id: 'l', executionId: 'e' }), { usageSummary: 'none' })}\n{\n`,
    });
    const parts = records.map(({ usage_id, kiro_credits, timestamp, model, session_id, project }) => [
      kiro_credits,
      usage_id,
      timestamp,
      model,
      session_id,
      project,
    ]);
    const ELEVEN = '2026-11-20T11:00:00Z';
    expect(parts.sort(([a], [b]) => Number(a) - Number(b))).toEqual([
      [1, idOf('kiro-log', 's1', 'x'), AT, 'claude-opus-4-5', 's1', 'site'],
      [2, idOf('kiro-log', 's1', 'turn 3'), ELEVEN, 'm2', 's1', 'site'],
      [4, idOf('kiro-log', 's1', 't'), ELEVEN, 'm2', 's1', 'site'],
      [8, idOf('kiro-log', 's1', 'deep'), ELEVEN, 'm2', 's1', 'site'],
      [32, idOf('kiro-log', 's2', 'l'), WRITTEN, 'auto', 's2', undefined],
    ]);
    expect(
      records.every(
        ({ provider, billing_mode, price_source }) =>
          provider === 'kiro' && billing_mode === 'estimated' && price_source === 'kiro-log: credits at $0.04',
      ),
    ).toBe(true);
    expect(skips).toEqual(['not-json 4 -']);
  });
});

describe.each([
  [openCode, '.local/share/opencode', 'opencode'],
  [kiloCli, '.local/share/kilo', 'kilo-cli'],
] as const)('messages of %j', (source, folder, id) => {
  test('in files, with what they lack', async () => {
    const tokens = { input: 10, output: 2 };
    const time = { created: MS };
    const messages: object[] = [
      {
        id: 'a',
        sessionID: 's',
        modelID: 'gpt-5',
        providerID: 'openai',
        tokens,
        time,
        path: { cwd: '/srv/site/src' },
        cost: 0,
      },
      { sessionID: 's', tokens, time, modelID: 'm' },
      { id: 'c', tokens: { total: 9 }, time, modelID: 'qwen3:8b', providerID: 'ollama' },
      { id: 'd', tokens: { input: 0 }, time },
      { id: 'e', tokens },
      { id: 'f', tokens: 4, time },
      { id: 'g', time },
      [],
    ];
    const files = messages.map(
      (message, i) => [`${folder}/storage/message/s/${i}.json`, JSON.stringify(message)] as const,
    );
    const { records, summaries, skips } = await told(world, source, Object.fromEntries(files));
    expect(summaries).toEqual([
      `${AT} ollama qwen3:8b 0(0,0) 9(0) -/-`,
      `${AT} openai gpt-5 10(0,0) 2(0) src/s`,
      `${AT} unknown m 10(0,0) 2(0) -/s`,
    ]);
    expect(records.map(({ usage_id, charge, message_id }) => [usage_id, charge, message_id])).toEqual([
      [idOf(`${id}-log`, 'c'), 'free', 'c'],
      [idOf(`${id}-log`, 'a'), undefined, 'a'],
      [idOf(`${id}-log`, 's', AT, 'm', 10, 2), undefined, undefined],
    ]);
    expect(records.map(({ cost_known }) => cost_known)).toEqual([false, false, false]);
    expect(skips).toEqual(['no-time - e', 'not-a-usage - tokens is not an object', 'unknown-format - not an object']);
  });

  test('in a database without a table of them', async () => {
    const name = id === 'opencode' ? 'opencode' : 'kilo';
    database(world, `${folder}/${name}.db`, 'CREATE TABLE other (id)');
    expect((await told(world, source, {})).skips).toEqual(['unknown-format - no table message']);
  });
});

describe('pi', () => {
  const usage = { input: 10, output: 2 };
  const reply = (message: object, more: object = {}): object => ({
    message: { role: 'assistant', usage, ...message },
    timestamp: AT,
    ...more,
  });

  test('replies of sessions that lack something', async () => {
    const { records, summaries, skips } = await told(world, pi, {
      '.pi/agent/sessions/-srv-site/2026-11-20T10-00-00_s_1.jsonl':
        jsonLines(
          reply({ modelId: 'gpt-5' }),
          { type: 'model_change', model: 'm2' },
          reply({ timestamp: 'soon' }),
          reply({ usage: { totalTokens: 9 }, responseId: 'r' }, { type: 'message' }),
          reply({ usage: { cost: { total: 0.5 } } }),
          reply({ usage: { cost: { total: 0 } } }),
          reply({ usage: 'much' }),
          reply({}, { timestamp: undefined }),
          reply({}, { type: 'compaction' }),
          { type: 'model_change', provider: 'ollama' },
          reply({ usage: { input: 77 }, provider: 'ollama' }),
        ) + '{"usage"\n',
      '.pi/agent/sessions/plain.jsonl': jsonLines(
        reply({ model: 'gpt-5', usage: { input: 3, cacheRead: 4, cacheWrite: 5 } }),
      ),
    });
    expect(summaries).toEqual([
      `${AT} ollama m2 77(0,0) 0(0) -srv-site/s_1`,
      `${AT} openai gpt-5 10(0,0) 2(0) -srv-site/s_1`,
      `${AT} openai gpt-5 12(4,5) 0(0) -/plain`,
      `${AT} unknown m2 0(0,0) 0(0) -srv-site/s_1`,
      `${AT} unknown m2 0(0,0) 9(0) -srv-site/s_1`,
      `${AT} unknown m2 10(0,0) 2(0) -srv-site/s_1`,
    ]);
    expect(
      records.map(({ usage_id, cost_usd, charge, response_id }) => [usage_id, cost_usd, charge, response_id]),
    ).toEqual([
      [idOf('pi-log', 's_1', AT, 'm2', 77, 0, 0, 0), 0, 'free', undefined],
      [idOf('pi-log', 's_1', AT, 'gpt-5', 10, 0, 0, 2), 0, undefined, undefined],
      [idOf('pi-log', 'plain', AT, 'gpt-5', 12, 4, 5, 0), 0, undefined, undefined],
      [idOf('pi-log', 's_1', AT, 'm2', 0, 0, 0, 0), 0.5, undefined, undefined],
      [idOf('pi-log', 's_1', 'r'), 0, undefined, 'r'],
      [idOf('pi-log', 's_1', AT, 'm2', 10, 0, 0, 2), 0, undefined, undefined],
    ]);
    expect(skips).toEqual(['not-a-usage 7 usage is not an object', 'no-time 8 -', 'not-json 12 -']);
  });

  test('the model of lines that an earlier import read', async () => {
    const path = '.openclaw/agents/a/sessions/s1.jsonl.deleted.7';
    const before = jsonLines(
      { cwd: '/srv/site' },
      { customType: 'model-snapshot', data: { modelId: 'gpt-5', provider: 'openai' } },
    );
    await told(world, openClaw, { [path]: before });
    const { summaries } = await told(world, openClaw, { [path]: before + jsonLines(reply({})) });
    expect(summaries).toEqual([`${AT} openai gpt-5 10(0,0) 2(0) site/s1`]);
  });
});
