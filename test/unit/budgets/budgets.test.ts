import * as fc from 'fast-check';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BudgetError, checkedBudget, type Budget } from '../../../src/budgets/budget.ts';
import { budgetsPath, changeBudgets, readBudgets } from '../../../src/budgets/budgetFile.ts';
import { periodOf } from '../../../src/budgets/budgetPeriod.ts';
import { budgetState, type BudgetState } from '../../../src/budgets/budgetState.ts';
import { claimCrossing, sharedWarningId } from '../../../src/budgets/claims.ts';
import { openLedger, type Ledger } from '../../../src/library/index.ts';
import type { Calendar } from '../../../src/usage/query.ts';
import { costNanos } from '../../../src/usage/query.ts';

const BERLIN: Calendar = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };
const NOW = Date.parse('2026-11-20T12:00:00Z');
const budgetOf = (more: Partial<Budget> = {}): Budget =>
  checkedBudget({ name: 'all', amount: '50', period: 'month', ...more });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'llm-spend-budgets-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the period that contains an instant', () => {
  const span = (more: Partial<Budget>, now: string): [string, string] => {
    const { since, until } = periodOf(budgetOf(more), Date.parse(now), BERLIN);
    return [new Date(since).toISOString(), new Date(until).toISOString()];
  };
  test.each<[Partial<Budget>, string, string, string]>([
    [{ period: 'day' }, '2026-11-20T12:00:00Z', '2026-11-19T23:00:00.000Z', '2026-11-20T23:00:00.000Z'],
    [{ period: 'week' }, '2026-11-20T12:00:00Z', '2026-11-15T23:00:00.000Z', '2026-11-22T23:00:00.000Z'],
    [{ period: 'week', start: 7 }, '2026-11-21T22:59:00Z', '2026-11-14T23:00:00.000Z', '2026-11-21T23:00:00.000Z'],
    [{ period: 'month' }, '2026-11-20T12:00:00Z', '2026-10-31T23:00:00.000Z', '2026-11-30T23:00:00.000Z'],
    [{ period: 'year' }, '2026-11-20T12:00:00Z', '2025-12-31T23:00:00.000Z', '2026-12-31T23:00:00.000Z'],
    // Daylight saving ends on 2026-10-25.
    [{ period: 'month' }, '2026-10-26T12:00:00Z', '2026-09-30T22:00:00.000Z', '2026-10-31T23:00:00.000Z'],
    [{ period: 'month', start: 15 }, '2026-11-14T12:00:00Z', '2026-10-14T22:00:00.000Z', '2026-11-14T23:00:00.000Z'],
    [{ period: 'month', start: 15 }, '2026-11-15T12:00:00Z', '2026-11-14T23:00:00.000Z', '2026-12-14T23:00:00.000Z'],
    [{ period: 'month', start: 31 }, '2026-02-28T12:00:00Z', '2026-02-27T23:00:00.000Z', '2026-03-30T22:00:00.000Z'],
    [{ period: '7d' }, '2026-11-20T12:00:00Z', '2026-11-13T23:00:00.000Z', '2026-11-20T23:00:00.000Z'],
    [
      { period: 'once', since: '2026-10-24', until: '2026-10-25' },
      '2026-11-20T12:00:00Z',
      '2026-10-23T22:00:00.000Z',
      '2026-10-25T23:00:00.000Z',
    ],
  ])('%j at %s', (more, now, since, until) => {
    expect(span(more, now)).toEqual([since, until]);
  });

  test('a week begins on the day of the budget, not of the locale', () => {
    const weeks = [1, 6, 7].map((firstDayOfWeek) =>
      periodOf(budgetOf({ period: 'week' }), NOW, { ...BERLIN, firstDayOfWeek }),
    );
    expect(new Set(weeks.map(({ since, key }) => `${new Date(since).toISOString()} ${key}`))).toEqual(
      new Set(['2026-11-15T23:00:00.000Z week 2026-11-16 Europe/Berlin']),
    );
  });

  test('it contains the instant, follows the one before it, and its key names it alone', () => {
    const times = fc.integer({ min: Date.parse('2020-01-01'), max: Date.parse('2030-01-01') });
    const kinds = fc.constantFrom<Partial<Budget>>(
      { period: 'day' },
      { period: 'week' },
      { period: 'week', start: 6 },
      { period: 'month' },
      { period: 'month', start: 31 },
      { period: 'year' },
    );
    fc.assert(
      fc.property(times, kinds, (now, kind) => {
        const period = periodOf(budgetOf(kind), now, BERLIN);
        expect(period.since <= now && now < period.until).toBe(true);
        const before = periodOf(budgetOf(kind), period.since - 1, BERLIN);
        expect(before.until).toBe(period.since);
        expect(before.key).not.toBe(period.key);
        expect(periodOf(budgetOf(kind), period.until - 1, BERLIN)).toEqual(period);
      }),
    );
  });
});

