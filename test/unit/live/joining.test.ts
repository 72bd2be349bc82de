import * as fc from 'fast-check';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLedger, type Ledger } from '../../../src/library/index.ts';
import { callOf } from '../../../src/live/calls.ts';
import { LiveIntake } from '../../../src/live/intake.ts';
import { recordsOf, type OtlpRecord } from '../../../src/live/otlp.ts';
import { claudeCode } from '../../../src/sources/claude-code/index.ts';
import { codex } from '../../../src/sources/codex/index.ts';
import { copilotChat } from '../../../src/sources/copilot-chat/index.ts';
import { copilotCli } from '../../../src/sources/copilot-cli/index.ts';
import { geminiCli } from '../../../src/sources/gemini-cli/index.ts';
import { importSource } from '../../../src/sources/import/import.ts';
import { statePath } from '../../../src/sources/import/state.ts';
import { qwenCode } from '../../../src/sources/qwen-code/index.ts';
import type { Source } from '../../../src/sources/source.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { runs } from '../../long.ts';
import { writeDatabase } from '../../fixtures/agentTrees/calls.ts';
import {
  chatAttributes,
  claudeRequest,
  codexResponse,
  geminiResponse,
  logsRequest,
  tracesRequest,
  type Attributes,
} from '../../fixtures/otlp.ts';

let folder: string;
let ledger: Ledger;
let intake: LiveIntake;
beforeEach(() => open());
afterEach(() => close());

function open(): void {
  folder = mkdtempSync(path.join(tmpdir(), 'llm-spend-joining-'));
  ledger = openLedger({ ledger: path.join(folder, 'imported.db'), pricing: false });
  intake = new LiveIntake({ ledger, pricer: () => Promise.resolve(undefined) });
}

async function close(): Promise<void> {
  await intake.close();
  await ledger.close();
  rmSync(folder, { recursive: true });
}

async function live(...events: (Attributes | OtlpRecord)[]): Promise<void> {
  const calls = events
    .flatMap((event) =>
      isRecord(event) ? [event] : recordsOf('logs', 'json', Buffer.from(JSON.stringify(logsRequest([event])))),
    )
    .map((record) => ({ call: callOf(record, Date.parse('2026-11-21T00:00:00Z')) }));
  await intake.store(calls);
}

function isRecord(event: Attributes | OtlpRecord): event is OtlpRecord {
  return typeof event['record'] === 'object';
}

