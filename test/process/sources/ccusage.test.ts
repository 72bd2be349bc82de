import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/** Tokens by day and model: plain input, output, read from the cache, written to it. */
type Figures = Record<string, { tokens: [number, number, number, number]; cost: number }>;

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
          const plain = inputTokens - cacheReadTokens - cacheWriteTokens;
          return [
            key.join(' '),
            { tokens: [plain, outputTokens, cacheReadTokens, cacheWriteTokens], cost: nanosToUsd(costNanos(totals)) },
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

/** ccusage takes a model in its fast mode for one of its own. */
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

function tokensOf(figures: Figures): Record<string, readonly number[]> {
  return Object.fromEntries(Object.entries(figures).map(([name, { tokens }]) => [name, tokens]));
}
