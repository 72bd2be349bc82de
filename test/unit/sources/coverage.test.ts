import { mkdirSync, realpathSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claudeSettingsPath } from '../../../src/sources/claude-code/cleanup.ts';
import { claudeCode } from '../../../src/sources/claude-code/index.ts';
import { coverageOf, withoutCounts, type SourceCoverage } from '../../../src/sources/coverage.ts';
import { OTHER_PROGRAMS, scanRecords } from '../../../src/sources/scan.ts';
import type { SourceEnvironment } from '../../../src/sources/source.ts';
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

const environment = (): SourceEnvironment => ({ platform: 'linux', env: {}, home: world.home });

async function coverageNow(): Promise<ReadonlyMap<string, SourceCoverage>> {
  const ledger = world.ledger();
  const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
  const all = await coverageOf((query) => ledger.aggregate(query), { environment: environment(), calendar, now: NOW });
  return new Map(all.map((each) => [each.id, each]));
}

describe('remarks', () => {
  const LOWER_BOUND =
    "Counts of interrupted replies are placeholders, so the sum is a lower bound (>=). Compare with Claude Code's own /cost.";
  const EXPORT = 'Export the CSV of the dashboard (cursor.com, Usage) into ~/.cursor/usage-exports.';
  const said = async (): Promise<[string, string[]][]> =>
    [...(await coverageNow())].flatMap(([id, { remarks }]) => (remarks.length > 0 ? [[id, remarks]] : []));

  it("without any usage are Cursor's alone", async () => {
    expect(await said()).toEqual([['cursor', [EXPORT]]]);
  });

  it('come with a log, even if nothing of it was imported', async () => {
    world.file('.claude/projects/p/s.jsonl');
    world.file('.config/Code/User/workspaceStorage/w/chatSessions/s.json', '{}');
    world.file('.kiro/sessions/cli/s.json', '{}');
    world.file('.codex/sessions/s.jsonl');
    expect(await said()).toEqual([
      ['claude-code', [LOWER_BOUND]],
      [
        'copilot-chat',
        ["VS Code's chats have no cached tokens; github.copilot.chat.otel.dbSpanExporter.enabled adds them."],
      ],
      ['cursor', [EXPORT]],
      ['kiro', ['Kiro logs credits, not tokens.']],
    ]);
  });

  it('come with records, even if their log is gone', async () => {
    const call = { provider: 'anthropic', model: 'claude-opus-4-5', operation: 'agent', input_tokens: 10 };
    await world.ledger().track({ ...call, timestamp: '2026-11-10T10:00:00.000Z', source: 'claude-code-log' });
    expect(await said()).toEqual([
      ['claude-code', [LOWER_BOUND]],
      ['cursor', [EXPORT]],
    ]);
    expect((await coverageNow()).get('claude-code')).toMatchObject({ state: 'missing', deletedInDays: undefined });
  });
});

it("counts Cursor's export, and spans of no one in particular for nobody", async () => {
  const call = { provider: 'openai', model: 'gpt-5', operation: 'chat', input_tokens: 10, output_tokens: 5 };
  const ledger = world.ledger();
  await ledger.track({ ...call, timestamp: '2026-11-10T10:00:00.000Z', source: 'cursor-csv' });
  await ledger.track({ ...call, timestamp: '2026-11-10T10:00:00.000Z', source: 'otel' });
  const coverage = await coverageNow();
  const counted = [...coverage].flatMap(([id, { totals }]) => (totals.records > 0 ? [[id, totals.records]] : []));
  expect(counted).toEqual([['cursor', 1]]);
  expect(coverage.get('cursor')).toMatchObject({ firstDay: '2026-11-10', lastDay: '2026-11-10', daysWithout: 0 });
});

describe('when Claude Code deletes its oldest log', () => {
  const DAY = 86_400;
  const logged = (name: string, daysAgo: number): void => {
    const log = world.file(`.claude/projects/p/${name}.jsonl`);
    utimesSync(log, NOW / 1000, NOW / 1000 - daysAgo * DAY);
  };
  const left = async (): Promise<unknown> => (await coverageNow()).get('claude-code')!.deletedInDays;

  it.each<[string | undefined, number]>([
    [undefined, 10],
    ['{}', 10],
    ['{"cleanupPeriodDays":40}', 20],
    ['{"cleanupPeriodDays":"40"}', 10],
    ['{"cleanupPeriodDays":-1}', 10],
    ['{"cleanupPeriodDays":0}', 0],
    ['{"cleanupPeriodDays":20.25}', 1],
    ['no JSON', 10],
  ])('by settings of %j in %i days', async (settings, days) => {
    logged('old', 20);
    logged('new', 1);
    if (settings !== undefined) world.file('.claude/settings.json', settings);
    expect(await left()).toBe(days);
  });

  it('is not said without a log', async () => {
    expect(await left()).toBeUndefined();
  });

  it('settings are beside the logs, in the first folder of the variable', () => {
    const path = (env: Record<string, string>): string => claudeSettingsPath({ platform: 'linux', env, home: '/h' });
    expect(path({})).toBe(join('/h', '.claude', 'settings.json'));
    expect(path({ CLAUDE_CONFIG_DIR: ' /a , /b' })).toBe(join('/a', 'settings.json'));
    expect(path({ CLAUDE_CONFIG_DIR: '' })).toBe(join('/h', '.claude', 'settings.json'));
    const real = world.file('dotfiles/claude.json', '{}');
    mkdirSync(join(world.home, '.claude'));
    symlinkSync(real, join(world.home, '.claude/settings.json'));
    expect(claudeSettingsPath(environment())).toBe(realpathSync(real));
  });
});

