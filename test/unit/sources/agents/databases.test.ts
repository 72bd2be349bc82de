import { DatabaseSync } from 'node:sqlite';
import { utimesSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { copilotCli } from '../../../../src/sources/copilot-cli/index.ts';
import { crush } from '../../../../src/sources/crush/index.ts';
import { droid } from '../../../../src/sources/droid/index.ts';
import { goose } from '../../../../src/sources/goose/index.ts';
import { hermes } from '../../../../src/sources/hermes/index.ts';
import { kiloCli } from '../../../../src/sources/opencode/kilo.ts';
import { vibe } from '../../../../src/sources/vibe/index.ts';
import { zcode } from '../../../../src/sources/zcode/index.ts';
import { jsonLines, World } from '../world.ts';
import { database, imported, summaryOf } from './expected.ts';

/** Agents that keep a database, and those that keep sums of each session. */

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => {
  vi.unstubAllEnvs();
  return world.dispose();
});

const AT = '2026-11-20T10:00:00.000Z';
const MS = Date.parse(AT);

describe('Copilot CLI', () => {
  const EVENTS =
    'CREATE TABLE assistant_usage_events (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id, model, input_tokens, output_tokens, ' +
    'cache_read_tokens, cache_write_tokens, reasoning_tokens, created_at, total_nano_aiu, request_multiplier, initiator)';
  const SESSIONS = 'CREATE TABLE sessions (id, cwd, repository, branch, created_at)';
  const event = (session: string, more: object = {}): [string, Record<string, unknown>] => [
    'assistant_usage_events',
    {
      session_id: session,
      model: 'claude-opus-4.5',
      input_tokens: 100,
      output_tokens: 10,
      cache_read_tokens: 60,
      cache_write_tokens: 30,
      reasoning_tokens: 4,
      created_at: '2026-11-20 10:00:00',
      ...more,
    },
  ];
  const STORE = '.copilot/session-store.db';

  test('cached tokens are inside the input, reasoning inside the output; credits are what is charged', async () => {
    database(
      world,
      STORE,
      EVENTS,
      SESSIONS,
      ['sessions', { id: 's1', cwd: '/home/me/site', branch: 'main' }],
      event('s1', { total_nano_aiu: 2_500_000_000 }),
      event('s2', { total_nano_aiu: null }),
    );
    const records = await imported(world, copilotCli);
    expect(records.map(summaryOf)).toEqual([
      `${AT} anthropic claude-opus-4.5 100(60,30) 10(4) -/s2`,
      `${AT} anthropic claude-opus-4.5 100(60,30) 10(4) site/s1`,
    ]);
    expect(records.map(({ charge, cost_usd, cost_known }) => [charge, cost_usd, cost_known])).toEqual([
      [undefined, 0, false],
      ['credits', 0.025, true],
    ]);
    expect(records[1]).toMatchObject({
      ai_credits: 2.5,
      branch: 'main',
      billing_mode: 'estimated',
      agent: 'copilot-cli',
    });
  });

  test('a database of an older version, without the columns of credits and the cache', async () => {
    database(
      world,
      STORE,
      'CREATE TABLE assistant_usage_events (id INTEGER PRIMARY KEY, session_id, model, input_tokens, output_tokens, created_at)',
      [
        'assistant_usage_events',
        { session_id: 's1', model: 'gpt-5', input_tokens: 5, output_tokens: 1, created_at: MS },
      ],
    );
    expect((await imported(world, copilotCli)).map(summaryOf)).toEqual([`${AT} openai gpt-5 5(0,0) 1(0) -/s1`]);
  });

  test('a database of a version that is not known is named', async () => {
    database(world, STORE, 'CREATE TABLE usage_of_version_9 (id)');
    const report = await world.import(copilotCli);
    expect(report.skipped).toEqual({ 'unknown-format': 1 });
    expect(report.skips[0]).toMatchObject({ detail: 'no table assistant_usage_events' });
    // Each import says so: an import of an unchanged database must not look as if there were no usage.
    expect((await world.import(copilotCli)).skipped).toEqual({ 'unknown-format': 1 });
  });

  test('rows that begin again after a reset are other calls', async () => {
    const file = database(world, STORE, EVENTS, event('s1'));
    await imported(world, copilotCli);
    const db = new DatabaseSync(file);
    db.exec('DELETE FROM assistant_usage_events; DELETE FROM sqlite_sequence');
    db.exec(
      "INSERT INTO assistant_usage_events (session_id, model, input_tokens, output_tokens, created_at) VALUES ('s9', 'gpt-5', 1, 1, '2026-11-21T10:00:00Z')",
    );
    db.close();
    expect((await imported(world, copilotCli)).map(({ session_id }) => session_id)).toEqual(['s1', 's9']);
  });

  test.each(['.copilot/otel/a.jsonl', 'chosen/a.jsonl'])(
    'a session in the telemetry, %s, counts once',
    async (file) => {
      database(world, STORE, EVENTS, event('s1'), event('s2'));
      const span = {
        type: 'span',
        name: 'chat gpt-5',
        traceId: 't',
        spanId: 'a',
        endTime: AT,
        attributes: {
          'gen_ai.operation.name': 'chat',
          'gen_ai.request.model': 'gpt-5',
          'gen_ai.conversation.id': 's1',
          'gen_ai.usage.input_tokens': 7,
          'gen_ai.usage.output_tokens': 2,
        },
      };
      const env = { COPILOT_OTEL_FILE_EXPORTER_PATH: world.file(file, jsonLines(span)) };
      vi.stubEnv('COPILOT_OTEL_FILE_EXPORTER_PATH', env.COPILOT_OTEL_FILE_EXPORTER_PATH);
      expect((await imported(world, copilotCli, env)).map(summaryOf)).toEqual([
        `${AT} anthropic claude-opus-4.5 100(60,30) 10(4) -/s2`,
        `${AT} openai gpt-5 7(0,0) 2(0) -/s1`,
      ]);
    },
  );

  test('what its program has only written into the log beside the database is read', async () => {
    const file = database(world, STORE, 'PRAGMA journal_mode = WAL', EVENTS, event('s1'));
    const writer = new DatabaseSync(file);
    try {
      expect(await world.import(copilotCli)).toMatchObject({ added: 1 });
      writer.exec(
        "INSERT INTO assistant_usage_events (session_id, model, input_tokens, output_tokens, created_at) VALUES ('s2', 'gpt-5', 1, 1, '2026-11-21T10:00:00Z')",
      );
      expect(await world.import(copilotCli)).toMatchObject({ added: 1 });
      expect(await world.import(copilotCli)).toMatchObject({ added: 0, unchanged: 1 });
    } finally {
      writer.close();
    }
  });

  test('a database that stays locked is named, and read once it is free', async () => {
    const file = database(world, STORE, EVENTS, event('s1'));
    const writer = new DatabaseSync(file);
    writer.exec('BEGIN EXCLUSIVE');
    const locked = await world.import(copilotCli);
    expect(locked).toMatchObject({ added: 0, skipped: { unreadable: 1 }, skips: [{ detail: 'database is locked' }] });
    writer.exec('ROLLBACK');
    writer.close();
    expect(await world.import(copilotCli)).toMatchObject({ added: 1, skipped: {} });
  });
});

