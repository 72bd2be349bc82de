import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codexExec } from '../../../src/sources/codex/exec.ts';
import { configuredEndpoint, configuredTier, tierOf } from '../../../src/sources/codex/home.ts';
import { codex } from '../../../src/sources/codex/index.ts';
import { idOf, summaryOf, told, WRITTEN } from './agents/expected.ts';
import { jsonLines, World } from './world.ts';
import { join } from 'node:path';
import { utimesSync } from 'node:fs';

/** What Codex' events say of a call, in sessions and in the output of `codex exec`. */

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const AT = '2026-11-20T10:00:00.000Z';
const LOG = '.codex/sessions/2026/11/20/rollout-s1.jsonl';
const counts = (input: number, output: number, more: object = {}): object => ({
  input_tokens: input,
  output_tokens: output,
  total_tokens: input + output,
  ...more,
});
const told_ = (info: unknown, more: object = {}, payload: object = {}): object => ({
  timestamp: AT,
  type: 'event_msg',
  payload: { type: 'token_count', info, ...payload },
  ...more,
});
const meta = (payload: object): object => ({ timestamp: AT, type: 'session_meta', payload });

describe('a session', () => {
  test('all that a record has', async () => {
    const { records } = await told(world, codex, {
      [LOG]: jsonLines(
        meta({ id: 'sess', cwd: '/srv/site', cli_version: '0.50.0', git: { branch: 'main' } }),
        { timestamp: AT, type: 'turn_context', payload: { model: 'gpt-5.5', cwd: '/srv/other' } },
        told_({
          last_token_usage: counts(100, 20, {
            cached_input_tokens: 60,
            cache_write_input_tokens: 50,
            reasoning_output_tokens: 30,
          }),
        }),
      ),
    });
    expect(records.map(summaryOf)).toEqual([`${AT} openai gpt-5.5 100(60,40) 20(20) other/sess`]);
    expect(records[0]).toMatchObject({
      usage_id: idOf('codex-log', AT, 'gpt-5.5', 100, 60, 20, 30, 120),
      tool_version: '0.50.0',
      branch: 'main',
      operation: 'agent',
      source: 'codex-log',
      agent: 'codex',
    });
    expect(['model_assumed', 'service_tier', 'charge'].filter((field) => field in records[0]!)).toEqual([]);
  });

  test('without a name is its file; models of an event, and where they are in it', async () => {
    const { summaries } = await told(world, codex, {
      [LOG]: jsonLines(
        told_({ last_token_usage: counts(1, 1), model: 'info' }),
        told_({ last_token_usage: counts(2, 1) }, {}, { model_name: 'payload' }),
        told_({ last_token_usage: counts(3, 1), metadata: { model: 'inner' } }),
        told_({ last_token_usage: counts(4, 1) }),
      ),
    });
    expect(summaries.map((summary) => summary.split(' ').slice(2).join(' '))).toEqual([
      'info 1(0,0) 1(0) -/rollout-s1',
      'inner 3(0,0) 1(0) -/rollout-s1',
      'inner 4(0,0) 1(0) -/rollout-s1',
      'payload 2(0,0) 1(0) -/rollout-s1',
    ]);
  });

  test('counts the rise of the total where the last call is not told, and an event that moved nothing not', async () => {
    const total = (input: number, output: number, more: object = {}): object => ({
      total_token_usage: counts(input, output, more),
    });
    const { records } = await told(world, codex, {
      [LOG]: jsonLines(
        told_(total(10, 1)),
        told_(total(10, 1)),
        told_({ ...total(10, 1), last_token_usage: counts(10, 1) }),
        told_(total(30, 4, { cached_input_tokens: 5, reasoning_output_tokens: 2 })),
        told_({
          ...total(31, 4, { cached_input_tokens: 5, reasoning_output_tokens: 2 }),
          last_token_usage: counts(0, 0),
        }),
        told_(total(5, 9)),
      ),
    });
    expect(
      records
        .map(({ input_tokens, output_tokens, cache_read_tokens, reasoning_tokens }) => [
          input_tokens,
          output_tokens,
          cache_read_tokens,
          reasoning_tokens,
        ])
        .sort(([a], [b]) => (a ?? 0) - (b ?? 0)),
    ).toEqual([
      [0, 5, undefined, undefined],
      [10, 1, undefined, undefined],
      [20, 3, 5, 2],
    ]);
  });

  test('events that lack something are named', async () => {
    const { records, skips } = await told(world, codex, {
      [LOG]:
        jsonLines(
          told_(null),
          told_({}),
          told_('much'),
          told_({ last_token_usage: counts(1.5, 1) }),
          told_({ total_token_usage: counts(1, -1) }),
          told_({ last_token_usage: counts(1, 1) }, { timestamp: 'soon' }),
          { timestamp: AT, type: 'other', payload: { type: 'token_count', info: { last_token_usage: counts(9, 9) } } },
          { timestamp: AT, type: 'event_msg', payload: '"token_count"' },
        ) + '{"token_count"\n',
    });
    expect(records).toEqual([]);
    expect(skips).toEqual([
      'not-a-usage 3 info is not an object',
      'invalid 4 a token count is not a whole number',
      'invalid 5 a token count is not a whole number',
      'no-time 6 -',
      'not-json 9 -',
    ]);
  });

  test('is of a plan where its limits are', async () => {
    const limits = [{ plan_type: 'plus' }, { primary: {} }, { plan_type: '' }, { primary: null }, null, 'x'];
    const { records } = await told(world, codex, {
      [LOG]: jsonLines(
        ...limits.map((rate_limits, i) => told_({ last_token_usage: counts(i + 1, 0) }, {}, { rate_limits })),
      ),
    });
    const charges = records.sort((a, b) => a.input_tokens - b.input_tokens).map(({ charge }) => charge);
    expect(charges).toEqual(['plan', 'plan', undefined, undefined, undefined, undefined]);
  });

  test('has the tier of its settings from there on, and that of the configuration before', async () => {
    const settings = (service_tier: unknown, more: object = {}): object => ({
      timestamp: AT,
      type: 'event_msg',
      payload: { type: 'thread_settings_applied', thread_settings: { service_tier, ...more } },
    });
    const { records } = await told(world, codex, {
      '.codex/config.toml': 'model = "x"\n  service_tier = \'fast\'\n',
      [LOG]: jsonLines(
        told_({ last_token_usage: counts(1, 0) }),
        settings('flex', { model: 'gpt-5.5' }),
        told_({ last_token_usage: counts(2, 0) }),
        settings(null, { model: 'ignored' }),
        told_({ last_token_usage: counts(3, 0) }),
        { timestamp: AT, type: 'event_msg', payload: { type: 'thread_settings_applied' } },
        settings('fast'),
        told_({ last_token_usage: counts(4, 0) }),
      ),
    });
    expect(
      records.sort((a, b) => a.input_tokens - b.input_tokens).map(({ service_tier, model }) => [service_tier, model]),
    ).toEqual([
      ['priority', 'gpt-5'],
      ['flex', 'gpt-5.5'],
      [undefined, 'gpt-5.5'],
      ['priority', 'gpt-5.5'],
    ]);
  });

  test('has a tier that is not known, so that it is not priced as the usual one', async () => {
    const settings = { type: 'thread_settings_applied', thread_settings: { service_tier: { of: 'mine' } } };
    const { records } = await told(world, codex, {
      '.codex/config.toml': 'service_tier = "a-tier of.mine"\n',
      [LOG]: jsonLines(
        told_({ last_token_usage: counts(1, 0) }),
        { timestamp: AT, type: 'event_msg', payload: settings },
        told_({ last_token_usage: counts(2, 0) }),
      ),
    });
    expect(records.sort((a, b) => a.input_tokens - b.input_tokens).map(({ service_tier }) => service_tier)).toEqual([
      'a-tier of.mine',
      '{"of":"mine"}',
    ]);
  });

  test('of an agent is told by its first 16 KiB', async () => {
    const filler = (bytes: number): string => `${JSON.stringify({ type: 'x'.repeat(bytes - 12) })}\n`;
    const spawned = JSON.stringify(meta({ id: 'a', source: { subagent: { thread_spawn: {} } } }));
    const usage = jsonLines(told_({ last_token_usage: counts(1, 0) }));
    const operations = async (before: number): Promise<unknown[]> => {
      const log = `${filler(before)}${spawned}\n${usage}`;
      const { records } = await told(world, codex, {
        [`.codex/sessions/${before}.jsonl`]: log.replace('"input_tokens":1,', `"input_tokens":${before},`),
      });
      return records.filter(({ input_tokens }) => input_tokens === before).map(({ operation }) => operation);
    };
    const end = spawned.indexOf('thread_spawn') + 'thread_spawn'.length;
    expect(await operations(16 * 1024 - end)).toEqual(['subagent']);
    expect(await operations(16 * 1024 - end + 1)).toEqual(['agent']);
  });

  test('of an archive counts unless it is also where the others are', async () => {
    const usage = (input: number): string => jsonLines(told_({ last_token_usage: counts(input, 0) }));
    const { records, skips } = await told(world, codex, {
      '.codex/archived_sessions/a.jsonl': usage(1),
      '.codex/archived_sessions/b.jsonl': usage(2),
      '.codex/sessions/b.jsonl': usage(3),
    });
    expect(new Set(records.map(({ input_tokens }) => input_tokens))).toEqual(new Set([1, 3]));
    expect(skips).toEqual([]);
  });
});

