import { mkdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { dirname, join } from 'node:path';
import { claudeCode } from '../../../../src/sources/claude-code/index.ts';
import { codex } from '../../../../src/sources/codex/index.ts';
import { copilotChat } from '../../../../src/sources/copilot-chat/index.ts';
import { copilotCli } from '../../../../src/sources/copilot-cli/index.ts';
import { geminiCli } from '../../../../src/sources/gemini-cli/index.ts';
import { genericSource } from '../../../../src/sources/generic/index.ts';
import { ledgerFile } from '../../../../src/sources/ledger-file/index.ts';
import { liteLlm } from '../../../../src/sources/litellm/index.ts';
import { openCode } from '../../../../src/sources/opencode/index.ts';
import { otel } from '../../../../src/sources/otel/index.ts';
import type { Source } from '../../../../src/sources/source.ts';
import type { World } from '../world.ts';

export const AT = '2026-11-20T10:00:00.000Z';

/** An entry of a source in which a test may damage any field. */
export type Entry = Record<string, unknown>;

/** Valid entries of a source, and how to write them to disk. */
export interface Shape {
  source: Source;
  /** The nth valid entry, of a model that no price table has. */
  entry: (n: number) => Entry;
  /** Writes the entries, given as JSON texts. @returns the place to import. */
  write: (world: World, entries: readonly string[]) => string;
}

const lines =
  (path: string) =>
  (world: World, entries: readonly string[]): string =>
    world.file(path, entries.map((entry) => `${entry}\n`).join(''));

function rows(
  path: string,
  table: string,
  insert: string,
  values: (entry: string) => (string | number | bigint | null)[],
) {
  return (world: World, entries: readonly string[]): string => {
    const file = join(world.home, path);
    mkdirSync(dirname(file), { recursive: true });
    const db = new DatabaseSync(file);
    db.exec(table);
    for (const entry of entries) db.prepare(insert).run(...values(entry));
    db.close();
    return file;
  };
}

const span = (n: number): Entry => ({
  type: 'span',
  name: 'chat x',
  traceId: `t${n}`,
  spanId: `s${n}`,
  endTime: [Date.parse(AT) / 1000, 0],
  attributes: {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'x',
    'gen_ai.usage.input_tokens': 10 + n,
    'gen_ai.usage.output_tokens': 5,
    'gen_ai.usage.cache_read.input_tokens': 1,
    'gen_ai.usage.cache_creation.input_tokens': 1,
  },
});

export const SHAPES: readonly Shape[] = [
  {
    source: claudeCode,
    entry: (n) => ({
      timestamp: AT,
      requestId: `r${n}`,
      version: '2.1.0',
      costUSD: 0.5,
      cwd: '/a',
      message: {
        id: `m${n}`,
        model: 'x',
        usage: {
          input_tokens: 10 + n,
          output_tokens: 5,
          cache_read_input_tokens: 3,
          cache_creation: { ephemeral_5m_input_tokens: 1, ephemeral_1h_input_tokens: 2 },
        },
      },
    }),
    write: lines('.claude/projects/-a/s.jsonl'),
  },
  {
    source: codex,
    entry: (n) => ({
      timestamp: AT,
      type: 'event_msg',
      payload: {
        type: 'token_count',
        info: {
          last_token_usage: {
            input_tokens: 10 + n,
            cached_input_tokens: 2,
            output_tokens: 5,
            reasoning_output_tokens: 1,
            total_tokens: 15 + n,
          },
        },
      },
    }),
    write: lines('.codex/sessions/2026/rollout.jsonl'),
  },
  {
    source: geminiCli,
    entry: (n) => ({
      id: `m${n}`,
      type: 'gemini',
      timestamp: AT,
      model: 'x',
      tokens: { input: 10 + n, output: 5, cached: 1, thoughts: 1, tool: 1, total: 17 + n },
    }),
    write: lines('.gemini/tmp/site/chats/session.jsonl'),
  },
  {
    source: geminiCli,
    entry: (n) => ({ id: `m${n}`, type: 'gemini', timestamp: AT, model: 'x', tokens: { input: 10 + n, output: 5 } }),
    write: (world, entries) =>
      world.file('.gemini/tmp/site/chats/session.json', `{"sessionId":"s","messages":[${entries.join(',')}]}`),
  },
  {
    source: openCode,
    entry: (n) => ({
      modelID: 'x',
      providerID: 'y',
      time: { created: Date.parse(AT) },
      tokens: { input: 10 + n, output: 5, reasoning: 2, cache: { read: 1, write: 1 } },
      cost: 0.5,
    }),
    write: (world, entries) => {
      let count = 0;
      return rows(
        '.local/share/opencode/opencode.db',
        'CREATE TABLE message (id TEXT, session_id TEXT, data TEXT)',
        'INSERT INTO message VALUES (?, ?, ?)',
        (entry) => [`m${count++}`, 's', entry],
      )(world, entries);
    },
  },
  { source: copilotCli, entry: span, write: lines('.copilot/otel/one.jsonl') },
  { source: otel, entry: span, write: lines('spans.jsonl') },
  {
    source: copilotChat,
    entry: (n) => ({ id: `s${n}`, model: 'x', input: 10 + n, output: 5, cached: 1, at: Date.parse(AT) }),
    write: rows(
      'agent-traces.db',
      `CREATE TABLE spans (span_id ANY, trace_id ANY, operation_name TEXT, chat_session_id ANY, request_model ANY,
        input_tokens ANY, output_tokens ANY, cached_tokens ANY, end_time_ms ANY);
       CREATE TABLE span_attributes (span_id TEXT, key TEXT, value TEXT)`,
      "INSERT INTO spans VALUES (?, 't', 'chat', 'c', ?, ?, ?, ?, ?)",
      (entry) => {
        const row = JSON.parse(entry) as Entry;
        return ['id', 'model', 'input', 'output', 'cached', 'at'].map((name) => {
          const value = row[name];
          if (typeof value === 'number') return Number.isInteger(value) && value < 2 ** 63 ? BigInt(value) : value;
          return typeof value === 'string' ? value : null;
        });
      },
    ),
  },
  {
    source: genericSource(),
    entry: (n) => ({
      id: `u${n}`,
      model: 'x',
      timestamp: AT,
      input_tokens: 10 + n,
      output_tokens: 5,
      cost: 0.5,
      project: 'p',
    }),
    write: lines('usage.ndjson'),
  },
  {
    source: genericSource(),
    entry: (n) => ({ model: 'x', timestamp: AT, input_tokens: 10 + n, output_tokens: 5, cache_read_tokens: 1 }),
    write: (world, entries) => world.file('usage.json', `[${entries.join(',\n')}]`),
  },
  {
    source: liteLlm,
    entry: (n) => ({
      request_id: `r${n}`,
      model: 'x',
      startTime: AT,
      prompt_tokens: 10 + n,
      completion_tokens: 5,
      spend: 0.5,
      metadata: { usage_object: { cache_read_input_tokens: 1, cache_creation_input_tokens: 1 } },
    }),
    write: lines('spend.ndjson'),
  },
  {
    source: ledgerFile,
    entry: (n) => ({
      usage_id: `u${n}`,
      provider: 'p',
      model: 'x',
      operation: 'o',
      input_tokens: 10 + n,
      output_tokens: 5,
      total_tokens: 15 + n,
      cost_usd: 0.5,
      cost_known: true,
      billing_mode: 'known',
      timestamp: AT,
      tags: ['t'],
      note: null,
      ours: 1,
    }),
    write: lines('costs.ndjson'),
  },
];