describe('sums of a session', () => {
  const SESSION_DB =
    'CREATE TABLE sessions (id TEXT, model_config_json TEXT, provider_name TEXT, created_at, updated_at, working_dir TEXT, ' +
    'total_tokens, input_tokens, output_tokens, accumulated_total_tokens, accumulated_input_tokens, accumulated_output_tokens)';
  const goosePath = '.local/share/goose/sessions/sessions.db';

  test('Goose: the accumulated counts, the rest of the total is reasoning, and a session that grows is one record', async () => {
    const file = database(world, goosePath, SESSION_DB, [
      'sessions',
      {
        id: 's1',
        model_config_json: '{"model_name":"gpt-5"}',
        provider_name: 'openai',
        created_at: '2026-11-20 10:00:00',
        working_dir: '/home/me/site',
        total_tokens: 5,
        input_tokens: 4,
        output_tokens: 1,
        accumulated_total_tokens: 120,
        accumulated_input_tokens: 100,
        accumulated_output_tokens: 15,
      },
    ]);
    const [first] = await imported(world, goose);
    expect(summaryOf(first!)).toBe(`${AT} openai gpt-5 100(0,0) 20(5) site/s1`);
    expect(first).toMatchObject({ whole_session: true });
    const db = new DatabaseSync(file);
    db.exec('UPDATE sessions SET accumulated_total_tokens = 240, accumulated_input_tokens = 220');
    db.close();
    expect((await imported(world, goose)).map(summaryOf)).toEqual([`${AT} openai gpt-5 220(0,0) 20(5) site/s1`]);
    // A session whose counts were reset keeps what it had.
    const again = new DatabaseSync(file);
    again.exec(
      'UPDATE sessions SET accumulated_total_tokens = 2, accumulated_input_tokens = 1, accumulated_output_tokens = 1',
    );
    again.close();
    expect((await imported(world, goose)).map(summaryOf)).toEqual([`${AT} openai gpt-5 220(0,0) 20(5) site/s1`]);
  });

  test('Hermes: cache and reasoning beside, profiles, the cost that was billed', async () => {
    const table =
      'CREATE TABLE sessions (id, model, billing_provider, started_at, message_count, input_tokens, output_tokens, cache_read_tokens, ' +
      'cache_write_tokens, reasoning_tokens, estimated_cost_usd, actual_cost_usd)';
    const row = {
      model: 'claude-opus-4-5',
      billing_provider: 'openrouter',
      input_tokens: 10,
      output_tokens: 3,
      cache_read_tokens: 100,
      cache_write_tokens: 5,
      reasoning_tokens: 2,
      estimated_cost_usd: 0.5,
    };
    database(world, '.hermes/state.db', table, ['sessions', { ...row, id: 's1', started_at: MS / 1000 }]);
    database(world, '.hermes/profiles/work/state.db', table, [
      'sessions',
      { ...row, id: 's2', started_at: MS, actual_cost_usd: 0.25 },
    ]);
    const records = await imported(world, hermes);
    expect(records.map(summaryOf)).toEqual([
      `${AT} openrouter claude-opus-4-5 115(100,5) 5(2) -/s1`,
      `${AT} openrouter claude-opus-4-5 115(100,5) 5(2) -/s2`,
    ]);
    expect(records.map(({ cost_usd }) => cost_usd)).toEqual([0.5, 0.25]);
  });

  test("Crush: projects by their list, seconds, parents contain their children, the tool's own cost", async () => {
    world.file(
      '.local/share/crush/projects.json',
      JSON.stringify({ projects: [{ path: `${world.home}/site`, data_dir: '.crush' }, { path: 'relative' }] }),
    );
    database(
      world,
      'site/.crush/crush.db',
      'CREATE TABLE sessions (id, parent_session_id, prompt_tokens, completion_tokens, cost, created_at, updated_at)',
      'CREATE TABLE messages (session_id, model, provider)',
      ['sessions', { id: 's1', prompt_tokens: 100, completion_tokens: 10, cost: 0.5, created_at: MS / 1000 }],
      [
        'sessions',
        {
          id: 's2',
          parent_session_id: 's1',
          prompt_tokens: 50,
          completion_tokens: 5,
          cost: 0.2,
          created_at: MS / 1000,
        },
      ],
      ['messages', { session_id: 's1', model: 'claude-opus-4-5', provider: 'anthropic' }],
      ['messages', { session_id: 's1', model: 'claude-opus-4-5', provider: 'anthropic' }],
      ['messages', { session_id: 's1', model: 'gpt-5', provider: 'openai' }],
    );
    const records = await imported(world, crush);
    expect(records.map(summaryOf)).toEqual([`${AT} anthropic claude-opus-4-5 100(0,0) 10(0) site/s1`]);
    expect(records[0]).toMatchObject({ cost_usd: 0.5, price_source: 'crush-log: its own figure' });
  });

  test('Droid: thinking beside the output, names of models as people write them, the model in the log beside', async () => {
    const counts = {
      inputTokens: 10,
      outputTokens: 3,
      cacheCreationTokens: 5,
      cacheReadTokens: 100,
      thinkingTokens: 2,
    };
    world.file(
      '.factory/sessions/-home-me/s1.settings.json',
      JSON.stringify({
        tokenUsage: counts,
        model: 'custom:Claude Opus 4.5 [Anthropic]',
        providerLock: 'anthropic',
        providerLockTimestamp: AT,
      }),
    );
    const other = world.file(
      '.factory/sessions/-home-me/s2.settings.json',
      JSON.stringify({ tokenUsage: { ...counts, totalTokens: 130 } }),
    );
    utimesSync(other, MS / 1000, MS / 1000);
    world.file(
      '.factory/sessions/-home-me/s2.jsonl',
      jsonLines({ type: 'session_start', cwd: '/home/me/site' }, { text: 'Model: GPT-5 Codex\nmore' }),
    );
    expect((await imported(world, droid)).map(summaryOf)).toEqual([
      `${AT} anthropic claude-opus-4-5 115(100,5) 5(2) -/s1`,
      `${AT} openai gpt-5-codex 115(100,5) 15(2) site/s2`,
    ]);
  });

  test('Mistral Vibe: the sums of a session and of its agents', async () => {
    const meta = (id: string, tokens: number): string =>
      JSON.stringify({
        session_id: id,
        start_time: AT,
        environment: { working_directory: '/home/me/site' },
        config: { active_model: 'devstral-2' },
        stats: { session_prompt_tokens: tokens, session_completion_tokens: 3, session_cost: 0.1 },
      });
    world.file('.vibe/logs/session/a/meta.json', meta('s1', 100));
    world.file('.vibe/logs/session/a/agents/b/meta.json', meta('s2', 50));
    const records = await imported(world, vibe);
    expect(records.map(summaryOf)).toEqual([
      `${AT} mistral devstral-2 100(0,0) 3(0) site/s1`,
      `${AT} mistral devstral-2 50(0,0) 3(0) site/s2`,
    ]);
    expect(records.map(({ operation }) => operation)).toEqual(['agent', 'subagent']);
  });
});

