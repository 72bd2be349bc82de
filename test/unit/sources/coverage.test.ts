import { utimesSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { claudeCode } from '../../../src/sources/claude-code/index.ts';
import { coverageOf, withoutCounts } from '../../../src/sources/coverage.ts';
import { OTHER_PROGRAMS, scanRecords } from '../../../src/sources/scan.ts';
import { liveAgents } from '../../../src/live/liveReport.ts';
import { jsonLines, NOW, World } from './world.ts';

/** What `llm-spend doctor` reports. */

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const reply = (n: number, timestamp: string): object => ({
  timestamp,
  requestId: `r${n}`,
  message: { id: `m${n}`, model: 'claude-opus-4-5', usage: { input_tokens: 10, output_tokens: 1 } },
});

it('says what is there, what was imported, gaps, and when logs are deleted', async () => {
  const log = world.file(
    '.claude/projects/p/s.jsonl',
    jsonLines(reply(1, '2026-11-10T10:00:00.000Z'), reply(2, '2026-11-12T10:00:00.000Z')),
  );
  utimesSync(log, NOW / 1000, NOW / 1000 - 20 * 86_400);
  world.file('.claude/settings.json', JSON.stringify({ cleanupPeriodDays: 25 }));
  world.file('.qwen/projects/.keep');
  await world.import(claudeCode);
  const ledger = world.ledger();
  const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
  const environment = { platform: 'linux' as const, env: {}, home: world.home };
  const coverage = await coverageOf((query) => ledger.aggregate(query), { environment, calendar, now: NOW });
  const of = (id: string): object => coverage.find((source) => source.id === id)!;
  expect(of('claude-code')).toMatchObject({
    state: 'found',
    files: 1,
    firstDay: '2026-11-10',
    lastDay: '2026-11-12',
    daysWithout: 1,
    deletedInDays: 5,
    totals: { records: 2, unpriced: 2 },
    remarks: [expect.stringContaining('lower bound')],
  });
  expect(of('qwen-code')).toMatchObject({ state: 'empty', files: 0, firstDay: undefined, daysWithout: 0 });
  expect(of('amp')).toMatchObject({ state: 'missing', remarks: [] });
  expect(withoutCounts().map(({ id }) => id)).toContain('windsurf');
});

it('counts a call that was received live before its log was read', async () => {
  const ledger = world.ledger();
  const call = { provider: 'anthropic', model: 'claude-opus-4-5', operation: 'agent', input_tokens: 10 };
  await ledger.track({ ...call, timestamp: '2026-11-10T10:00:00.000Z', source: 'claude-code-otel' });
  const coverage = await coverageOf((query) => ledger.aggregate(query), {
    environment: { platform: 'linux', env: {}, home: world.home },
    calendar: { timeZone: 'UTC', firstDayOfWeek: 1 },
    now: NOW,
  });
  expect(coverage.find(({ id }) => id === 'claude-code')).toMatchObject({
    firstDay: '2026-11-10',
    totals: { records: 1 },
  });
});

it('tells Copilot from other programs that report by OpenTelemetry', async () => {
  const ledger = world.ledger();
  const call = { provider: 'openai', model: 'gpt-5', operation: 'chat', input_tokens: 10, source: 'otel' };
  await ledger.track({ ...call, timestamp: '2026-11-10T10:00:00.000Z', agent: 'copilot-chat' });
  await ledger.track({ ...call, timestamp: '2026-11-11T10:00:00.000Z', agent: 'my-service' });
  await ledger.track({ ...call, timestamp: '2026-11-12T10:00:00.000Z' });
  const { live } = await scanRecords([ledger]);
  expect([...live].map(([reporter, { lastHeard }]) => [reporter, lastHeard])).toEqual([
    ['otel', '2026-11-10T10:00:00.000Z'],
    [OTHER_PROGRAMS, '2026-11-12T10:00:00.000Z'],
  ]);
  expect(liveAgents({ live }).map(({ title, connected }) => [title, connected])).toEqual([
    ['Copilot Chat', false],
    ['Other programs', undefined],
  ]);
});
