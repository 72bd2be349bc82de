import { describe, expect, it } from 'vitest';
import { exchangesIn, batchLinesIn, hostOfUrl, modelInPath } from '../../../../src/pricing/responses/exchanges.ts';
import { readDocuments } from '../../../../src/pricing/responses/documents.ts';
import { recogniseResponses, type RecognisedResponse } from '../../../../src/pricing/responses/recognise.ts';
import { usageOfResponse } from '../../../../src/pricing/responses/usage.ts';
import { loadPriceTable } from '../../../../src/pricing/table.ts';
import { events } from './bodies/body.ts';

const table = loadPriceTable();
const usage = { prompt_tokens: 7, completion_tokens: 3 };
const chat = { id: 'c1', object: 'chat.completion', model: 'gpt-5', choices: [], usage };
const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const recognise = (value: unknown): ReturnType<typeof recogniseResponses> => recogniseResponses(text(value), table);

function only(value: unknown): RecognisedResponse {
  const { responses, problems } = recognise(value);
  expect(problems).toEqual([]);
  expect(responses).toHaveLength(1);
  return responses[0]!;
}
/** Problems by their code, and where a line is named, by its number. */
const problemsOf = (value: unknown): string[] =>
  recognise(value).problems.map(({ code, message }) => `${code}${/Line \d+/.exec(message)?.[0] ?? ''}`);

describe('the events of a stream', () => {
  it('with a broken one are read around it, and it is said once', () => {
    const whole = `data: ${text(chat)}`;
    expect(problemsOf(`data: {"a":\n\n${whole}\n\ndata: {"b":`)).toEqual(['truncated']);
    expect(problemsOf(`data: hello\n\n${whole}`)).toEqual(['not-json']);
    expect(recognise(`data: hello\n\ndata: {"b":\n\n${whole}`).responses).toHaveLength(1);
    expect(problemsOf(`data: {"b":\n\ndata: hello\n\n${whole}`)).toEqual(['truncated']);
    expect(problemsOf(`data: [1,\n\n${whole}`)).toEqual(['truncated']);
  });

  it('may be of several lines, of lists, and without blank lines', () => {
    const pretty = JSON.stringify(chat, null, 1)
      .split('\n')
      .map((line) => `data: ${line}`)
      .join('\n');
    expect(only(`${pretty}\n\n`).counts).toEqual({ input_tokens: 7, output_tokens: 3 });
    expect(recognise(`data: ${text([chat, 5, chat])}`).responses).toHaveLength(2);
    expect(
      recognise(`event: x\ndata: ${text(chat)}\ndata:${text({ ...chat, id: 'c2' })}\ndata: [DONE]`).responses,
    ).toHaveLength(2);
  });
});

describe('lines', () => {
  const line = text(chat);
  it('that are broken are named by their number, the last one is taken for the end', () => {
    expect(problemsOf(`${line}\n\nhello\n${line}`)).toEqual(['not-jsonLine 2']);
    expect(problemsOf(`${line}\n{"a": 1, x}\n${line}`)).toEqual(['not-jsonLine 2']);
    expect(problemsOf(`${line}\n{"a":`)).toEqual(['truncated']);
    expect(problemsOf(`${line}\n  [1,`)).toEqual(['truncated']);
    expect(problemsOf(`${line}\nhello`)).toEqual(['not-jsonLine 2']);
    expect(recognise(`${line}\nhello\nworld\n${line}`).responses).toHaveLength(2);
    expect(problemsOf(`${line}\nhello\nworld\n${line}`)).toEqual(['not-jsonLine 2', 'not-jsonLine 3']);
  });

  it('may end as on any system', () => {
    for (const end of ['\n', '\r\n', '\r', '\n\n'])
      expect(recognise([line, line, line].join(end)).responses).toHaveLength(3);
  });
});