test('Z Code: one row a call, cached tokens inside the input', async () => {
  database(
    world,
    '.zcode/cli/db/db.sqlite',
    'CREATE TABLE session (id, directory)',
    'CREATE TABLE model_usage (id, session_id, model_id, input_tokens, output_tokens, reasoning_tokens, cache_creation_input_tokens, cache_read_input_tokens, started_at, completed_at)',
    ['session', { id: 's1', directory: '/home/me/site' }],
    [
      'model_usage',
      {
        id: 7,
        session_id: 's1',
        model_id: 'glm-5.3',
        input_tokens: 100,
        output_tokens: 10,
        reasoning_tokens: 4,
        cache_read_input_tokens: 60,
        started_at: MS - 5,
        completed_at: MS,
      },
    ],
  );
  expect((await imported(world, zcode)).map(summaryOf)).toEqual([`${AT} zai glm-5.3 100(60,0) 10(4) site/s1`]);
});

test("Kilo CLI: OpenCode's tables under its own name", async () => {
  const data = {
    role: 'assistant',
    modelID: 'claude-opus-4-5',
    providerID: 'anthropic',
    time: { created: MS },
    tokens: { input: 10, output: 3, reasoning: 0, cache: { read: 100, write: 5 } },
  };
  database(world, '.local/share/kilo/kilo-beta.db', 'CREATE TABLE message (id, session_id, data)', [
    'message',
    { id: 'm1', session_id: 's1', data: JSON.stringify(data) },
  ]);
  const records = await imported(world, kiloCli);
  expect(records.map(summaryOf)).toEqual([`${AT} anthropic claude-opus-4-5 115(100,5) 3(0) -/s1`]);
  expect(records[0]).toMatchObject({ source: 'kilo-cli-log', agent: 'kilo-cli' });
});
