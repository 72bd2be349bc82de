import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadPricer, type Pricer } from '../../../../src/pricing/price.ts';
import { crush } from '../../../../src/sources/crush/index.ts';
import { droid } from '../../../../src/sources/droid/index.ts';
import { goose } from '../../../../src/sources/goose/index.ts';
import { hermes } from '../../../../src/sources/hermes/index.ts';
import { vibe } from '../../../../src/sources/vibe/index.ts';
import { zcode } from '../../../../src/sources/zcode/index.ts';
import { zed } from '../../../../src/sources/zed/index.ts';
import { jsonLines, World } from '../world.ts';
import { database, idOf, told, WRITTEN } from './expected.ts';

/** Sums of sessions, and rows of databases, that lack something: what counts, and what is named instead. */

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const AT = '2026-11-20T10:00:00.000Z';
const MS = Date.parse(AT);

describe('Droid', () => {
  const folder = '.factory/sessions/-srv-site';
  const log = (...lines: object[]): string => jsonLines(...lines);

  test('models and times by what is there', async () => {
    const counts = { inputTokens: 10, outputTokens: 2 };
    const settings = (more: object): string => JSON.stringify({ tokenUsage: counts, ...more });
    const { records, summaries, skips } = await told(world, droid, {
      [`${folder}/a.settings.json`]: settings({ model: 'GPT-5  Codex Max - [High]' }),
      [`${folder}/b.settings.json`]: settings({ model: 'local', providerLock: 'ollama' }),
      [`${folder}/b.jsonl`]: log({ cwd: '/srv/site' }, { text: 'Model: not this' }),
      [`${folder}/c.settings.json`]: settings({ tokenUsage: {} }),
      [`${folder}/d.settings.json`]: settings({ tokenUsage: [] }),
      [`${folder}/e.settings.json`]: '{"model":"gpt-5"}',
      [`${folder}/f.settings.json`]: '7',
      [`${folder}/g.settings.json`]: settings({ tokenUsage: { ...counts, totalTokens: 5 } }),
      // A log of one line that is not yet complete names no folder.
      [`${folder}/g.jsonl`]: '{"cwd":"/srv/other","text":"Model: glm-5"}',
    });
    expect(summaries).toEqual([
      `${WRITTEN} ollama local 10(0,0) 2(0) site/b`,
      `${WRITTEN} openai gpt-5-codex-max 10(0,0) 2(0) -/a`,
      `${WRITTEN} zai glm-5 10(0,0) 2(0) -/g`,
    ]);
    expect(
      records.map(({ usage_id, charge, operation, whole_session }) => [usage_id, charge, operation, whole_session]),
    ).toEqual([
      [idOf('droid-log', 'b'), 'free', 'agent', true],
      [idOf('droid-log', 'a'), undefined, 'agent', true],
      [idOf('droid-log', 'g'), undefined, 'agent', true],
    ]);
    expect(skips).toEqual(['not-a-usage - tokenUsage is not an object', 'unknown-format - not an object']);
  });

  test('a session without a model', async () => {
    const { summaries } = await told(world, droid, {
      [`${folder}/a.settings.json`]: JSON.stringify({ tokenUsage: { totalTokens: 9 }, providerLockTimestamp: AT }),
    });
    expect(summaries).toEqual([`${AT} unknown unknown 0(0,0) 9(0) -/a`]);
  });
});

