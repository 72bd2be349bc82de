import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sourceOfFile } from '../../../src/sources/reading/files.ts';
import type { Mapping } from '../../../src/sources/generic/mapping.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { idOf } from './agents/expected.ts';
import { jsonLines, World } from './world.ts';

/** Files that someone names: entries of any program, LiteLLM's spend logs, and other ledgers. */

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const AT = '2026-11-20T10:00:00.000Z';

async function read(
  name: string,
  content: string,
  mapping: Mapping = {},
): Promise<{ records: UsageRecord[]; skips: string[]; counts: unknown }> {
  const path = world.file(name, content);
  const { skips, added, updated } = await world.import(await sourceOfFile(path, mapping), { places: [path] });
  const records = (await world.records()).sort((a, b) => a.input_tokens - b.input_tokens);
  return {
    records,
    skips: skips.map(({ reason, line, detail }) => `${reason} ${line ?? '-'} ${detail ?? '-'}`),
    counts: { added, updated },
  };
}

describe('entries of any program', () => {
  const used = (n: number, more: object = {}): object => ({ model: 'gpt-5', timestamp: AT, input_tokens: n, ...more });

  test('all that a record has', async () => {
    const { records } = await read(
      'a.jsonl',
      jsonLines(
        used(100, {
          id: 'x',
          provider: 'azure',
          operation: 'embed',
          output_tokens: 10,
          cache_read_tokens: 60,
          cache_write_tokens: 30,
          reasoning_tokens: 40,
          cost: '$0.25',
          project: 'site',
          session: 's',
          agent: 'mine',
        }),
      ),
    );
    expect(records).toMatchObject([
      {
        usage_id: idOf('file', 'x'),
        provider: 'azure',
        operation: 'embed',
        input_tokens: 100,
        output_tokens: 10,
        cache_read_tokens: 60,
        cache_write_tokens: 30,
        reasoning_tokens: 10,
        cost_usd: 0.25,
        cost_known: true,
        billing_mode: 'known',
        project: 'site',
        session_id: 's',
        agent: 'mine',
        source: 'file',
      },
    ]);
  });

  test('the usual values of what is not there', async () => {
    const { records } = await read(
      'a.jsonl',
      jsonLines(
        used(1),
        used(2, { model: 'mystery' }),
        { model: 'gpt-5', timestamp: AT, cost: 1 },
        used(10, { cache_read_tokens: 40, cache_write_tokens: 5 }),
      ),
    );
    expect(
      records.map(({ provider, operation, input_tokens, cost_known }) => [
        provider,
        operation,
        input_tokens,
        cost_known,
      ]),
    ).toEqual([
      ['openai', 'chat', 0, true],
      ['openai', 'chat', 1, false],
      ['unknown', 'chat', 2, false],
      // Less than its cached tokens.
      ['openai', 'chat', 45, false],
    ]);
    expect(records[0]).not.toHaveProperty('agent');
  });

  test.each<[unknown, string | undefined]>([
    ['1795168800', AT],
    ['1795168800.5', '2026-11-20T10:00:00.500Z'],
    [1_795_168_800_000, AT],
    ['2026-11-20', '2026-11-20T00:00:00Z'],
    ['2026-11-20 10:00:00', '2026-11-20T10:00:00Z'],
    [' 2026-11-20T10:00:00 ', '2026-11-20T10:00:00Z'],
    ['2026-11-20 x', undefined],
    ['x2026-11-20', undefined],
    ['17951688x', undefined],
    [true, undefined],
  ])('the time %j is %s', async (timestamp, time) => {
    const { records, skips } = await read('a.jsonl', jsonLines(used(1, { timestamp })));
    expect(records.map((record) => record.timestamp)).toEqual(time === undefined ? [] : [time]);
    expect(skips).toEqual(time === undefined ? ['no-time 1 -'] : []);
  });

  test.each<[unknown, number | undefined]>([
    ['0.0042', 0.0042],
    [' $1.50 ', 1.5],
    ['1e-3', 0.001],
    ['2E+1', 20],
    [0.5, 0.5],
    ['1.50 USD', undefined],
    ['$$1', undefined],
    ['.5', undefined],
    ['', undefined],
    [null, undefined],
    [true, undefined],
  ])('the cost %j is %s', async (cost, usd) => {
    const { records } = await read('a.jsonl', jsonLines(used(1, { cost })));
    expect(records).toMatchObject([usd === undefined ? { cost_known: false } : { cost_known: true, cost_usd: usd }]);
  });

  test('entries that are no usage, and those with a wrong count', async () => {
    const { records, skips } = await read(
      'a.jsonl',
      jsonLines({ timestamp: AT, input_tokens: 1 }, used(0), used(-1), used(1.5), { ...used(0), output_tokens: 3 }),
    );
    expect(records.map(({ output_tokens }) => output_tokens)).toEqual([3]);
    expect(skips.map((skip) => skip.split(' ').slice(0, 2).join(' '))).toEqual([
      'not-a-usage 1',
      'not-a-usage 2',
      'invalid 3',
      'invalid 4',
    ]);
  });

  test('a mapped name counts alone', async () => {
    const { records, skips } = await read(
      'a.jsonl',
      jsonLines({ m: 'gpt-5', timestamp: AT, input_tokens: 9, tin: 3 }, { model: 'gpt-5', timestamp: AT, tin: 4 }),
      { model: 'm', input_tokens: 'tin' },
    );
    expect(records.map(({ input_tokens }) => input_tokens)).toEqual([3]);
    expect(skips).toEqual(['not-a-usage 2 -']);
  });

  test('equal entries without an id are as many calls, in each import', async () => {
    const [one, two] = [jsonLines(used(1)), jsonLines(used(1), used(1))];
    expect((await read('a.jsonl', one)).counts).toEqual({ added: 1, updated: 0 });
    expect((await read('a.jsonl', two)).counts).toEqual({ added: 1, updated: 0 });
    expect((await read('b.jsonl', two)).counts).toEqual({ added: 0, updated: 0 });
  });

  test.each<[string, object]>([
    ['input_tokens', { input_tokens: 2 }],
    ['output_tokens', { output_tokens: 2 }],
    ['cache_read_tokens', { cache_read_tokens: 1 }],
    ['cache_write_tokens', { cache_write_tokens: 1 }],
    ['model', { model: 'gpt-4' }],
    ['timestamp', { timestamp: '2026-11-20T11:00:00.000Z' }],
    ['cost_usd', { cost: 2 }],
  ])('an entry whose %s changed replaces the one of its id', async (field, change) => {
    const before = used(5, { id: 7, cost: 1 });
    await read('a.jsonl', jsonLines(before));
    expect((await read('a.jsonl', `${jsonLines(before)}\n`)).counts).toEqual({ added: 0, updated: 0 });
    const { records, counts } = await read('a.jsonl', jsonLines({ ...before, ...change }));
    expect(counts).toEqual({ added: 0, updated: 1 });
    expect(records[0]![field]).toBe(Object.values(change)[0]);
    expect(records[0]!.usage_id).toBe(idOf('file', 7));
  });
});