describe('a text around responses', () => {
  const pretty = JSON.stringify(chat, null, 2);
  it('may hold brackets that are no JSON', () => {
    expect(recognise(`log {x} says\n${pretty} and [more] {"a": "}\\"{"}`).responses).toHaveLength(1);
    expect(problemsOf(`log {x} and {y}`)).toEqual(['not-json']);
    expect(problemsOf('[hello]')).toEqual(['no-usage']);
    expect(problemsOf('hello [1]')).toEqual(['not-json']);
    expect(problemsOf(`[${pretty},${pretty}`)).toEqual(['truncated']);
    expect(problemsOf(`[\n ${pretty}\n]`)).toEqual([]);
    expect(problemsOf(pretty.slice(0, -1))).toEqual(['truncated']);
  });

  it('is said to be empty, or too large by so many megabytes', () => {
    expect(recognise('\uFEFF').problems).toEqual([{ code: 'empty', message: 'The text is empty.' }]);
    expect(recogniseResponses('x'.repeat(1_250_001), table, 1_250_000).problems[0]?.message).toBe(
      'The text is too large for a response (1.3 MB, at most 1.3 MB).',
    );
    expect(recogniseResponses(text(chat), table, text(chat).length).responses).toHaveLength(1);
  });

  it('says the host and the model of each request', () => {
    const request = (path: string, host: string): string =>
      `> POST ${path} HTTP/2\n> Host: ${host}\n>\n< HTTP/2 200\n<\n`;
    const found = readDocuments(
      `* Connected\n${request('/openai/deployments/my%20gpt/chat', 'X.openai.azure.com:443')}{"a":1}\n${request('/v1/x', 'api.openai.com')}{"b":2}`,
      1000,
    ).map((each) => [each.host, each.model, [...each.found]]);
    expect(found).toEqual([
      ['x.openai.azure.com', 'my gpt', [{ value: { a: 1 } }]],
      ['api.openai.com', undefined, [{ value: { b: 2 } }]],
    ]);
    const [plain] = readDocuments('{"a":1}', 1000);
    expect([plain?.host, plain?.model]).toEqual([undefined, undefined]);
  });

  it('in strings is read at any depth, unless one of the strings is none', () => {
    const inner = JSON.stringify([text(chat), JSON.stringify(text(chat))]);
    expect(recognise(inner).responses).toHaveLength(2);
    expect(recognise(JSON.stringify([text(chat), 'hello'])).responses).toHaveLength(0);
    expect(recognise(JSON.stringify([text(chat), 5])).responses).toHaveLength(0);
  });
});

describe('a recorded exchange', () => {
  const url = 'https://API.openai.com:443/v1/chat?x=1#y';
  const body = '{"a":1}';
  const answer = { body };

  it.each<[string, object, [string, string | undefined, string | undefined][]]>([
    ['a body', { request: { url }, response: answer }, [[body, 'api.openai.com', undefined]]],
    ['an object', { request: { uri: url }, response: { body: { a: 1 } } }, [[body, 'api.openai.com', undefined]]],
    ['a string', { request: { url }, response: { body: { string: body } } }, [[body, 'api.openai.com', undefined]]],
    [
      'content',
      { request: { url }, response: { content: { text: body }, body: 'x' } },
      [[body, 'api.openai.com', undefined]],
    ],
    [
      'base64',
      { request: { url }, response: { content: { encoding: 'base64', text: Buffer.from('é').toString('base64') } } },
      [['é', 'api.openai.com', undefined]],
    ],
    ['no body', { request: { url }, response: {} }, []],
    ['no response', { request: { url } }, []],
    ['no address', { request: {}, response: answer }, []],
    ['an empty address', { request: { url: '' }, response: answer }, []],
    [
      'posted JSON',
      { request: { url, postData: { text: '{"model":"m"}' } }, response: answer },
      [[body, 'api.openai.com', 'm']],
    ],
    ['a sent text', { request: { url, body: '{"model":"m"}' }, response: answer }, [[body, 'api.openai.com', 'm']]],
    ['a sent object', { request: { url, body: { model: 'm' } }, response: answer }, [[body, 'api.openai.com', 'm']]],
    [
      'a sent string',
      { request: { url, body: { string: '{"model":"m"}' } }, response: answer },
      [[body, 'api.openai.com', 'm']],
    ],
    ['broken JSON', { request: { url, body: '{"model"' }, response: answer }, [[body, 'api.openai.com', undefined]]],
    ['a sent list', { request: { url, body: '["model"]' }, response: answer }, [[body, 'api.openai.com', undefined]]],
    [
      'an address with a model',
      { request: { url: 'https://h/v1beta/models/gemini-x:generateContent', body: '{}' }, response: answer },
      [[body, 'h', 'gemini-x']],
    ],
    ['nock', { scope: 'https://h:443', path: '/models/m/x', response: { a: 1 } }, [[body, 'h', 'm']]],
    ['nock, a text', { scope: 'http://h', response: body, body: { model: 'm' } }, [[body, 'h', 'm']]],
    ['nock without response', { scope: 'https://h:443' }, []],
    ['another scope', { scope: 'openid', response: { a: 1 } }, []],
    ['an answer', { status: 200, body: 'data: {}' }, [['data: {}', undefined, undefined]]],
    ['an answer in base64', { statusCode: 200, isBase64Encoded: true, body: 'e30=' }, [['{}', undefined, undefined]]],
    ['an answer by its headers', { headers: {}, body: 'data: {}' }, [['data: {}', undefined, undefined]]],
    ['an answer of Python', { status_code: 200, body: 'data: {}' }, [['data: {}', undefined, undefined]]],
    ['an answer of text', { headers: {}, body: 'hello' }, []],
    ['a text alone', { body: 'data: {}' }, []],
    [
      'interactions',
      {
        interactions: [{ request: { url }, response: answer }, 5],
        http_interactions: [{ request: { url: 'https://h' }, response: answer }],
      },
      [
        [body, 'api.openai.com', undefined],
        [body, 'h', undefined],
      ],
    ],
    ['entries', { log: { entries: [{ request: { url }, response: answer }] } }, [[body, 'api.openai.com', undefined]]],
    ['no recording', { response: answer }, []],
  ])('with %s', (_name, value, expected) => {
    expect(exchangesIn(value).map((each) => [each.body, each.host, each.model])).toEqual(expected);
  });

  it.each([
    ['https://a.b/c', 'a.b'],
    ['HTTP://A.B:8080?x', 'a.b'],
    ['https://a.b#x', 'a.b'],
    ['ftp://a.b', undefined],
    ['a.b', undefined],
    ['x https://a.b', undefined],
  ])('to %s is to %s', (address, host) => expect(hostOfUrl(address)).toBe(host));

  it.each([
    ['/v1/models/a%2Fb:generate', 'a/b'],
    ['/model/m/invoke', 'm'],
    ['/openai/deployments/d?x', 'd'],
    ['/models/m#x', 'm'],
    ['/models/%zz', '%zz'],
    ['/models/', undefined],
    ['/xmodels/m', undefined],
  ])('for %s is for %s', (path, model) => expect(modelInPath(path)).toBe(model));
});

