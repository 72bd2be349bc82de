import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sessionsOf, type Session } from '../../fixtures/agentTrees/calls.ts';
import { toldBy, TREES, type TokensByDay } from '../../fixtures/agentTrees/index.ts';
import { ccusage } from './ccusageInstall.ts';

/**
 * The real ccusage on generated logs of the agents that it reads too. `test/unit/sources/agents/trees.test.ts` shows that the
 * import finds the same numbers in them.
 */

/** ccusage's name of each agent. */
const NAMES: Readonly<Record<string, string>> = {
  amp: 'amp',
  'claude-code': 'claude',
  codebuff: 'codebuff',
  codex: 'codex',
  droid: 'droid',
  'gemini-cli': 'gemini',
  goose: 'goose',
  'grok-build': 'grok',
  hermes: 'hermes',
  'kilo-cli': 'kilo',
  'kimi-cli': 'kimi',
  openclaw: 'openclaw',
  opencode: 'opencode',
  pi: 'pi',
  'qwen-code': 'qwen',
  zcode: 'zcode',
};

const CALLS = 130;

interface Report {
  daily: {
    date: string;
    inputTokens: number;
    outputTokens: number;
    cacheReadTokens: number;
    cacheCreationTokens: number;
    totalTokens: number;
  }[];
}

describe.skipIf(ccusage === undefined)('ccusage counts the same', () => {
  let home: string;
  beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'llm-spend-logs-'))));
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  function run(agent: string): Report {
    const args = [agent, 'daily', '--json', '--offline', '--timezone', 'UTC'];
    return JSON.parse(execFileSync(ccusage!, args, { env: { HOME: home }, encoding: 'utf8' })) as Report;
  }

  function treeOf(id: string): { tree: (typeof TREES)[number]; sessions: Session[] } {
    const tree = TREES.find((each) => each.id === id)!;
    return { tree, sessions: sessionsOf(tree, CALLS) };
  }

  test.each(Object.keys(NAMES).filter((id) => id !== 'qwen-code'))('%s', (id) => {
    const { tree, sessions } = treeOf(id);
    tree.write(home, sessions);
    const told = byDay(toldBy(tree, sessions));
    expect(Object.fromEntries(run(NAMES[id]!).daily.map((day) => [day.date, countsOf(day)]))).toEqual(told);
  });

  test('Qwen Code, except that it adds the cached tokens to a prompt that includes them', () => {
    const { tree, sessions } = treeOf('qwen-code');
    tree.write(home, sessions);
    for (const day of run('qwen').daily) {
      const [input, output, read, written] = byDay(toldBy(tree, sessions))[day.date]!;
      expect(countsOf(day)).toEqual([input + read, output, read, written]);
    }
  });

  test("Copilot CLI's telemetry, except that it adds the tokens written to the cache to an input that includes them", () => {
    const { tree, sessions } = treeOf('copilot-cli');
    tree.writeAgain!(home, sessions);
    const told = Object.values(toldBy(tree, sessions)).reduce(added);
    const [input, output, read, written] = told;
    // It does not read these spans' times, so all calls are on the day of the file.
    expect(run('copilot').daily.map(countsOf)).toEqual([[input + written, output, read, written]]);
  });
});

function countsOf({
  inputTokens,
  cacheReadTokens,
  cacheCreationTokens,
  totalTokens,
}: Report['daily'][number]): number[] {
  // Reasoning that is beside the output is only in its total.
  const output = totalTokens - inputTokens - cacheReadTokens - cacheCreationTokens;
  return [inputTokens, output, cacheReadTokens, cacheCreationTokens];
}

type Counts = TokensByDay[string];

function added(a: Counts, b: Counts): Counts {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]];
}

/** ccusage lists the models of an agent beside sums by day. */
function byDay(told: TokensByDay): Record<string, Counts> {
  const days: Record<string, Counts> = {};
  for (const [name, counts] of Object.entries(told)) {
    const day = name.slice(0, 10);
    days[day] = days[day] === undefined ? counts : added(days[day], counts);
  }
  return days;
}