/** Imports these lines as a new file, as after a lost state. */
async function log(source: Source, file: string, lines: readonly object[]): Promise<void> {
  const place = path.join(folder, 'logs', source.id);
  const target = path.join(place, file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  await imported(source, place);
}

/** Imports a place as after a lost state. */
async function imported(source: Source, place: string): Promise<void> {
  rmSync(statePath(ledger.ledger, source.id), { force: true });
  await importSource(source, [place], {
    path: ledger.ledger,
    ledger: () => Promise.resolve(ledger),
    pricer: () => Promise.resolve(undefined),
    now: () => Date.parse('2026-11-21T00:00:00Z'),
  });
}

function claudeLine(call: number, output = 200): object {
  return {
    type: 'assistant',
    sessionId: 'session-1',
    version: '2.1.223',
    cwd: '/home/me/site',
    gitBranch: 'main',
    timestamp: at(call, 1_500),
    requestId: `req_${call}`,
    message: {
      id: `msg_${call}`,
      model: 'claude-sonnet-4-5-20250929',
      usage: {
        input_tokens: 10,
        output_tokens: output,
        cache_read_input_tokens: 3_000,
        cache_creation_input_tokens: 100,
      },
    },
  };
}

const claudeEvent = (call: number, output = 200): Attributes =>
  claudeRequest(`req_${call}`, { 'event.timestamp': at(call), 'event.sequence': call, output_tokens: output });

function at(call: number, later = 0): string {
  return new Date(Date.parse('2026-11-20T10:00:00Z') + call * 10_000 + later).toISOString();
}

async function records(): Promise<UsageRecord[]> {
  const all = await ledger.read();
  return all.toSorted((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
}

describe('Claude Code, by the id of the request', () => {
  test('live, then the log: one record, with the place that the log names', async () => {
    await live(claudeEvent(1));
    await log(claudeCode, 'p/session-1.jsonl', [claudeLine(1)]);
    expect(await records()).toMatchObject([
      {
        source: 'claude-code-otel',
        confirmed_by: expect.stringMatching(/^claude-code-log /) as string,
        project: 'site',
        branch: 'main',
        input_tokens: 3_110,
        output_tokens: 200,
        reported_cost_usd: 0.5,
      },
    ]);
  });

  test('the log, then live: one record, under the id of the log', async () => {
    await log(claudeCode, 'p/session-1.jsonl', [claudeLine(1)]);
    const [before] = await records();
    await live(claudeEvent(1));
    expect(await records()).toMatchObject([
      {
        usage_id: before!.usage_id,
        source: 'claude-code-log',
        confirmed_by: expect.stringMatching(/^claude-code-otel /) as string,
      },
    ]);
  });

  test('the same live report twice in one request', async () => {
    await log(claudeCode, 'p/session-1.jsonl', [claudeLine(1)]);
    await live(claudeEvent(1), claudeEvent(1));
    expect(await records()).toHaveLength(1);
  });

  test('a log with a placeholder: the live counts are the truth', async () => {
    await log(claudeCode, 'p/session-1.jsonl', [claudeLine(1, 3)]);
    await live(claudeEvent(1, 900));
    expect(await records()).toMatchObject([{ output_tokens: 900, total_tokens: 4_010, project: 'site' }]);
    // The reply grows in the log afterwards, and stays below.
    await log(claudeCode, 'p/session-1.jsonl', [claudeLine(1, 8)]);
    expect(await records()).toMatchObject([{ output_tokens: 900, confirmed_by: expect.any(String) as string }]);
  });

  test.each(['live first', 'log first'])(
    '%s, and the live report again: the fuller counts of the log stay',
    async (order) => {
      const reports = [
        (): Promise<void> => live(claudeEvent(1, 100)),
        (): Promise<void> => log(claudeCode, 'p/session-1.jsonl', [claudeLine(1, 900)]),
      ];
      for (const report of order === 'live first' ? reports : reports.toReversed()) await report();
      await live(claudeEvent(1, 100));
      expect(await records()).toMatchObject([{ output_tokens: 900, log_tokens: 4_010, live_tokens: 3_210 }]);
    },
  );
});

describe('Codex, by session, counts and time', () => {
  const meta = { timestamp: at(0), type: 'session_meta', payload: { id: 'conversation-1', cwd: '/home/me/site' } };
  const line = (call: number, input: number): object => {
    const usage = {
      input_tokens: input,
      cached_input_tokens: 1_000,
      output_tokens: 80,
      reasoning_output_tokens: 30,
      total_tokens: input + 80,
    };
    const info = { last_token_usage: usage, total_token_usage: { ...usage, total_tokens: input + 80 + call } };
    return { timestamp: at(call, 700), type: 'event_msg', payload: { type: 'token_count', info } };
  };
  const event = (call: number, input: number): Attributes =>
    codexResponse({
      'event.timestamp': at(call),
      input_token_count: String(input),
      tool_token_count: String(input + 80),
    });

  test('two calls with equal counts meet two reports, in any order', async () => {
    await live(event(1, 1_200), event(2, 1_200));
    await log(codex, '2026/11/20/rollout-conversation-1.jsonl', [meta, line(1, 1_200), line(2, 1_200)]);
    await live(event(2, 1_200), event(1, 1_200));
    const all = await records();
    expect(all).toHaveLength(2);
    expect(all.map(({ input_tokens }) => input_tokens)).toEqual([1_200, 1_200]);
    expect(new Set(all.map((record) => record['confirmed_by'])).size).toBe(2);
  });

  test('a call that was not heard live is another one', async () => {
    await live(event(1, 1_200));
    await log(codex, '2026/11/20/rollout-conversation-1.jsonl', [meta, line(1, 1_200), line(2, 1_200)]);
    await log(codex, '2026/11/20/rollout-conversation-1.jsonl', [meta, line(1, 1_200), line(2, 1_200)]);
    expect(await records()).toHaveLength(2);
  });
});

describe.each<[string, Source, string, object, Attributes]>([
  [
    'Gemini CLI',
    geminiCli,
    'site/chats/session-1.jsonl',
    {
      sessionId: 'session-1',
      type: 'gemini',
      id: 'message-1',
      timestamp: at(1, 900),
      model: 'gemini-2.5-pro',
      tokens: { input: 1_000, output: 50, cached: 400, thoughts: 20, tool: 5, total: 1_075 },
    },
    geminiResponse({ 'event.timestamp': at(1) }),
  ],
  [
    'Qwen Code',
    qwenCode,
    'site/chats/session-1.jsonl',
    {
      sessionId: 'session-1',
      uuid: 'message-1',
      type: 'assistant',
      timestamp: at(1, 900),
      model: 'qwen3-coder-plus',
      cwd: '/home/me/site',
      usageMetadata: {
        promptTokenCount: 1_000,
        candidatesTokenCount: 50,
        cachedContentTokenCount: 400,
        thoughtsTokenCount: 20,
        totalTokenCount: 1_070,
      },
    },
    geminiResponse({
      'event.name': 'qwen-code.api_response',
      'event.timestamp': at(1),
      model: 'qwen3-coder-plus',
      tool_token_count: 0,
    }),
  ],
])('%s, by session, counts and time', (_, source, file, line, event) => {
  test.each(['live first', 'log first'])('%s: one record', async (order) => {
    const reports = [(): Promise<void> => live(event), (): Promise<void> => log(source, file, [line])];
    for (const report of order === 'live first' ? reports : reports.toReversed()) await report();
    for (const report of reports) await report();
    expect(await records()).toMatchObject([{ output_tokens: 70, confirmed_by: expect.any(String) as string }]);
  });
});

describe('Copilot, whose spans have the id of the response', () => {
  const attributes = chatAttributes({ 'gen_ai.response.id': 'resp_1', 'gen_ai.conversation.id': 'session-1' });
  const exported = tracesRequest([{ name: 'chat gpt-5', span: '01', attributes }]);

  test.each(['live first', 'log first'])('%s: one record', async (order) => {
    const reports = [
      (): Promise<void> => live(...recordsOf('traces', 'json', Buffer.from(JSON.stringify(exported)))),
      (): Promise<void> => log(copilotCli, 'session-1.jsonl', [exported]),
    ];
    for (const report of order === 'live first' ? reports : reports.toReversed()) await report();
    for (const report of reports) await report();
    expect(await records()).toMatchObject([{ input_tokens: 1_000, confirmed_by: expect.any(String) as string }]);
  });
});

describe.each<[string, Source, string, Parameters<typeof writeDatabase>[2][]]>([
  [
    'Copilot CLI',
    copilotCli,
    'session-store.db',
    [
      [
        'assistant_usage_events',
        [
          {
            id: 1,
            session_id: 'session-1',
            model: 'gpt-5',
            input_tokens: 1_000,
            output_tokens: 100,
            cache_read_tokens: 400,
            total_nano_aiu: 2_000_000_000,
            created_at: '2026-05-28T20:26:42.500Z',
          },
        ],
      ],
      ['sessions', [{ id: 'session-1', cwd: '/home/me/site' }]],
    ],
  ],
  [
    'Copilot Chat',
    copilotChat,
    'agent-traces.db',
    [
      [
        'spans',
        [
          {
            span_id: 'a',
            trace_id: 't',
            chat_session_id: 'session-1',
            request_model: 'gpt-5',
            input_tokens: 1_000,
            output_tokens: 100,
            cached_tokens: 400,
            end_time_ms: Date.parse('2026-05-28T20:26:42.500Z'),
            operation_name: 'chat',
          },
        ],
      ],
      ['span_attributes', [{ span_id: 'a', key: 'x', value: 'y' }]],
    ],
  ],
])('the database of %s, by session, counts and time', (_, source, file, tables) => {
  const attributes = chatAttributes({ 'gen_ai.response.id': 'resp_1', 'gen_ai.conversation.id': 'session-1' });
  const exported = tracesRequest([{ name: 'chat gpt-5', span: '01', attributes }]);

  test.each(['live first', 'log first'])('%s: one record', async (order) => {
    writeDatabase(folder, file, ...tables);
    const reports = [
      (): Promise<void> => live(...recordsOf('traces', 'json', Buffer.from(JSON.stringify(exported)))),
      (): Promise<void> => imported(source, path.join(folder, file)),
    ];
    for (const report of order === 'live first' ? reports : reports.toReversed()) await report();
    for (const report of reports) await report();
    expect(await records()).toMatchObject([
      { input_tokens: 1_000, cache_read_tokens: 400, output_tokens: 100, confirmed_by: expect.any(String) as string },
    ]);
  });
});

test('live, log and reimport, in any order and any repetition, give the same ledger', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('live'), calls: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }) }),
    fc.record({ kind: fc.constant('log'), calls: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 6 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 7 }), async (steps) => {
      await close();
      open();
      const heard = { live: new Set<number>(), log: new Set<number>() };
      for (const { kind, calls } of steps) {
        for (const call of calls) heard[kind].add(call);
        if (kind === 'live') await live(...calls.map((call) => claudeEvent(call, 100 + call)));
        else
          await log(
            claudeCode,
            'p/session-1.jsonl',
            calls.map((call) => claudeLine(call, 50 + 20 * call)),
          );
      }
      const found = (await records()).map((record) => ({
        request: record['request_id'],
        output: record.output_tokens,
        project: record.project,
        isConfirmed: record['confirmed_by'] !== undefined,
      }));
      const wanted = [...new Set([...heard.live, ...heard.log])]
        .toSorted((a, b) => a - b)
        .map((call) => ({
          request: `req_${call}`,
          output: Math.max(heard.live.has(call) ? 100 + call : 0, heard.log.has(call) ? 50 + 20 * call : 0),
          project: heard.log.has(call) ? 'site' : undefined,
          isConfirmed: heard.live.has(call) && heard.log.has(call),
        }));
      expect(found.toSorted((a, b) => String(a.request).localeCompare(String(b.request)))).toEqual(wanted);
    }),
    { numRuns: runs(12, 200) },
  );
});