describe("LiteLLM's spend logs", () => {
  const row = (more: object): object => ({
    spend: 0,
    startTime: AT,
    model: 'gpt-5',
    prompt_tokens: 100,
    completion_tokens: 10,
    ...more,
  });

  test('providers and models, ids, costs and labels', async () => {
    const { records } = await read(
      'a.json',
      JSON.stringify([
        row({ request_id: 'r1', prompt_tokens: 1 }),
        row({ request_id: 'r2', prompt_tokens: 2, model: 'azure/gpt-5', call_type: '', team_id: 't', session_id: 's' }),
        row({
          request_id: 'r3',
          prompt_tokens: 3,
          model: 'azure/a/b',
          custom_llm_provider: 'azure',
          team_alias: 'alias',
          team_id: 't',
        }),
        row({
          request_id: 'r4',
          prompt_tokens: 4,
          model: 'openai/gpt-5',
          custom_llm_provider: 'openrouter',
          call_type: 'aembedding',
        }),
        row({ prompt_tokens: 5, spend: '0.5', startTime: '2026-11-20 10:00:00' }),
        row({ prompt_tokens: 6, spend: 'free' }),
      ]),
    );
    expect(
      records.map(({ provider, model, operation, project, session_id, cost_usd, cost_known }) => [
        provider,
        model,
        operation,
        project,
        session_id,
        cost_usd,
        cost_known,
      ]),
    ).toEqual([
      ['unknown', 'gpt-5', 'completion', undefined, undefined, 0, false],
      ['azure', 'gpt-5', 'completion', 't', 's', 0, false],
      ['azure', 'a/b', 'completion', 'alias', undefined, 0, false],
      ['openrouter', 'openai/gpt-5', 'aembedding', undefined, undefined, 0, false],
      ['unknown', 'gpt-5', 'completion', undefined, undefined, 0.5, true],
      ['unknown', 'gpt-5', 'completion', undefined, undefined, 0, false],
    ]);
    expect(records[0]!.usage_id).toBe(idOf('litellm', 'r1'));
    expect(records[4]).toMatchObject({
      timestamp: '2026-11-20T10:00:00Z',
      billing_mode: 'estimated',
      price_source: 'litellm',
      source: 'litellm',
    });
  });

  test('cached tokens by their names, never more than the prompt', async () => {
    const cached = (usage_object: object): object => ({ metadata: { usage_object } });
    const { records } = await read(
      'a.json',
      JSON.stringify([
        row({ prompt_tokens: 10, ...cached({ cache_read_input_tokens: 4, cache_creation_input_tokens: 3 }) }),
        row({ prompt_tokens: 11, ...cached({ prompt_tokens_details: { cached_tokens: 5 } }) }),
        row({ prompt_tokens: 12, ...cached({ cache_read_input_tokens: 20, cache_creation_input_tokens: 20 }) }),
        row({ prompt_tokens: 13, ...cached({ cache_read_input_tokens: 9, cache_creation_input_tokens: 20 }) }),
        row({ prompt_tokens: 14, metadata: '{' }),
      ]),
    );
    expect(
      records.map(({ input_tokens, cache_read_tokens = 0, cache_write_tokens = 0 }) => [
        input_tokens,
        cache_read_tokens,
        cache_write_tokens,
      ]),
    ).toEqual([
      [10, 4, 3],
      [11, 5, 0],
      [12, 12, 0],
      [13, 9, 4],
      [14, 0, 0],
    ]);
  });

  test('as CSV, and rows that lack something', async () => {
    const { records, skips } = await read(
      'a.csv',
      `request_id,spend,startTime,model,prompt_tokens,completion_tokens\nr1,0.5,${AT},gpt-5,7,1\nr2,0.5,soon,gpt-5,7,1\nr3,0.5,${AT},,7,1\n`,
    );
    expect(records).toMatchObject([{ input_tokens: 7, output_tokens: 1, cost_usd: 0.5 }]);
    expect(skips).toEqual(['no-time 3 -', 'not-a-usage 4 -']);
  });
});

describe('another ledger', () => {
  const stored = {
    usage_id: 'u1',
    provider: 'p',
    model: 'm',
    operation: 'o',
    input_tokens: 1,
    output_tokens: 1,
    total_tokens: 2,
    cost_usd: 0.5,
    cost_known: true,
    billing_mode: 'known',
    timestamp: AT,
  };

  test('keeps its costs, and gives an id to a record without one', async () => {
    const { usage_id: _, ...nameless } = { ...stored, input_tokens: 2, cost_known: false };
    const { records, skips } = await read(
      'a.json',
      `[${JSON.stringify(stored)},${JSON.stringify(nameless)},{"usage_id":"u3","billing_mode":"known"},7]`,
    );
    expect(records.map(({ usage_id, cost_usd, cost_known }) => [usage_id, cost_usd, cost_known])).toEqual([
      ['u1', 0.5, true],
      [idOf('ledger', JSON.stringify(nameless)), 0.5, false],
    ]);
    expect(skips).toEqual([expect.stringMatching(/^not-a-usage 3 /), 'not-json 4 -']);
  });
});
