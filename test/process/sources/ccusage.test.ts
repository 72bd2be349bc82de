import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLedger } from '../../../src/library/index.ts';
import { UserPrices } from '../../../src/prices/index.ts';
import { claudeCode } from '../../../src/sources/claude-code/index.ts';
import { codex } from '../../../src/sources/codex/index.ts';
import { importSource } from '../../../src/sources/import/import.ts';
import type { Source } from '../../../src/sources/source.ts';
import { costNanos } from '../../../src/usage/query.ts';
import { nanosToUsd } from '../../../src/usage/money.ts';
import { writeOddClaude, writeOddCodex } from '../../fixtures/oddLogs.ts';
import { ccusage } from './ccusageInstall.ts';

const SEEDS = 12;
const UTC = { timeZone: 'UTC', firstDayOfWeek: 1 };

/** Tokens by day and model: uncached input, output, cache reads, cache writes. */
type Figures = Record<string, { tokens: [number, number, number, number]; cost: number }>;

const AT = Date.parse('2026-02-03T10:00:00.000Z');

function write(home: string, path: string, ...lines: object[]): void {
  const file = join(home, path);
  mkdirSync(dirname(file), { recursive: true });
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  writeFileSync(file, path.endsWith('.zst') ? zstdCompressSync(text) : text);
}

function claudeReply(id: string, usage: object, request?: string): object {
  return {
    timestamp: new Date(AT).toISOString(),
    sessionId: 's',
    version: '2.1.4',
    requestId: request,
    message: { id, model: 'claude-sonnet-4-5-20250929', usage: { input_tokens: 10, output_tokens: 1, ...usage } },
  };
}

/** Calls of 1,000 tokens each, in a session with earlier calls. */
function codexCalls(at: number, count: number, before = 0): object[] {
  const counts = (input: number): object => ({
    input_tokens: input,
    cached_input_tokens: 0,
    output_tokens: 1,
    reasoning_output_tokens: 0,
    total_tokens: input + 1,
  });
  return Array.from({ length: count }, (_, i) => ({
    timestamp: new Date(at + i * 60_000).toISOString(),
    type: 'event_msg',
    payload: {
      type: 'token_count',
      info: { total_token_usage: counts(1_000 * (before + i + 1)), last_token_usage: counts(1_000) },
    },
  }));
}

const meta = (at: number, id: string, more: object = {}): object => ({
  timestamp: new Date(at).toISOString(),
  type: 'session_meta',
  payload: { id, ...more },
});

interface Shape {
  name: string;
  source: Source;
  write: (home: string) => void;
  /** Input tokens, excluding cached ones. */
  ours: number;
  theirs: number;
}

const HOUR = 3_600_000;
const SHAPES: readonly Shape[] = [
  {
    name: 'a fork of a session of Codex',
    source: codex,
    write: (home) => {
      write(home, '.codex/sessions/a.jsonl', meta(AT, 'a'), ...codexCalls(AT, 3));
      const fork = meta(AT + HOUR, 'b', { forked_from_id: 'a' });
      write(home, '.codex/sessions/b.jsonl', fork, ...codexCalls(AT + HOUR, 4));
    },
    ours: 4_000,
    theirs: 4_000,
  },
  {
    name: 'a fork of a session of Codex that is gone, replayed at once',
    source: codex,
    write: (home) => {
      const fork = meta(AT + HOUR, 'b', { forked_from_id: 'a' });
      const replay = codexCalls(AT, 3).map((event, i) => ({
        ...event,
        timestamp: new Date(AT + HOUR + i).toISOString(),
      }));
      write(home, '.codex/sessions/b.jsonl', fork, ...replay, ...codexCalls(AT + 2 * HOUR, 1, 3));
    },
    ours: 1_000,
    theirs: 1_000,
  },
  {
    name: 'two forks of a session of Codex that is gone, replayed slowly',
    source: codex,
    write: (home) => {
      for (const [i, id] of ['b', 'c'].entries()) {
        const at = AT + (1 + i) * HOUR;
        const own = codexCalls(at + HOUR / 2, 1, 10 + 10 * i);
        write(home, `.codex/sessions/${id}.jsonl`, meta(at, id, { forked_from_id: 'a' }), ...codexCalls(at, 3), ...own);
      }
    },
    ours: 2_000,
    theirs: 8_000,
  },
  {
    name: 'an agent of Codex that replays its parent slowly',
    source: codex,
    write: (home) => {
      const spawn = { source: { subagent: { thread_spawn: { parent_thread_id: 'a' } } } };
      write(home, '.codex/sessions/a.jsonl', meta(AT, 'a'), ...codexCalls(AT, 3));
      write(home, '.codex/sessions/b.jsonl', meta(AT + HOUR, 'b', spawn), ...codexCalls(AT + HOUR, 4));
    },
    ours: 4_000,
    theirs: 4_000,
  },
  {
    name: 'a session that Codex compressed',
    source: codex,
    write: (home) => {
      write(home, '.codex/sessions/a.jsonl.zst', meta(AT, 'a'), ...codexCalls(AT, 3));
      write(home, '.codex/sessions/b.jsonl', meta(AT + HOUR, 'b'), ...codexCalls(AT + HOUR, 1));
    },
    ours: 4_000,
    theirs: 1_000,
  },
  {
    name: 'tokens that Codex wrote to the cache',
    source: codex,
    write: (home) => {
      const usage = { input_tokens: 1_000, cache_write_input_tokens: 400, output_tokens: 1, total_tokens: 1_001 };
      const info = { total_token_usage: usage, last_token_usage: usage };
      const timestamp = new Date(AT).toISOString();
      write(home, '.codex/sessions/a.jsonl', meta(AT, 'a'), {
        timestamp,
        type: 'event_msg',
        payload: { type: 'token_count', info },
      });
    },
    ours: 600,
    theirs: 600,
  },
  {
    name: 'iterations of a reply of Claude',
    source: claudeCode,
    write: (home) => {
      const iterations = [
        { type: 'message', input_tokens: 10, output_tokens: 1 },
        { type: 'advisor_message', model: 'claude-opus-4-6', input_tokens: 5_000, output_tokens: 1 },
      ];
      write(home, '.claude/projects/-a/s.jsonl', claudeReply('m', { iterations }, 'r'));
    },
    ours: 5_010,
    theirs: 5_010,
  },
  {
    name: 'lines of a message of Claude without a request id',
    source: claudeCode,
    write: (home) =>
      write(
        home,
        '.claude/projects/-a/s.jsonl',
        claudeReply('m', { output_tokens: 5 }),
        claudeReply('m', { output_tokens: 9 }),
      ),
    ours: 10,
    theirs: 10,
  },
  {
    name: 'null in place of a count',
    source: claudeCode,
    write: (home) =>
      write(home, '.claude/projects/-a/s.jsonl', claudeReply('m', { cache_read_input_tokens: null }, 'r')),
    ours: 10,
    theirs: 0,
  },
];

