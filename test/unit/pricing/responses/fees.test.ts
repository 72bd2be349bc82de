import { describe, expect, it } from 'vitest';
import { recogniseResponses, type Recognition } from '../../../../src/pricing/responses/recognise.ts';
import { loadPriceTable } from '../../../../src/pricing/table.ts';
import { events } from './bodies/body.ts';

const table = loadPriceTable();
const recognise = (value: unknown): Recognition =>
  recogniseResponses(typeof value === 'string' ? value : JSON.stringify(value), table);
/** Searches, fees that are missing, and the tier of each response. */
const read = (value: unknown): unknown[] =>
  recognise(value).responses.map(({ counts, unpricedTools, serviceTier }) => [
    counts.input_tokens,
    counts.output_tokens,
    counts.web_searches ?? 0,
    unpricedTools,
    serviceTier ?? 'usual',
  ]);

describe('a response of Gemini as the Python SDK prints it', () => {
  const usage_metadata = { prompt_token_count: 100, candidates_token_count: 50, traffic_type: 'ON_DEMAND_FLEX' };
  const grounding_metadata = {
    web_search_queries: ['a', 'b'],
    grounding_chunks: [{ web: {} }, { maps: { uri: 'u' } }],
  };
  const whole = {
    candidates: [{ content: { parts: [{ text: 'x' }] }, finish_reason: 'STOP', grounding_metadata }],
    model_version: 'gemini-3-flash-preview',
    response_id: 'r1',
    create_time: '2026-10-01T10:00:00Z',
    usage_metadata,
  };

  it('has the searches, the fees and the tier of the one that was sent', () => {
    expect(read(whole)).toEqual([[100, 50, 2, ['Google Maps'], 'flex']]);
    expect(recognise(whole).responses[0]).toMatchObject({
      responseId: 'r1',
      model: 'gemini-3-flash-preview',
      timestamp: '2026-10-01T10:00:00.000Z',
    });
  });

  it('is one response when its chunks follow each other', () => {
    const { usage_metadata: _, ...first } = whole;
    const chunk = { ...first, candidates: [{ content: { parts: [{ text: 'x' }] } }] };
    expect(read([chunk, whole].map((each) => JSON.stringify(each)).join('\n'))).toEqual([
      [100, 50, 2, ['Google Maps'], 'flex'],
    ]);
    expect(recognise(JSON.stringify(chunk)).responses).toEqual([]);
  });
});

describe('a stream of Gemini', () => {
  it('has the searches of each of its chunks', () => {
    const chunk = (candidate: object, tokens: number): object => ({
      candidates: [candidate],
      responseId: 'r2',
      modelVersion: 'gemini-3-flash-preview',
      usageMetadata: { promptTokenCount: 10, candidatesTokenCount: tokens },
    });
    const grounded = { groundingMetadata: { webSearchQueries: ['a'], groundingChunks: [{ maps: {} }] } };
    const text = events([chunk(grounded, 1), chunk({ finishReason: 'STOP' }, 2)]);
    expect(read(text)).toEqual([[10, 2, 1, ['Google Maps'], 'usual']]);
    // A chunk may repeat what was said.
    expect(read(events([chunk(grounded, 1), chunk({ ...grounded, finishReason: 'STOP' }, 2)]))).toEqual([
      [10, 2, 1, ['Google Maps'], 'usual'],
    ]);
  });
});

describe('an interaction of Gemini', () => {
  const interaction = (model: string, count: object[] | undefined, steps: object[] = []): object => ({
    id: 'v1_a',
    object: 'interaction',
    status: 'completed',
    model,
    usage: { total_input_tokens: 10, total_output_tokens: 20, grounding_tool_count: count },
    steps,
  });
  const search = { type: 'google_search_call', arguments: { queries: ['a', 'b'] } };

  it.each([
    ['gemini-3-flash-preview', [{ type: 'google_search', count: 3 }], [search], 3, []],
    ['gemini-2.5-flash', [{ type: 'google_search', count: 3 }], [search], 1, []],
    ['gemini-3-flash-preview', undefined, [search, { ...search, arguments: {} }, { type: 'model_output' }], 3, []],
    ['gemini-2.5-flash', undefined, [search, search], 1, []],
    ['gemini-3-flash-preview', undefined, [{ type: 'google_maps_call' }], 0, ['Google Maps']],
    [
      'gemini-3-flash-preview',
      undefined,
      [{ type: 'google_search_call_result' }, { type: 'my_retrieval_call' }],
      0,
      [],
    ],
    [
      'gemini-3-flash-preview',
      [
        { type: 'google_maps', count: 1 },
        { type: 'retrieval', count: 2 },
      ],
      [],
      0,
      ['Google Maps', 'retrieval'],
    ],
    ['gemini-3-flash-preview', [{ type: 'google_maps', count: 0 }], [], 0, []],
  ])('of %s with %j and %j has %d searches and the fees %j', (model, count, steps, searches, fees) => {
    expect(read(interaction(model, count, steps))).toEqual([[10, 20, searches, fees, 'usual']]);
  });
});