describe('Goose', () => {
  const path = '.local/share/goose/sessions/sessions.db';

  test('columns of older versions, and rows without a time, counts or a model', async () => {
    database(
      world,
      path,
      'CREATE TABLE sessions (id, created_at, model_config_json, provider_name, total_tokens, input_tokens, output_tokens, accumulated_input_tokens)',
      [
        'sessions',
        {
          id: 1,
          created_at: MS,
          model_config_json: '{"model_name":"mine"}',
          provider_name: 'ollama',
          input_tokens: 4,
          output_tokens: 1,
        },
      ],
      [
        'sessions',
        {
          id: 'b',
          created_at: AT,
          model_config_json: '{',
          total_tokens: 7,
          input_tokens: 4,
          accumulated_input_tokens: 40,
        },
      ],
      ['sessions', { id: 'c', created_at: 'soon', input_tokens: 4 }],
      ['sessions', { id: 'd', created_at: AT }],
      ['sessions', { id: 'e', created_at: AT, total_tokens: 6, input_tokens: 1, output_tokens: 2 }],
    );
    const { records, summaries, skips } = await told(world, goose, {});
    expect(summaries).toEqual([
      `${AT} ollama mine 4(0,0) 1(0) -/1`,
      `${AT} unknown unknown 1(0,0) 5(3) -/e`,
      `${AT} unknown unknown 40(0,0) 0(0) -/b`,
    ]);
    expect(records.map(({ usage_id, charge }) => [usage_id, charge])).toEqual([
      [idOf('goose-log', '1'), 'free'],
      [idOf('goose-log', 'e'), undefined],
      [idOf('goose-log', 'b'), undefined],
    ]);
    expect(skips).toEqual(['no-time - c']);
  });

  test.each([
    ['CREATE TABLE other (id)', 'unknown-format - no table sessions'],
    ['CREATE TABLE sessions (id)', 'unknown-format - no column sessions.created_at'],
    ['CREATE TABLE sessions (name)', 'unknown-format - no column sessions.id, created_at'],
  ])('another version of it: %s', async (table, skip) => {
    database(world, path, table);
    expect((await told(world, goose, {})).skips).toEqual([skip]);
  });
});

test('Hermes: costs, and rows without counts or a time', async () => {
  const row = { model: 'gpt-5', started_at: MS, input_tokens: 10, output_tokens: 3, billing_provider: 'openai' };
  database(
    world,
    '.hermes/state.db',
    'CREATE TABLE sessions (id, model, started_at, input_tokens, output_tokens, billing_provider, estimated_cost_usd, actual_cost_usd)',
    ['sessions', { ...row, id: 1, estimated_cost_usd: 0.5, actual_cost_usd: 0 }],
    ['sessions', { ...row, id: 2, estimated_cost_usd: 0, actual_cost_usd: null }],
    ['sessions', { ...row, id: 3, estimated_cost_usd: 0.5, actual_cost_usd: 0.25 }],
    ['sessions', { ...row, id: 4, model: '', billing_provider: 'lmstudio' }],
    ['sessions', { ...row, id: 'five', started_at: null }],
    ['sessions', { ...row, id: 6, input_tokens: 0, output_tokens: 0, actual_cost_usd: 1 }],
  );
  const { records, summaries, skips } = await told(world, hermes, {});
  expect(summaries).toEqual([
    `${AT} lmstudio unknown 10(0,0) 3(0) -/4`,
    `${AT} openai gpt-5 10(0,0) 3(0) -/1`,
    `${AT} openai gpt-5 10(0,0) 3(0) -/2`,
    `${AT} openai gpt-5 10(0,0) 3(0) -/3`,
  ]);
  expect(records.map(({ usage_id, cost_usd, cost_known, charge }) => [usage_id, cost_usd, cost_known, charge])).toEqual(
    [
      [idOf('hermes-log', '4'), 0, false, 'free'],
      [idOf('hermes-log', '1'), 0.5, true, undefined],
      [idOf('hermes-log', '2'), 0, false, undefined],
      [idOf('hermes-log', '3'), 0.25, true, undefined],
    ],
  );
  expect(skips).toEqual(['no-time - five']);
});

