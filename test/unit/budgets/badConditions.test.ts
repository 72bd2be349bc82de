import * as fc from 'fast-check';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { allow, useAllowance } from '../../../src/budgets/allowance.ts';
import { checkedBudget, type Budget } from '../../../src/budgets/budget.ts';
import { periodOf } from '../../../src/budgets/budgetPeriod.ts';
import { budgetState, type BudgetState } from '../../../src/budgets/budgetState.ts';
import { claimCrossing, snooze, snoozedUntil } from '../../../src/budgets/claims.ts';
import { dueWarnings } from '../../../src/budgets/warnings.ts';
import { openLedger, type Ledger } from '../../../src/library/index.ts';
import type { Calendar } from '../../../src/usage/query.ts';

/** Budgets while the clock, the rates, the disk or the calendar are not as usual. */

const calendarOf = (timeZone: string): Calendar => ({ timeZone, firstDayOfWeek: 1 });
const BERLIN = calendarOf('Europe/Berlin');
const NOW = Date.parse('2026-11-20T12:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const budgetOf = (more: Partial<Budget> = {}): Budget =>
  checkedBudget({ name: 'all', amount: '50', period: 'month', ...more });

let folder: string;
let ledger: Ledger;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'llm-spend-budgets-'));
  ledger = openLedger({ ledger: path.join(folder, 'costs.json'), pricing: false });
});
afterEach(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true });
});

const spend = (cost: number, timestamp: string): Promise<unknown> =>
  ledger.track({ provider: 'openai', model: 'gpt-5', operation: 'chat', timestamp, cost_usd: cost });
const stateOf = async (more: Partial<Budget> = {}, now = NOW): Promise<BudgetState> => {
  await ledger.refresh();
  return budgetState(budgetOf(more), ledger, now, BERLIN);
};
const warned = async (state: BudgetState, now = NOW): Promise<number[]> => {
  const alerts = path.join(folder, 'alerts');
  const { warnings } = await dueWarnings([state], { answers: ledger, calendar: BERLIN, now, folder: alerts });
  for (const { shown } of warnings) await shown();
  return warnings.map(({ level }) => level);
};