describe('a finished batch of Gemini', () => {
  const lines = [{ response: { a: 1 } }, { error: { b: 2 } }];
  const read = (value: unknown): unknown => batchLinesIn(value);
  const expected = (model?: string): object[] => [
    { key: '0', response: { a: 1 }, model, error: undefined },
    { key: '1', response: undefined, model, error: { b: 2 } },
  ];

  it('has its lines wherever the API puts them', () => {
    expect(read({ response: { inlinedResponses: { inlinedResponses: lines } }, model: 'm' })).toEqual(expected('m'));
    expect(read({ response: { inlinedResponses: lines }, metadata: { model: 'n' }, model: 'm' })).toEqual(
      expected('n'),
    );
    expect(read({ dest: { inlined_responses: lines } })).toEqual(expected());
    expect(read({ output: { inlinedResponses: { inlinedResponses: lines } } })).toEqual(expected());
    expect(read({ output: { inlinedResponses: lines } })).toEqual([]);
    expect([read({ response: 'x' }), read([]), read({ other: { inlinedResponses: lines } })]).toEqual([[], [], []]);
  });
});

describe('a call of Claude with iterations', () => {
  const message = (iterations: object[], more: object = {}): object => ({
    type: 'message',
    id: 'm1',
    model: 'claude-sonnet-4-5',
    usage: { input_tokens: 10, output_tokens: 5, iterations, server_tool_use: { web_search_requests: 2 }, ...more },
  });
  const calls = (body: object): unknown[] =>
    recognise(body).responses.map(({ responseId, model, counts }) => [responseId, model, counts]);
  const turn = (input: number, more: object = {}): object => ({ input_tokens: input, output_tokens: 1, ...more });

  it('is billed for its searches once, in its first message', () => {
    expect(
      calls(
        message([
          turn(1, { type: 'compaction' }),
          turn(2, { type: 'message' }),
          turn(3, { type: 'message', model: 'claude-opus-4-6' }),
        ]),
      ),
    ).toEqual([
      ['m1', 'claude-sonnet-4-5', { input_tokens: 1, output_tokens: 1 }],
      ['m1/2', 'claude-sonnet-4-5', { input_tokens: 2, output_tokens: 1, web_searches: 2 }],
      ['m1/3', 'claude-opus-4-6', { input_tokens: 3, output_tokens: 1 }],
    ]);
    // Without a message, in its first iteration.
    expect(calls(message([turn(1), turn(2)]))).toEqual([
      ['m1', 'claude-sonnet-4-5', { input_tokens: 1, output_tokens: 1, web_searches: 2 }],
      ['m1/2', 'claude-sonnet-4-5', { input_tokens: 2, output_tokens: 1 }],
    ]);
  });

  it('is one call where a single iteration says the same, or nothing', () => {
    const whole = [['m1', 'claude-sonnet-4-5', { input_tokens: 10, output_tokens: 5, web_searches: 2 }]];
    expect(calls(message([{ input_tokens: 10, output_tokens: 5 }]))).toEqual(whole);
    expect(calls(message([{ type: 'message' }]))).toEqual(whole);
    expect(calls(message([{ input_tokens: 10, output_tokens: 5, model: 'claude-opus-4-6' }]))[0]).toEqual([
      'm1',
      'claude-opus-4-6',
      { input_tokens: 10, output_tokens: 5, web_searches: 2 },
    ]);
    expect(calls(message([{ input_tokens: 10, output_tokens: 6 }]))).toEqual([
      ['m1', 'claude-sonnet-4-5', { input_tokens: 10, output_tokens: 6, web_searches: 2 }],
    ]);
    // A count that differs from the top level is that of the call.
    const read = { input_tokens: 14, output_tokens: 5, web_searches: 2 };
    for (const [said, counts] of [
      [{ input_tokens: 14 }, {}],
      [{ cache_read_input_tokens: 4 }, { cache_read_tokens: 4 }],
      [{ cache_creation_input_tokens: 4 }, { cache_write_tokens: 4 }],
    ]) {
      const iteration = { input_tokens: 10, output_tokens: 5, ...said };
      expect(calls(message([iteration]))).toEqual([['m1', 'claude-sonnet-4-5', { ...read, ...counts }]]);
    }
  });
});