describe('which cost of a session counts', () => {
  const pricer = async (): Promise<Pricer> => loadPricer();

  test('Hermes: its bill counts before a list price, its own estimate after it', async () => {
    database(
      world,
      '.hermes/state.db',
      'CREATE TABLE sessions (id, model, started_at, input_tokens, output_tokens, estimated_cost_usd, actual_cost_usd)',
      [
        'sessions',
        { id: 1, model: 'gpt-5', started_at: MS, input_tokens: 1e6, output_tokens: 1e6, estimated_cost_usd: 0.5 },
      ],
      ['sessions', { id: 2, model: 'gpt-5', started_at: MS, input_tokens: 1, output_tokens: 1, actual_cost_usd: 0.25 }],
    );
    await world.import(hermes, { pricer });
    const costs = (await world.records()).map(({ session_id, cost_usd, price_source }) => [
      session_id,
      cost_usd,
      price_source === 'hermes-log: its own figure',
    ]);
    // A million tokens of gpt-5: $1.25 in, $10 out.
    expect(costs.sort((a, b) => String(a[0]).localeCompare(String(b[0])))).toEqual([
      ['1', 11.25, false],
      ['2', 0.25, true],
    ]);
  });

  test('Crush: its own cost counts before a list price', async () => {
    world.file('.local/share/crush/projects.json', JSON.stringify([{ path: `${world.home}/site` }]));
    database(
      world,
      'site/.crush/crush.db',
      'CREATE TABLE sessions (id, prompt_tokens, completion_tokens, created_at, cost)',
      ['sessions', { id: 's1', prompt_tokens: 5, completion_tokens: 1, created_at: MS, cost: 0.125 }],
    );
    await world.import(crush, { pricer });
    expect(await world.records()).toMatchObject([{ cost_usd: 0.125, price_source: 'crush-log: its own figure' }]);
  });
});

describe('Crush', () => {
  const list = '.local/share/crush/projects.json';

  test('data folders of projects, sessions without counts, a time or a model', async () => {
    world.file(
      list,
      JSON.stringify([
        { path: '/nowhere', data_dir: `${world.home}/data` },
        { path: `${world.home}/two`, data_dir: 'state' },
        { path: `${world.home}/three`, data_dir: '~/home-data' },
        { path: 'relative' },
        {},
      ]),
    );
    const table = 'CREATE TABLE sessions (id, parent_session_id, prompt_tokens, completion_tokens, created_at, cost)';
    database(
      world,
      'data/crush.db',
      table,
      'CREATE TABLE messages (session_id, model)',
      ['messages', { session_id: 'a', model: 'gpt-5' }],
      ['messages', { session_id: 'a', model: '' }],
      ['messages', { session_id: 'a', model: '' }],
      ['messages', { session_id: 'a', model: null }],
      ['sessions', { id: 'a', prompt_tokens: 10, completion_tokens: 2, created_at: AT }],
      ['sessions', { id: 'b', prompt_tokens: 0, completion_tokens: 0, created_at: AT, cost: 0.5 }],
      ['sessions', { id: 'c', prompt_tokens: 0, completion_tokens: 0, created_at: AT, cost: 0 }],
      ['sessions', { id: 'd', prompt_tokens: 1, completion_tokens: 0, created_at: null }],
      ['sessions', { id: 'e', parent_session_id: 'a', prompt_tokens: 1, completion_tokens: 0, created_at: AT }],
    );
    database(world, 'two/state/crush.db', 'CREATE TABLE sessions (id, prompt_tokens, completion_tokens, created_at)', [
      'sessions',
      { id: 'f', prompt_tokens: 3, completion_tokens: 0, created_at: MS / 1000 },
    ]);
    database(world, 'home-data/crush.db', 'CREATE TABLE sessions (id)');
    const { records, summaries, skips } = await told(world, crush, {});
    expect(summaries).toEqual([
      `${AT} openai gpt-5 10(0,0) 2(0) crush.db/a`,
      `${AT} unknown unknown 0(0,0) 0(0) crush.db/b`,
      `${AT} unknown unknown 3(0,0) 0(0) crush.db/f`,
    ]);
    expect(records.map(({ usage_id, cost_usd }) => [usage_id, cost_usd])).toEqual([
      [idOf('crush-log', 'a'), 0],
      [idOf('crush-log', 'b'), 0.5],
      [idOf('crush-log', 'f'), 0],
    ]);
    expect(skips).toEqual([
      'no-time - d',
      'unknown-format - no column sessions.prompt_tokens, completion_tokens, created_at',
    ]);
  });

  test('lists of projects that name none', async () => {
    const read = async (content: string): Promise<string[]> => (await told(world, crush, { [list]: content })).skips;
    expect(await read('[]')).toEqual([]);
    expect(await read('{"projects":[{"path":"relative"},{"data_dir":"x"},7]}')).toEqual([
      'invalid 1 a project without a path',
      'invalid 2 a project without a path',
      'invalid 3 a project without a path',
    ]);
    expect(await read('{"other":[]}')).toEqual(['unknown-format - no list of projects']);
    expect(await read('{')).toEqual(['not-json - -']);
  });
});