describe.skipIf(ccusage === undefined)('counts what ccusage counts', () => {
  let home: string;
  beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'llm-spend-logs-'))));
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  test.each(Array.from({ length: SEEDS }, (_, i) => i + 1))('Claude Code, tree %i', async (seed) => {
    writeOddClaude(home, seed);
    const theirs = claudeFigures(run('claude'));
    const ours = await imported(claudeCode);
    expect(tokensOf(ours)).toEqual(tokensOf(theirs));
    for (const [name, { cost }] of Object.entries(theirs)) {
      // docs/sources.md: opus-4-8 has no price in the table that ccusage was released with.
      if (cost > 0) expect(ours[name]!.cost, name).toBeCloseTo(cost, 6);
    }
  });

  test.each(Array.from({ length: SEEDS }, (_, i) => i + 1))('Codex, tree %i', async (seed) => {
    writeOddCodex(home, seed);
    expect(tokensOf(await imported(codex))).toEqual(tokensOf(codexFigures(run('codex'))));
  });

  test.each(SHAPES)('as docs/sources.md says: $name', async ({ source, write: writeLogs, ours, theirs }) => {
    writeLogs(home);
    const report = source === codex ? codexFigures(run('codex')) : claudeFigures(run('claude'));
    expect({ ours: inputsOf(await imported(source)), theirs: inputsOf(report) }).toEqual({ ours, theirs });
  });

  function run(agent: string): unknown {
    const args = [agent, 'daily', '--json', '--offline', '--timezone', 'UTC'];
    return JSON.parse(execFileSync(ccusage!, args, { env: { HOME: home }, encoding: 'utf8' }));
  }

  async function imported(source: Source): Promise<Figures> {
    const ledger = openLedger({ ledger: join(home, 'costs.json'), pricing: false });
    const prices = new UserPrices({ folder: home });
    try {
      const places = source.locate({ platform: process.platform, env: {}, home });
      await importSource(source, places, {
        path: ledger.path,
        ledger: async () => ledger,
        pricer: () => prices.pricer(),
        now: () => Date.now() + 120_000,
      });
      const groups = await ledger.aggregate({ filter: {}, groupBy: ['day', 'model'], calendar: UTC });
      return Object.fromEntries(
        groups.map(({ key, totals }) => {
          const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens } = totals;
          const [input, output, read, written] = [inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens].map(
            Number,
          ) as [number, number, number, number];
          return [
            key.join(' '),
            { tokens: [input - read - written, output, read, written], cost: nanosToUsd(costNanos(totals)) },
          ];
        }),
      );
    } finally {
      await ledger.close();
    }
  }
});

interface ClaudeReport {
  daily: {
    date: string;
    modelBreakdowns: {
      modelName: string;
      inputTokens: number;
      outputTokens: number;
      cacheReadTokens: number;
      cacheCreationTokens: number;
      cost: number;
    }[];
  }[];
}

interface CodexReport {
  daily: {
    date: string;
    models: Record<string, { inputTokens: number; outputTokens: number; cacheReadTokens: number }>;
  }[];
}

/** ccusage treats a model's fast mode as a separate model. */
function claudeFigures(report: unknown): Figures {
  const figures: Figures = {};
  for (const { date, modelBreakdowns } of (report as ClaudeReport).daily) {
    for (const { modelName, cost, ...counts } of modelBreakdowns) {
      const figure = (figures[`${date} ${modelName.replace(/-fast$/, '')}`] ??= { tokens: [0, 0, 0, 0], cost: 0 });
      figure.tokens[0] += counts.inputTokens;
      figure.tokens[1] += counts.outputTokens;
      figure.tokens[2] += counts.cacheReadTokens;
      figure.tokens[3] += counts.cacheCreationTokens;
      figure.cost += cost;
    }
  }
  return figures;
}

function codexFigures(report: unknown): Figures {
  return Object.fromEntries(
    (report as CodexReport).daily.flatMap(({ date, models }) =>
      Object.entries(models).map(([model, { inputTokens, outputTokens, cacheReadTokens }]) => [
        `${date} ${model}`,
        { tokens: [inputTokens, outputTokens, cacheReadTokens, 0] as const, cost: 0 },
      ]),
    ),
  ) as Figures;
}

function inputsOf(figures: Figures): number {
  return Object.values(figures).reduce((sum, { tokens: [input] }) => sum + input, 0);
}

function tokensOf(figures: Figures): Record<string, readonly number[]> {
  return Object.fromEntries(Object.entries(figures).map(([name, { tokens }]) => [name, tokens]));
}