describe('what is recorded of a response', () => {
  it('has the names of the user first, and says what kind of call it was', () => {
    const response = only({ ...chat, created: 1_768_000_000 });
    expect(usageOfResponse(response)).toEqual({
      provider: 'openai',
      model: 'gpt-5',
      operation: 'chat',
      input_tokens: 7,
      output_tokens: 3,
      usage_id: 'c1',
      timestamp: '2026-01-09T23:06:40.000Z',
    });
    const names = { provider: 'azure', model: 'mine', operation: 'review' };
    expect(usageOfResponse(response, names)).toMatchObject(names);
    expect(
      usageOfResponse({ ...response, provider: undefined, model: undefined, responseId: 'x'.repeat(257) }),
    ).toEqual({
      provider: 'unknown',
      model: 'unknown',
      operation: 'chat',
      input_tokens: 7,
      output_tokens: 3,
      timestamp: '2026-01-09T23:06:40.000Z',
    });
    expect(
      usageOfResponse({
        ...response,
        api: 'gemini-cli',
        serviceTier: 'flex',
        speed: 'fast',
        inferenceGeo: 'us',
        costUsd: 0,
        audioSeconds: 5,
      }),
    ).toMatchObject({
      operation: 'agent',
      whole_session: true,
      service_tier: 'flex',
      speed: 'fast',
      inference_geo: 'us',
      cost_usd: 0,
      audio_seconds: 5,
    });
  });
});

describe('chunks of a chat', () => {
  const chunk = (more: object): object => ({ id: 'c1', object: 'chat.completion.chunk', model: 'gpt-5', ...more });
  it('are complete once a choice has finished or the usage is there', () => {
    const open = { delta: {} };
    const done = { delta: {}, finish_reason: 'stop' };
    expect(problemsOf(events([chunk({ choices: [open, open] }), chunk({ choices: [open], usage: null })]))).toEqual([
      'truncated',
    ]);
    expect(problemsOf(events([chunk({ choices: [open, done] })]))).toEqual(['no-usage']);
    expect(only(events([chunk({ choices: [open] }), chunk({ choices: [], usage })]))).toMatchObject({ streamed: true });
    expect(only(events([chunk({ choices: [{ ...open, usage }] })])).counts).toEqual({
      input_tokens: 7,
      output_tokens: 3,
    });
    expect(only(events([chunk({ x_groq: { usage } })]))).toMatchObject({
      provider: 'groq',
      counts: { input_tokens: 7 },
    });
    expect(
      only(events([chunk({ choices: [done] }), chunk({ model: 'gpt-5-mini', service_tier: 'flex', usage })])),
    ).toMatchObject({
      model: 'gpt-5-mini',
      serviceTier: 'flex',
    });
  });
});

describe('embeddings of Google', () => {
  it('are the sum of the texts that are counted', () => {
    const predictions = [
      { embeddings: { statistics: { token_count: 4 } } },
      { embeddings: {} },
      { embeddings: { statistics: { tokenCount: 5 } } },
    ];
    expect(only({ predictions, model: 'text-embedding-005' })).toMatchObject({
      api: 'gemini-embeddings',
      counts: { input_tokens: 9, output_tokens: 0 },
    });
    expect(recognise({ predictions: [{ embeddings: {} }], embeddings: [{}] }).responses).toEqual([]);
  });
});