describe('frameworks', () => {
  const grounding = { web_search_queries: ['a'], grounding_chunks: [{ maps: {} }] };

  it('pass on what Gemini searched', () => {
    const message = {
      type: 'ai',
      id: 'lc',
      response_metadata: {
        model_name: 'gemini-3-flash-preview',
        model_provider: 'google_genai',
        grounding_metadata: grounding,
      },
      usage_metadata: { input_tokens: 100, output_tokens: 50, total_tokens: 150 },
    };
    expect(read(message)).toEqual([[100, 50, 1, ['Google Maps'], 'usual']]);
    const result = {
      usage: { inputTokens: 100, outputTokens: 50, totalTokens: 150 },
      response: { modelId: 'gemini-3-flash-preview', id: 'v' },
      providerMetadata: { google: { groundingMetadata: { webSearchQueries: ['a', 'b'] } } },
    };
    expect(read(result)).toEqual([[100, 50, 2, [], 'usual']]);
  });
});

describe("frameworks, of tools that run on the vendor's machines,", () => {
  const call = (type: string, more: object = {}): object => ({ type, id: 'x', status: 'completed', ...more });

  it('pass on those of a message of LangChain', () => {
    const message = (...content: object[]): object => ({
      type: 'ai',
      id: 'resp_1',
      content: [...content, { type: 'text', text: 'x' }],
      response_metadata: { model_name: 'gpt-5', model_provider: 'openai' },
      usage_metadata: { input_tokens: 100, output_tokens: 50, total_tokens: 150 },
    });
    const search = call('web_search_call', { action: { type: 'search' } });
    const page = call('web_search_call', { action: { type: 'open_page' } });
    expect(read(message(search, page, search, call('code_interpreter_call')))).toEqual([
      [100, 50, 2, ['code interpreter'], 'usual'],
    ]);
    expect(read(message(call('function_call')))).toEqual([[100, 50, 0, [], 'usual']]);
  });

  it("name those of a result of Vercel's AI SDK", () => {
    const result = (provider: string, more: object): object => ({
      finishReason: 'stop',
      usage: { inputTokens: 100, outputTokens: 50, totalTokens: 150 },
      response: { modelId: 'm', id: 'v' },
      providerMetadata: { [provider]: {} },
      ...more,
    });
    const used = { type: 'tool-call', toolName: 'web_search', providerExecuted: true };
    const own = { type: 'tool-call', toolName: 'my_tool' };
    const code = { ...used, toolName: 'code_interpreter' };
    expect(read(result('openai', { content: [used, own] }))).toEqual([[100, 50, 0, ['web search'], 'usual']]);
    expect(read(result('openai', { toolCalls: [used, used], steps: [{ content: [code] }] }))).toEqual([
      [100, 50, 0, ['web search', 'code interpreter'], 'usual'],
    ]);
    expect(read(result('openai', { toolCalls: [own], steps: [{ toolCalls: [own] }] }))).toEqual([
      [100, 50, 0, [], 'usual'],
    ]);
    // Gemini's searches are counted, and its code execution is free.
    expect(read(result('google', { content: [code] }))).toEqual([[100, 50, 0, [], 'usual']]);
  });
});

describe('a stream of Claude', () => {
  it('that executes code says that its fee is missing, as the whole response does', () => {
    const start = {
      type: 'message_start',
      message: { id: 'msg_1', type: 'message', model: 'claude-sonnet-4-5', content: [], usage: { input_tokens: 9 } },
    };
    const block = (content_block: object): object => ({ type: 'content_block_start', index: 0, content_block });
    const end = { type: 'message_delta', delta: {}, usage: { output_tokens: 5 } };
    const code = { type: 'server_tool_use', id: 's', name: 'code_execution', input: {} };
    expect(read(events([start, block({ type: 'text', text: '' }), block(code), end]))).toEqual([
      [9, 5, 0, ['code execution'], 'usual'],
    ]);
    expect(read(events([start, block({ type: 'tool_use', name: 'code_execution' }), end]))).toEqual([
      [9, 5, 0, [], 'usual'],
    ]);
  });
});

describe("a stream of Groq's", () => {
  it('that used its tools says that their fee is missing', () => {
    const chunk = (delta: object, more: object = {}): object => ({
      id: 'chatcmpl-g',
      object: 'chat.completion.chunk',
      model: 'groq/compound',
      choices: [{ index: 0, delta }],
      ...more,
    });
    const text = events([
      chunk({ role: 'assistant' }),
      chunk({ executed_tools: [{ index: 0, type: 'search' }] }),
      chunk({}, { x_groq: { usage: { prompt_tokens: 9, completion_tokens: 5 } } }),
    ]);
    expect(read(text)).toEqual([[9, 5, 0, ["Groq's tools"], 'usual']]);
  });
});

describe('a call that has not ended', () => {
  it.each(['validating', 'in_progress', 'finalizing', 'cancelling', 'queued'])(
    'but is %s has no usage yet, so that its id stays free for the final counts',
    (status) => {
      const batch = {
        id: 'batch_1',
        object: 'batch',
        status,
        model: 'gpt-5',
        usage: { input_tokens: 7, output_tokens: 3, total_tokens: 10 },
      };
      expect(recognise(batch)).toMatchObject({ responses: [], problems: [{ code: 'truncated' }] });
      expect(recognise({ ...batch, object: 'response' })).toMatchObject({ responses: [] });
      expect(read({ ...batch, status: 'completed' })).toEqual([[7, 3, 0, [], 'batch']]);
      expect(read({ ...batch, status: 'cancelled' })).toEqual([[7, 3, 0, [], 'batch']]);
    },
  );
});