describe('the configuration', () => {
  test.each<[string, string | undefined]>([
    ['service_tier = "fast"', 'fast'],
    ["  service_tier='flex'", 'flex'],
    ['# service_tier = "fast"', undefined],
    ['my_service_tier = "fast"', undefined],
    ['service_tier = fast', undefined],
    ['', undefined],
  ])('%j has the tier %j', (config, tier) => {
    world.file('config.toml', config);
    expect(configuredTier(world.home)).toBe(tier);
  });

  test('may be missing', () => {
    expect(configuredTier(join(world.home, 'gone'))).toBeUndefined();
    expect(configuredEndpoint(join(world.home, 'gone'), 'x')).toBeUndefined();
  });

  test('has addresses of providers', () => {
    world.file(
      'config.toml',
      'base_url = "https://top"\n[model_providers.one]\nbase_url = "https://one"\n [model_providers."two.x"]\nname = "2"\n  base_url=\'https://two\'\n[model_providers.three]\nname = "3"\n[other]\nbase_url = "https://other"\n',
    );
    expect(['one', 'two.x', 'three', 'four', 'on'].map((name) => configuredEndpoint(world.home, name))).toEqual([
      'https://one',
      'https://two',
      undefined,
      undefined,
      undefined,
    ]);
  });

  test.each([
    ['default', undefined],
    ['standard', undefined],
    ['auto', undefined],
    [undefined, undefined],
    ['fast', 'priority'],
    ['priority', 'priority'],
    ['flex', 'flex'],
  ])('the tier %j is %j', (name, tier) => {
    expect(tierOf(name)).toBe(tier);
  });
});

