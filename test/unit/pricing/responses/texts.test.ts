import { describe, expect, it } from 'vitest';
import {
  first,
  numberAt,
  objectAt,
  objectIn,
  objectsAt,
  termAt,
  textAt,
} from '../../../../src/pricing/responses/json.ts';
import { recogniseResponses } from '../../../../src/pricing/responses/recognise.ts';
import { loadPriceTable } from '../../../../src/pricing/table.ts';

/** Texts around responses, and the problems that are reported of them. */
const table = loadPriceTable();
const usage = { prompt_tokens: 7, completion_tokens: 3 };
const chat = { id: 'c1', object: 'chat.completion', model: 'gpt-5', choices: [], usage };
const line = JSON.stringify(chat);
const pretty = JSON.stringify(chat, null, 2);
/** The number of responses, then the problems by their code and line. */
function read(text: string): unknown[] {
  const { responses, problems } = recogniseResponses(text, table);
  return [responses.length, ...problems.map(({ code, message }) => code + (/Line \d+/.exec(message)?.[0] ?? ''))];
}

it.each<[string, string, unknown[]]>([
  ['a status before a response', `200\n${pretty}`, [1]],
  ['a text before it', `"ok"\n${pretty}`, [1]],
  ['an empty list before it', `[]\n${pretty}`, [1]],
  ['a comma after it', `${line},`, [1]],
  ['two with a comma between them', `${line},\n${line}`, [2]],
  ['a line of words after it', `${pretty}\ndata: the end`, [1]],
  ['a line of words after a list in a list', `[[${line}]]\ndata: the end`, [1]],
  ['a list without its end', `[ \n${pretty},\n${pretty}`, [2, 'truncated']],
  ['a list on a line without its end', `[ ${line},`, [1, 'truncated']],
  ['a list within words', `log: [${line}] at last`, [1]],
  ['a bracket at its end', `hello\n${line}\nlog {`, [1, 'truncated']],
  ['a text without its end', '"hello', [0, 'not-json']],
  ['lines in a string', JSON.stringify(`\n${line}\nhello\n${line}`), [2, 'not-jsonLine 2']],
])('%s', (_name, text, expected) => expect(read(text)).toEqual(expected));

describe('an answer without usage', () => {
  const said = (value: unknown): unknown[] =>
    recogniseResponses(typeof value === 'string' ? value : JSON.stringify(value), table).problems.map(
      ({ code, message }) => [code, message],
    );
  const error = (text: string): unknown[] => [
    ['provider-error', `The provider answered with an error, which has no usage${text}.`],
  ];
  it.each<[unknown, string]>([
    [{ error: 'Too many' }, ': Too many'],
    [{ error: { message: 'Too many' } }, ': Too many'],
    [{ error: { error: { message: 'Too many' } } }, ': Too many'],
    [{ error: { code: 5 } }, ''],
    [{ error: 'x'.repeat(201) }, `: ${'x'.repeat(200)}`],
    [{ type: 'error', message: 'Too many' }, ': Too many'],
  ])('says the error of %j', (value, text) => expect(said(value)).toEqual(error(text)));

  it('in a recording is said only if it is an error', () => {
    const request = { url: 'https://api.openai.com/v1/x' };
    const recorded = (body: unknown): object => ({ request, response: { body: JSON.stringify(body) } });
    const list = [recorded({ error: 'Too many' }), recorded({ a: 1 }), recorded(chat)];
    expect(said({ interactions: list })).toEqual(error(': Too many'));
    expect(said({ interactions: list.slice(1) })).toEqual([]);
  });

  it('is told how to ask for it if it is the stream of a chat', () => {
    const chunk = { object: 'chat.completion.chunk', choices: [{ delta: {}, finish_reason: 'stop' }] };
    const ask = 'The streamed response has no usage: ask for it with "stream_options": {"include_usage": true}.';
    const none = 'No usage was found in it: no token counts in a form that a known API sends.';
    expect(said(`data: ${JSON.stringify(chunk)}`)).toEqual([['no-usage', ask]]);
    expect(said({ object: 'chat.completion', choices: [] })).toEqual([['no-usage', none]]);
    const other = { type: 'response.completed', response: { object: 'response', id: 'r' } };
    expect(said(`data: ${JSON.stringify(other)}`)).toEqual([['no-usage', none]]);
  });
});

it('a failed call without tokens costs nothing, another one without tokens is not known', () => {
  const cost = (more: object): unknown =>
    recogniseResponses(
      JSON.stringify({ object: 'response', model: 'gpt-5', usage: { input_tokens: 0, output_tokens: 0 }, ...more }),
      table,
    ).responses[0]?.costUsd;
  expect(['cancelled', 'expired', 'completed'].map((status) => cost({ status }))).toEqual([0, 0, undefined]);
  expect([cost({ status: 'not failed' }), cost({ status: 'failed over' })]).toEqual([undefined, undefined]);
  expect([cost({ error: { code: 1 } }), cost({ error: null })]).toEqual([0, undefined]);
});

it('counts that are none are left out where the bill is known', () => {
  const counts = (more: object): unknown =>
    recogniseResponses(JSON.stringify({ ...chat, id: 'gen-1', usage: { ...usage, cost: 1, ...more } }), table)
      .responses[0]?.counts;
  expect(counts({ prompt_tokens: 1.5 })).toEqual({ input_tokens: 0, output_tokens: 3 });
  expect(counts({ completion_tokens: -1 })).toEqual({ input_tokens: 7, output_tokens: 0 });
});

describe('a field of JSON', () => {
  it('that every object inherits is not there', () => {
    expect([objectAt, textAt, termAt, numberAt].map((read) => read({}, '__proto__'))).toEqual(Array(4).fill(undefined));
    expect(objectsAt({}, '__proto__')).toEqual([]);
    const inherited = Object.create({ n: 1, t: 'x', o: {}, l: [{}] }) as Record<string, unknown>;
    expect([numberAt(inherited, 'n'), textAt(inherited, 't'), termAt(inherited, 't')]).toEqual(
      Array(3).fill(undefined),
    );
    expect([objectAt(inherited, 'o'), objectsAt(inherited, 'l')]).toEqual([undefined, []]);
  });

  it('is read if it has its kind', () => {
    const value = {
      n: 0,
      big: Infinity,
      t: 'x',
      none: '',
      long: 'x'.repeat(257),
      o: { p: { q: 1 } },
      l: [{ a: 1 }, 5],
    };
    expect(['n', 'big', 't', 'gone'].map((field) => numberAt(value, field))).toEqual([0, ...Array(3).fill(undefined)]);
    expect(['t', 'none', 'long', 'n'].map((field) => textAt(value, field))).toEqual(['x', ...Array(3).fill(undefined)]);
    expect(textAt({ a: 'x'.repeat(256) }, 'a')).toHaveLength(256);
    expect(['o', 'l', 't'].map((field) => objectAt(value, field))).toEqual([value.o, undefined, undefined]);
    expect([objectsAt(value, 'l'), objectsAt(value, 'o')]).toEqual([[{ a: 1 }], []]);
    expect([objectIn(value, 'o', 'p'), objectIn(value, 'gone', 'p'), objectIn(value)]).toEqual([
      { q: 1 },
      undefined,
      value,
    ]);
    expect([first(value, 't', 'n'), first(value, 't')]).toEqual([0, undefined]);
  });
});