test('Zed: threads as text, without counts, time or model, and damaged ones', async () => {
  const usage = { request_token_usage: { m1: { input_tokens: 10, output_tokens: 1 } } };
  const row = (id: unknown, data: unknown, more: object = {}): [string, Record<string, unknown>] => [
    'threads',
    { id, updated_at: AT, data, data_type: 'json', ...more },
  ];
  database(
    world,
    '.local/share/zed/threads/threads.db',
    'CREATE TABLE threads (id, updated_at, data_type, data)',
    row(1, JSON.stringify({ ...usage, model: { provider: 'ollama', model: 'qwen3:8b' } })),
    row('b', Buffer.from(JSON.stringify(usage))),
    row('c', 7),
    row('d', '[]'),
    row('e', JSON.stringify(usage), { updated_at: 'soon' }),
    row('f', JSON.stringify({ request_token_usage: { m1: 3, m2: null }, cumulative_token_usage: { input_tokens: 2 } })),
    row(
      'g',
      JSON.stringify({
        cumulative_token_usage: { output_tokens: 5, cache_creation_input_tokens: 4 },
        request_token_usage: { m1: { output_tokens: 2, cache_creation_input_tokens: 1 } },
      }),
    ),
  );
  const { records, summaries, skips } = await told(world, zed, {});
  expect(summaries).toEqual([
    `${AT} ollama qwen3:8b 10(0,0) 1(0) -/1`,
    `${AT} unknown unknown 1(0,1) 2(0) -/g`,
    `${AT} unknown unknown 10(0,0) 1(0) -/b`,
    `${AT} unknown unknown 2(0,0) 0(0) -/f`,
    `${AT} unknown unknown 3(0,3) 3(0) -/g`,
  ]);
  expect(records.map(({ usage_id, charge }) => [usage_id, charge])).toEqual([
    [idOf('zed-log', '1', 'm1'), 'free'],
    [idOf('zed-log', 'g', 'm1'), undefined],
    [idOf('zed-log', 'b', 'm1'), undefined],
    [idOf('zed-log', 'f', 'rest'), undefined],
    [idOf('zed-log', 'g', 'rest'), undefined],
  ]);
  expect(skips).toEqual(['not-json - c', 'not-json - d', 'no-time - e', 'not-a-usage - m1 is not an object']);
});