describe('an entry that breaks a rule', () => {
  test.each<[string, unknown, string]>([
    ['no object', 5, 'budget'],
    ['no name', { amount: '5', period: 'day' }, 'name'],
    ['an amount that is none', { name: 'a', amount: '1,5', period: 'day' }, 'amount'],
    ['an amount of zero', { name: 'a', amount: '0', period: 'day' }, 'amount'],
    ['a negative amount', { name: 'a', amount: '-1', period: 'day' }, 'amount'],
    ['a period that is none', { name: 'a', amount: '5', period: 'fortnight' }, 'period'],
    ['once without dates', { name: 'a', amount: '5', period: 'once' }, 'since'],
    [
      'dates that are swapped',
      { name: 'a', amount: '5', period: 'once', since: '2026-02-01', until: '2026-01-01' },
      'since',
    ],
    ['a day that no month has', { name: 'a', amount: '5', period: 'month', start: 32 }, 'start'],
    ['a level of zero', { name: 'a', amount: '5', period: 'day', levels: [0] }, 'levels.0'],
    ['a field that we do not know', { name: 'a', amount: '5', period: 'day', limit: 5 }, 'limit'],
    ['a filter that we do not know', { name: 'a', amount: '5', period: 'day', filter: { colour: ['x'] } }, 'filter'],
    ['a scope that we do not know', { name: 'a', amount: '5', period: 'day', scope: 'world' }, 'scope'],
    ['a currency without a rate', { name: 'a', amount: '5', period: 'day', currency: { currency: 'EUR' } }, 'currency'],
  ])('%s names the field', (_, entry, field) => {
    const error = ((): unknown => {
      try {
        return checkedBudget(entry);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(BudgetError);
    expect((error as BudgetError).field).toMatch(field);
  });
});

describe('whose calls a budget covers', () => {
  test('is stored only where it is not this machine', () => {
    const scopeOf = (scope: unknown): unknown =>
      Object.entries(checkedBudget({ name: 'a', amount: '5', period: 'day', scope })).find(([key]) => key === 'scope');
    expect([scopeOf('machine'), scopeOf('me'), scopeOf('team')]).toEqual([
      undefined,
      ['scope', 'me'],
      ['scope', 'team'],
    ]);
  });

  test('names its warnings equally on machines whose filters are ordered differently', () => {
    const idOf = (more: Partial<Budget>, user = 'ann'): string => {
      const budget = budgetOf({ scope: 'me', ...more });
      return sharedWarningId({ budget, period: periodOf(budget, NOW, BERLIN) } as BudgetState, 80, user);
    };
    const id = idOf({ amount: '50', filter: { project: ['a', 'b'], model: ['m'] } });
    expect(idOf({ amount: '50.00', filter: { model: ['m'], project: ['b', 'a'] } })).toBe(id);
    expect(idOf({ amount: '50', filter: { project: ['a'], model: ['m'] } })).not.toBe(id);
    expect(idOf({ filter: { project: ['a', 'b'], model: ['m'] } }, 'bob')).not.toBe(id);
    expect(idOf({ scope: 'team' }, 'bob')).toBe(idOf({ scope: 'team' }, 'ann'));
  });
});

describe('budgets.json', () => {
  test('a bad entry is named by its line, and the others count', () => {
    const file = budgetsPath(folder);
    writeFileSync(
      file,
      '[\n  {"name":"a","amount":"5","period":"day"},\n  {"name":"b [\\"],\\n","amount":"x","period":"day"},\n\n  {"name":"a","amount":"6","period":"day"}\n]\n',
    );
    const { budgets, problems } = readBudgets(file);
    expect(budgets.map(({ name, levels }) => [name, levels])).toEqual([['a', [50, 80, 100]]]);
    expect(problems).toEqual([
      expect.stringContaining('line 3: amount'),
      expect.stringContaining('line 5: another budget'),
    ]);
  });

  test('an amount may be a number, and what is missing or wrong is named', () => {
    const file = budgetsPath(folder);
    const entries = ['"amount":12.5', '"amount":-1', '"amount":1e400', '"amount":[5]', '"x":1'];
    const lines = entries.map((entry, i) => `{"name":"b${i}",${entry},"period":"day"}`);
    writeFileSync(file, `[\n${lines.join(',\n')},\n{"name":"c","amount":5}\n]\n`);
    const { budgets, problems } = readBudgets(file);
    expect(budgets.map(({ name, amount }) => [name, amount])).toEqual([['b0', '12.5']]);
    const isNoAmount = 'amount: must be an amount such as 50 or 12.50';
    expect(problems.map((problem) => problem.slice(file.length + 2))).toEqual([
      ...[3, 4, 5, 6].map((line) => `line ${line}: ${isNoAmount}. Correct it, or remove the entry.`),
      expect.stringMatching(/^line 7: period: must be day, week,/),
    ]);
  });

  test('ten changes at once are all there, and what is not ours stays', async () => {
    const file = budgetsPath(folder);
    writeFileSync(file, '[{"name":"mine","amount":"oops"}]');
    const add = (n: number): Promise<void> =>
      changeBudgets((entries) => [...entries, budgetOf({ name: `b${n}` })], file);
    await Promise.all(Array.from({ length: 10 }, (_, n) => add(n)));
    expect(readBudgets(file).budgets).toHaveLength(10);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toContainEqual({ name: 'mine', amount: 'oops' });
  });

  test('a file that is no list is refused, and left as it is', async () => {
    const file = budgetsPath(folder);
    writeFileSync(file, '{"a":1}');
    expect(() => readBudgets(file)).toThrow('is not a list of budgets');
    await expect(changeBudgets((entries) => entries, file)).rejects.toThrow('is not a list of budgets');
    expect(readFileSync(file, 'utf8')).toBe('{"a":1}');
  });
});

describe('where a budget stands', () => {
  let ledger: Ledger;
  beforeEach(() => {
    ledger = openLedger({ ledger: path.join(folder, 'costs.json'), pricing: false });
  });
  afterEach(() => ledger.close());

  const spend = (cost: number | undefined, timestamp: string, project = 'site'): Promise<unknown> =>
    ledger.track({
      provider: 'openai',
      model: 'gpt-5',
      operation: 'chat',
      timestamp,
      project,
      ...(cost === undefined ? {} : { cost_usd: cost }),
    });
  const stateOf = async (more: Partial<Budget> = {}): Promise<BudgetState> => {
    await ledger.refresh();
    return budgetState(budgetOf(more), ledger, NOW, BERLIN);
  };

  test('the level, the share and the limit, to the nano-dollar', async () => {
    await spend(39.999999999, '2026-11-03T10:00:00Z');
    // Before and after the period, and of another project.
    await spend(100, '2026-10-31T22:59:59Z');
    await spend(100, '2026-11-30T23:00:00Z');
    await spend(100, '2026-11-04T10:00:00Z', 'other');
    const filter = { project: ['site'] };
    expect(await stateOf({ filter })).toMatchObject({
      spent: 39_999_999_999n,
      percent: 79.99,
      level: 50,
      isOver: false,
    });
    await spend(0.000000001, '2026-11-04T10:00:00Z');
    expect(await stateOf({ filter })).toMatchObject({
      spent: 40_000_000_000n,
      percent: 80,
      level: 80,
      isAtLeast: false,
    });
    await spend(10, '2026-11-04T10:00:00Z');
    expect(await stateOf({ filter })).toMatchObject({ percent: 100, level: 100, isOver: true });
  });

  test('a call of unknown cost makes it a lower bound', async () => {
    await spend(1, '2026-11-03T10:00:00Z');
    await spend(undefined, '2026-11-03T10:00:00Z');
    expect(await stateOf()).toMatchObject({ isAtLeast: true, level: undefined, totals: { records: 2, unpriced: 1 } });
  });

  test('in another currency each day has its rate, and a day without one makes it a lower bound', async () => {
    const currency = { currency: 'EUR', rates: { '2026-11-05': '0.5', '2026-11-10': '0.25' } };
    await spend(40, '2026-11-06T10:00:00Z');
    await spend(40, '2026-11-11T10:00:00Z');
    expect(await stateOf({ amount: '30', currency })).toMatchObject({ percent: 100, isOver: true, isAtLeast: false });
    await spend(40, '2026-11-04T10:00:00Z');
    expect(await stateOf({ amount: '30', currency })).toMatchObject({ percent: 100, isAtLeast: true });
  });

  test('the sum is the one of costs, for any filter, period and zone', async () => {
    const usages = fc.array(
      fc.record({
        cost: fc.integer({ min: 0, max: 10 ** 9 }),
        minutes: fc.integer({ min: 0, max: 60 * 24 * 70 }),
        project: fc.constantFrom('a', 'b'),
      }),
      { minLength: 1, maxLength: 20 },
    );
    const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Kiritimati', 'UTC');
    const periods = fc.constantFrom('day', 'week', 'month', 'year', '30d');
    await fc.assert(
      fc.asyncProperty(
        usages,
        zones,
        periods,
        fc.constantFrom(['a'], ['b'], ['a', 'b']),
        async (all, timeZone, period, project) => {
          await ledger.clear();
          for (const { cost, minutes, project: of } of all) {
            await spend(cost / 1e9, new Date(NOW - minutes * 60_000).toISOString(), of);
          }
          await ledger.refresh();
          const calendar = { timeZone, firstDayOfWeek: 1 };
          const state = await budgetState(budgetOf({ period, filter: { project } }), ledger, NOW, calendar);
          const { since, until } = state.period;
          const wanted = await ledger.summary({ since, until, values: { project } });
          expect(state.spent).toBe(costNanos(wanted));
          expect(state.totals).toEqual(wanted);
        },
      ),
      { numRuns: 12 },
    );
  });
});

describe('the claim of a crossing', () => {
  const crossed = (more: Partial<BudgetState> = {}): BudgetState =>
    ({
      budget: budgetOf(),
      period: periodOf(budgetOf(), NOW, BERLIN),
      level: 80,
      ...more,
    }) as BudgetState;

  test('is made once, and speaks for the lower levels', () => {
    const first = claimCrossing(crossed(), NOW, folder);
    expect(first?.level).toBe(80);
    first!.shown();
    expect(claimCrossing(crossed(), NOW, folder)).toBeUndefined();
    expect(claimCrossing(crossed({ level: 50 }), NOW, folder)).toBeUndefined();
    expect(claimCrossing(crossed({ level: 100 }), NOW, folder)?.level).toBe(100);
  });

  test('a total that falls and rises again is no new crossing; a raised amount is', () => {
    claimCrossing(crossed(), NOW, folder)!.shown();
    expect(claimCrossing(crossed({ level: undefined }), NOW, folder)).toBeUndefined();
    expect(claimCrossing(crossed(), NOW + 86_400_000, folder)).toBeUndefined();
    expect(claimCrossing(crossed({ budget: budgetOf({ amount: '60' }) }), NOW, folder)?.level).toBe(80);
  });

  test('the next period warns again', () => {
    claimCrossing(crossed(), NOW, folder)!.shown();
    const period = periodOf(budgetOf(), NOW + 20 * 86_400_000, BERLIN);
    expect(claimCrossing(crossed({ period }), NOW + 20 * 86_400_000, folder)?.level).toBe(80);
  });

  test('a process that died before its message is replaced after a minute, once', () => {
    expect(claimCrossing(crossed(), NOW, folder)).toBeDefined();
    expect(claimCrossing(crossed(), NOW + 59_000, folder)).toBeUndefined();
    expect(claimCrossing(crossed(), NOW + 61_000, folder)?.level).toBe(80);
    expect(claimCrossing(crossed(), NOW + 62_000, folder)).toBeUndefined();
  });

  test('claims of long ago are removed', () => {
    claimCrossing(crossed(), NOW, folder)!.shown();
    const period = periodOf(budgetOf(), NOW + 500 * 86_400_000, BERLIN);
    claimCrossing(crossed({ period }), NOW + 500 * 86_400_000, folder)!.shown();
    expect(readdirSync(folder)).toHaveLength(2);
    expect(existsSync(folder)).toBe(true);
  });
});