describe('daylight saving', () => {
  test.each<[string, Partial<Budget>, string, string, string]>([
    // 25 and 23 hours.
    ['Europe/Berlin', { period: 'day' }, '2026-10-25T12:00Z', '2026-10-24T22:00Z', '2026-10-25T23:00Z'],
    ['Europe/Berlin', { period: 'day' }, '2026-03-29T12:00Z', '2026-03-28T23:00Z', '2026-03-29T22:00Z'],
    ['Europe/Berlin', { period: 'week' }, '2026-03-29T12:00Z', '2026-03-22T23:00Z', '2026-03-29T22:00Z'],
    ['Europe/Berlin', { period: '2d' }, '2026-10-25T12:00Z', '2026-10-23T22:00Z', '2026-10-25T23:00Z'],
    ['Europe/Berlin', { period: 'month', start: 25 }, '2026-10-25T12:00Z', '2026-10-24T22:00Z', '2026-11-24T23:00Z'],
    // This day has no midnight: it begins at 1 o'clock.
    ['Africa/Cairo', { period: 'day' }, '2026-04-24T12:00Z', '2026-04-23T22:00Z', '2026-04-24T21:00Z'],
    ['Africa/Cairo', { period: 'day' }, '2026-04-23T21:59Z', '2026-04-22T22:00Z', '2026-04-23T22:00Z'],
    // Half an hour.
    ['Australia/Lord_Howe', { period: 'day' }, '2026-04-04T18:00Z', '2026-04-04T13:00Z', '2026-04-05T13:30Z'],
  ])('%s, %j at %s', (timeZone, more, now, since, until) => {
    const found = periodOf(budgetOf(more), Date.parse(now), calendarOf(timeZone));
    expect([found.since, found.until].map((ms) => new Date(ms).toISOString())).toEqual(
      [since, until].map((text) => new Date(text).toISOString()),
    );
  });

  test('periods of any zone contain their instant and leave no gap', () => {
    const zones = fc.constantFrom(
      'Africa/Cairo',
      'America/Sao_Paulo',
      'Asia/Beirut',
      'Australia/Lord_Howe',
      'Europe/Berlin',
      'Pacific/Apia',
    );
    const periods = fc.constantFrom<Partial<Budget>>(
      { period: 'day' },
      { period: 'week' },
      { period: 'week', start: 7 },
      { period: 'month', start: 31 },
      { period: 'year' },
    );
    const times = fc.integer({ min: Date.parse('2010-01-01'), max: Date.parse('2030-01-01') });
    fc.assert(
      fc.property(zones, periods, times, (timeZone, more, now) => {
        const calendar = calendarOf(timeZone);
        const { since, until, key } = periodOf(budgetOf(more), now, calendar);
        expect(since <= now && now < until).toBe(true);
        const next = periodOf(budgetOf(more), until, calendar);
        expect(next.since).toBe(until);
        expect(next.key).not.toBe(key);
        expect(periodOf(budgetOf(more), since, calendar).key).toBe(key);
        expect(periodOf(budgetOf(more), until - 1, calendar).key).toBe(key);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a clock that jumps', () => {
  test('back and forth within a period gives no second warning', async () => {
    await spend(60, '2026-11-03T10:00:00Z');
    expect(await warned(await stateOf())).toEqual([100]);
    for (const now of [NOW - 10 * DAY, NOW + 5 * DAY, NOW])
      expect(await warned(await stateOf({}, now), now)).toEqual([]);
  });

  test('a claim of the future, whose process has died, holds no warning back', async () => {
    await spend(60, '2026-11-03T10:00:00Z');
    const state = await stateOf();
    const alerts = path.join(folder, 'alerts');
    // Claimed, but not shown.
    expect(claimCrossing(state, NOW + 300 * DAY, alerts)?.level).toBe(100);
    expect(await warned(state)).toEqual([100]);
  });

  test('a snooze and a permission that were made in the future have ended', async () => {
    const state = await stateOf();
    snooze(state, NOW + 12 * HOUR, folder);
    expect(snoozedUntil(state, NOW, folder)).toBe(NOW + 12 * HOUR);
    expect(snoozedUntil(state, NOW - 30 * DAY, folder)).toBeUndefined();
    await allow({ until: NOW + 12 * HOUR, isOnce: false }, folder);
    expect(useAllowance(NOW, folder)).toBe(true);
    expect(useAllowance(NOW - 30 * DAY, folder)).toBe(false);
    expect(useAllowance(NOW + 13 * HOUR, folder)).toBe(false);
  });
});

test('an import of old logs never warns about periods that have passed', async () => {
  for (const day of ['2026-10-30', '2026-09-10', '2025-11-20', '2026-12-01']) await spend(500, `${day}T12:00:00Z`);
  for (const period of ['day', 'week', 'month', '20d']) {
    const state = await stateOf({ period });
    expect([period, state.spent, state.level]).toEqual([period, 0n, undefined]);
    expect(await warned(state)).toEqual([]);
  }
  expect(existsSync(path.join(folder, 'alerts'))).toBe(false);
});

test('a currency without a rate yet is never surely below its limit', async () => {
  await spend(500, '2026-11-03T10:00:00Z');
  const currency = { currency: 'EUR', rates: { '2026-11-21': '0.9' } };
  expect(await stateOf({ currency })).toMatchObject({ spent: 0n, isOver: false, isAtLeast: true });
});

test('in a folder that cannot be written, a process warns once for each level', async () => {
  // A file in place of the folder: root may write into any folder.
  writeFileSync(path.join(folder, 'alerts'), '');
  await spend(40, '2026-11-03T10:00:00Z');
  expect(await warned(await stateOf())).toEqual([80]);
  expect(await warned(await stateOf())).toEqual([]);
  await spend(20, '2026-11-03T10:00:00Z');
  expect(await warned(await stateOf())).toEqual([100]);
  expect(await warned(await stateOf())).toEqual([]);
  expect(readdirSync(folder)).toContain('alerts');
});