test('Mistral Vibe: sessions by their folder, models and times by what is there', async () => {
  const stats = { session_prompt_tokens: 10, session_completion_tokens: 3 };
  const { records, summaries, skips } = await told(world, vibe, {
    '.vibe/logs/session/a/meta.json': JSON.stringify({
      stats: { ...stats, model: 'gpt-5', session_cost: 0 },
      id: 'named',
      git_branch: 'main',
    }),
    '.vibe/logs/session/b/meta.json': JSON.stringify({ stats, created_at: AT, agent_config: { model: 'devstral-3' } }),
    '.vibe/logs/session/c/meta.json': JSON.stringify({
      stats: { ...stats, session_cost: 0.25 },
      model: 'm1',
      config: { active_model: 'm2' },
      start_time: '2026-11-20T10:00:00+01:00',
    }),
    '.vibe/logs/session/d/meta.json': JSON.stringify({ stats: {} }),
    '.vibe/logs/session/e/meta.json': JSON.stringify({ stats: 'none' }),
    '.vibe/logs/session/f/meta.json': JSON.stringify({ stats, config: { model: 'm5' } }),
    '.vibe/logs/session/agents/meta.json': JSON.stringify({ stats }),
  });
  expect(summaries).toEqual([
    `${WRITTEN} mistral m5 10(0,0) 3(0) -/f`,
    `${WRITTEN} mistral unknown 10(0,0) 3(0) -/agents`,
    `${WRITTEN} openai gpt-5 10(0,0) 3(0) -/named`,
    `2026-11-20T10:00:00+01:00 mistral m1 10(0,0) 3(0) -/c`,
    `${AT} mistral devstral-3 10(0,0) 3(0) -/b`,
  ]);
  expect(records.map(({ usage_id, operation, cost_usd, branch }) => [usage_id, operation, cost_usd, branch])).toEqual([
    [idOf('mistral-vibe-log', 'f'), 'agent', 0, undefined],
    [idOf('mistral-vibe-log', 'agents'), 'subagent', 0, undefined],
    [idOf('mistral-vibe-log', 'named'), 'agent', 0, 'main'],
    [idOf('mistral-vibe-log', 'c'), 'agent', 0.25, undefined],
    [idOf('mistral-vibe-log', 'b'), 'agent', 0, undefined],
  ]);
  expect(skips).toEqual(['not-a-usage - stats is not an object']);
});

test('Mistral Vibe: a time without an offset is that of this machine', async () => {
  const local = new Date(2026, 10, 20, 10, 0, 0, 5);
  const { records } = await told(world, vibe, {
    '.vibe/logs/session/a/meta.json': JSON.stringify({
      stats: { session_prompt_tokens: 1 },
      start_time: '2026-11-20T10:00:00.005',
    }),
  });
  expect(records).toMatchObject([{ timestamp: local.toISOString() }]);
});

test('Mistral Vibe: a time that is none is not that of this machine', async () => {
  const { records } = await told(world, vibe, {
    '.vibe/logs/session/a/meta.json': JSON.stringify({
      stats: { session_prompt_tokens: 1 },
      start_time: 'about 2026-11-20T10:00:00',
      created_at: AT,
    }),
  });
  expect(records).toMatchObject([{ timestamp: AT }]);
});

test('Z Code: rows without a folder, provider, time or counts', async () => {
  database(
    world,
    '.zcode/cli/db/db.sqlite',
    'CREATE TABLE model_usage (id, session_id, model_id, input_tokens, output_tokens, provider_id, cache_creation_input_tokens, started_at)',
    [
      'model_usage',
      {
        id: 1,
        session_id: 's1',
        model_id: null,
        input_tokens: 10,
        output_tokens: 2,
        started_at: MS,
        cache_creation_input_tokens: 4,
      },
    ],
    [
      'model_usage',
      {
        id: 2,
        session_id: 's1',
        model_id: 'x',
        input_tokens: 10,
        output_tokens: 2,
        started_at: MS,
        provider_id: 'ollama',
      },
    ],
    ['model_usage', { id: 3, session_id: 's1', model_id: 'x', input_tokens: 10, output_tokens: 2 }],
    ['model_usage', { id: 4, session_id: 's1', model_id: 'x', input_tokens: 0, output_tokens: 0, started_at: MS }],
  );
  const { records, summaries, skips } = await told(world, zcode, {});
  expect(summaries).toEqual([`${AT} ollama x 10(0,0) 2(0) -/s1`, `${AT} zai unknown 10(0,4) 2(0) -/s1`]);
  expect(records.map(({ usage_id, charge }) => [usage_id, charge])).toEqual([
    [idOf('zcode-log', 's1', '2'), 'free'],
    [idOf('zcode-log', 's1', '1'), undefined],
  ]);
  expect(skips).toEqual(['no-time - 3']);
});