it('names the tools without counts, and another way', () => {
  expect(withoutCounts().map(({ id, title }) => [id, title])).toEqual([
    ['windsurf', 'Windsurf'],
    ['amazon-q', 'Amazon Q'],
    ['warp', 'Warp'],
    ['antigravity', 'Antigravity'],
    ['cursor-agent', 'Cursor agent'],
  ]);
  expect(withoutCounts().every(({ instead }) => instead.endsWith('.'))).toBe(true);
});

describe('a look at all records', () => {
  const call = { provider: 'openai', model: 'gpt-5', operation: 'agent', input_tokens: 10, output_tokens: 2 };
  const at = (minute: number): string => `2026-11-10T10:${String(minute).padStart(2, '0')}:00.000Z`;

  it('counts prices, those of similar models, and guesses, in all ledgers', async () => {
    const [one, two] = [world.ledger('one.json'), world.ledger('two.db')];
    await one.track({ ...call, timestamp: at(1) });
    await one.track({ ...call, timestamp: at(2), cost_usd: 1, cost_known: true });
    const assumed = (priceOf: string): object => ({
      cost_usd: 1,
      cost_known: true,
      price_source: `list openai/${priceOf} assumed`,
    });
    await one.track({ ...call, timestamp: at(3), model: 'gpt-6', ...assumed('gpt-5') });
    await two.track({ ...call, timestamp: at(4), model: 'gpt-7', ...assumed('gpt-5') });
    await two.track({ ...call, timestamp: at(5), model: 'gpt-7', ...assumed('gpt-5'), estimated_tokens: 7 });
    await two.track({ ...call, timestamp: at(6), model: 'gpt-7', ...assumed('gpt-4'), estimated_tokens: 4 });
    const scan = await scanRecords([one, two]);
    expect([scan.priced, scan.unpriced]).toEqual([5, 1]);
    expect(scan.estimated).toEqual({ records: 2, tokens: 11 });
    expect(scan.assumed).toEqual([
      { model: 'gpt-7', priceOf: 'gpt-5', records: 2 },
      { model: 'gpt-6', priceOf: 'gpt-5', records: 1 },
      { model: 'gpt-7', priceOf: 'gpt-4', records: 1 },
    ]);
  });

  it('compares live reports with logs', async () => {
    const ledger = world.ledger();
    const live = { ...call, source: 'claude-code-otel' };
    await ledger.track({ ...live, timestamp: at(5), log_tokens: 10, live_tokens: 12 });
    await ledger.track({ ...live, timestamp: at(1), log_tokens: 20, live_tokens: 25 });
    await ledger.track({ ...live, timestamp: at(3) });
    await ledger.track({
      ...call,
      source: 'codex-log',
      timestamp: at(4),
      confirmed_by: 'codex-otel 7',
      log_tokens: 1,
      live_tokens: 1,
    });
    await ledger.track({ ...call, source: 'codex-log', timestamp: at(6) });
    await ledger.track({ ...call, source: 'copilot-cli-log', timestamp: at(7), confirmed_by: 'copilot-cli-log 8' });
    await ledger.track({ ...call, source: 'copilot-chat-log', timestamp: at(8), confirmed_by: 'otel 9' });
    await ledger.track({ ...call, timestamp: at(9) });
    const { live: heard } = await scanRecords([ledger]);
    expect(Object.fromEntries(heard)).toEqual({
      'claude-code-otel': { lastHeard: at(5), joined: 2, logTokens: 30, liveTokens: 37 },
      'codex-otel': { lastHeard: at(4), joined: 1, logTokens: 1, liveTokens: 1 },
      otel: { lastHeard: at(8), joined: 0, logTokens: 0, liveTokens: 0 },
    });
  });

  it('reads more than one page', { timeout: 120_000 }, async () => {
    const ledger = world.ledger('many.db');
    const calls = Array.from({ length: 10_001 }, () => ({ ...call, timestamp: at(1) }));
    await ledger.trackAll(calls);
    expect((await scanRecords([ledger])).unpriced).toBe(10_001);
  });
});