describe('the output of codex exec', () => {
  const done = (usage: object | undefined, more: object = {}): object => ({ type: 'turn.completed', usage, ...more });
  const read = async (content: string): Promise<{ records: Record<string, unknown>[]; skips: string[] }> => {
    const path = world.file('run.jsonl', content);
    utimesSync(path, Date.parse(WRITTEN) / 1000, Date.parse(WRITTEN) / 1000);
    const { skips } = await world.import(codexExec, { places: [path] });
    return {
      records: (await world.records()).sort((a, b) => a.input_tokens - b.input_tokens),
      skips: skips.map(({ reason, line, detail }) => `${reason} ${line} ${detail ?? '-'}`),
    };
  };

  test('sessions, models, times and counts that fall', async () => {
    const { records, skips } = await read(
      jsonLines(
        done(counts(10, 1, { cached_input_tokens: 4 })),
        { type: 'thread.started', thread_id: 't1' },
        { type: 'turn.started', model: 'gpt-5.5' },
        done(counts(20, 2), { timestamp: AT }),
        done(counts(20, 2)),
        done(counts(15, 3)),
        done(counts(40, 2)),
        done(undefined),
        done(counts(1.5, 2)),
        { type: 'thread.started' },
        done(counts(50, 1)),
      ) + '{"model"\n',
    );
    const id = (...parts: (string | number)[]): string => idOf('codex-exec', ...parts);
    expect(
      records.map(({ usage_id, session_id, model, timestamp, model_assumed, input_tokens, output_tokens }) => [
        usage_id,
        session_id,
        model,
        timestamp,
        model_assumed,
        input_tokens,
        output_tokens,
      ]),
    ).toEqual([
      [id('run', 1, 10, 4, 1, 0), 'run', 'gpt-5', WRITTEN, true, 10, 1],
      [id('t1', 3, 15, 0, 3, 0), 't1', 'gpt-5.5', WRITTEN, undefined, 15, 3],
      [id('t1', 1, 20, 0, 2, 0), 't1', 'gpt-5.5', AT, undefined, 20, 2],
      [id('t1', 4, 40, 0, 2, 0), 't1', 'gpt-5.5', WRITTEN, undefined, 40, 2],
      [id('run', 1, 50, 0, 1, 0), 'run', 'gpt-5', WRITTEN, true, 50, 1],
    ]);
    expect(records[0]).toMatchObject({ provider: 'openai', operation: 'agent', agent: 'codex', source: 'codex-exec' });
    expect(skips).toEqual(['invalid 9 a token count is not a whole number', 'not-json 12 -']);
  });

  test('goes on where an earlier import stopped', async () => {
    const lines = jsonLines(
      { type: 'thread.started', thread_id: 't1' },
      { type: 'x', model: 'gpt-5.5' },
      done(counts(20, 2)),
    );
    await read(lines);
    const { records } = await read(lines + jsonLines(done(counts(50, 3))));
    expect(records.map(({ input_tokens, model, session_id }) => [input_tokens, model, session_id])).toEqual([
      [20, 'gpt-5.5', 't1'],
      [30, 'gpt-5.5', 't1'],
    ]);
  });

  test('may have any of these names', () => {
    expect(
      ['a.jsonl', 'a.ndjson', 'a.JSON', 'a.log', 'a.txt', 'a.csv', 'a.logs'].map((name) => codexExec.matches(name)),
    ).toEqual([true, true, true, true, true, false, false]);
    expect(codexExec.locate({ platform: 'linux', env: {}, home: '/h' })).toEqual([]);
  });
});
