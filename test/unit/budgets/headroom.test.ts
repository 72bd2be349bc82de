import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { headroomOf, type BudgetState } from '../../../src/budgets/budgetState.ts';
import { changeBudgets } from '../../../src/budgets/budgetFile.ts';
import { BELOW, headroomBasis, keepAnswer, keptAnswer } from '../../../src/budgets/headroom.ts';
import { defaultCountedLedgers } from '../../../src/library/countedLedgers.ts';
import { openLedger, type Ledger } from '../../../src/library/index.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const MIDNIGHT = Date.parse('2026-11-21T00:00:00Z');
const BUDGET = { name: 'all', amount: '10', period: 'month', levels: [80] };

type JsonRecord = Record<string, unknown> & { usage_id?: string };

let folder: string;
let imported: Ledger;
let own: Ledger;
/** The id of its record. */
let first: string;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'llm-spend-headroom-'));
  vi.stubEnv('XDG_CONFIG_HOME', folder);
  vi.stubEnv('XDG_STATE_HOME', folder);
  vi.stubEnv('HOME', folder);
  vi.stubEnv('LLM_SPEND_LEDGER', undefined);
  const config = path.join(folder, 'llm-spend');
  own = openLedger({ ledger: path.join(config, 'costs.json'), pricing: false });
  imported = openLedger({ ledger: path.join(config, 'imported.db'), pricing: false });
  first = (await spend(own, 1)).usage_id;
  await own.flush();
  await spend(imported, 1);
  await changeBudgets(() => [BUDGET]);
});
afterEach(async () => {
  await own.close();
  await imported.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const spend = (ledger: Ledger, cost: number): Promise<{ usage_id: string }> =>
  ledger.track({ provider: 'a', model: 'b', operation: 'c', cost_usd: cost, timestamp: '2026-11-20T11:00:00Z' });
const jsonPath = (): string => path.join(folder, 'llm-spend', 'costs.json');
const JSON_RECORD = { provider: 'a', model: 'b', operation: 'c', timestamp: '2026-11-20T11:00:00Z', cost_usd: 0.001 };
/** As a program that does not know our files beside the ledger. */
const rewrite = (change: (records: readonly JsonRecord[]) => readonly object[]): void => {
  const records = JSON.parse(readFileSync(jsonPath(), 'utf8')) as JsonRecord[];
  const text = change(records).map((each) => JSON.stringify(each));
  writeFileSync(`${jsonPath()}.new`, `[\n  ${text.join(',\n  ')}\n]\n`);
  renameSync(`${jsonPath()}.new`, jsonPath());
};
const isKept = (now: number): boolean => keptAnswer(now, defaultCountedLedgers) !== undefined;
const keep = (left = 6_000_000_000n): void =>
  keepAnswer(headroomBasis(NOW, defaultCountedLedgers()), BELOW, left, MIDNIGHT);

test('without budgets there is nothing to check; without a kept headroom nothing is sure', () => {
  expect(isKept(NOW)).toBe(false);
  rmSync(path.join(folder, 'llm-spend', 'budgets.json'));
  expect(isKept(NOW)).toBe(true);
});

test('new records of a database use it up, to the nano-dollar', async () => {
  keep();
  expect(isKept(NOW)).toBe(true);
  await spend(imported, 5.999999999);
  expect(isKept(NOW)).toBe(true);
  await spend(imported, 0.000000001);
  expect(isKept(NOW)).toBe(false);
});

test('new records of a JSON ledger use it up, to the nano-dollar, also before they are in its file', async () => {
  keep();
  await spend(own, 2);
  await own.flush();
  await spend(own, 3.999999999);
  expect(isKept(NOW)).toBe(true);
  await own.flush();
  expect(isKept(NOW)).toBe(true);
  await spend(own, 0.000000001);
  expect(isKept(NOW)).toBe(false);
});

test('records that another program added to a JSON ledger use it up', () => {
  keep();
  rewrite((records) => [...records, { ...records[0]!, usage_id: 'other', cost_usd: 5.999999999 }]);
  expect(isKept(NOW)).toBe(true);
  rewrite((records) => [...records, { ...records[0]!, usage_id: 'one more', cost_usd: 0.000000001 }]);
  expect(isKept(NOW)).toBe(false);
});

test('a large JSON ledger is not read again for what our commits added to it', async () => {
  const note = { ...JSON_RECORD, note: 'x'.repeat(9_000) };
  writeFileSync(jsonPath(), JSON.stringify(Array.from({ length: 1_000 }, (_, i) => ({ ...note, usage_id: `${i}` }))));
  keep();
  for (let i = 0; i < 3; i++) {
    await spend(own, 0.5);
    await own.flush();
    expect(isKept(NOW)).toBe(true);
  }
  rewrite((records) => [...records, JSON_RECORD]);
  expect(isKept(NOW)).toBe(false);
});

test('it counts for one day, never before it was determined', () => {
  keep();
  expect(isKept(NOW - 1)).toBe(false);
  expect(isKept(MIDNIGHT - 1)).toBe(true);
  expect(isKept(MIDNIGHT)).toBe(false);
});

test.each<[string, () => unknown]>([
  ['a removal from a JSON ledger', async () => own.remove([first])],
  ['an edit of a JSON ledger', async () => own.setCosts([{ usageId: first, fields: { cost_usd: 1.5 } }])],
  ['an edit by another program', () => rewrite((records) => records.map((each) => ({ ...each, cost_usd: 1.5 })))],
  ['a removal from the database', async () => imported.remove([(await spend(imported, 1)).usage_id])],
  ['another budget', () => changeBudgets(() => [{ ...BUDGET, amount: '1' }])],
  ['a touched file of budgets', () => utimesSync(path.join(folder, 'llm-spend', 'budgets.json'), 1, 1)],
  ['another time zone', () => vi.stubEnv('TZ', 'Asia/Tokyo')],
  ['another ledger', () => vi.stubEnv('LLM_SPEND_LEDGER', path.join(folder, 'other.json'))],
  [
    'a new ledger of inkwell',
    () => {
      mkdirSync(path.join(folder, 'inkwell'));
      writeFileSync(path.join(folder, 'inkwell', 'costs.json'), '[]');
    },
  ],
  ['a damaged state', () => writeFileSync(path.join(folder, 'llm-spend', 'budget-headroom.json'), '{')],
])('%s makes it unsure', async (_, change) => {
  keep();
  expect(isKept(NOW)).toBe(true);
  await change();
  expect(isKept(NOW)).toBe(false);
});

test('the least headroom of all budgets counts, at the most expensive rate', () => {
  const state = (limit: bigint, spent: bigint, currency?: object): BudgetState =>
    ({ budget: { ...BUDGET, currency }, limit, spent }) as unknown as BudgetState;
  const rates = { currency: 'EUR', rates: { '2026-01-01': '0.5', '2026-02-01': '2' } };
  expect(headroomOf([state(100n, 20n), state(1_000n, 790n)], 80)).toBe(10n);
  expect(headroomOf([state(100n, 80n)], 80)).toBeUndefined();
  // 100 EUR, of which 60 are spent: 20 are left until 80 %, that is $10 at 2 EUR a dollar.
  expect(headroomOf([state(100n * 10n ** 21n, 60n * 10n ** 21n, rates)], 80)).toBe(10n * 10n ** 9n);
});

test('an answer is repeated word for word until a cost changes it', async () => {
  const answer = { answer: '{"stop":"yes"}', isOver: true };
  keepAnswer(headroomBasis(NOW, defaultCountedLedgers()), answer, 1n, MIDNIGHT);
  expect(keptAnswer(NOW, defaultCountedLedgers)).toEqual(answer);
  await imported.track({ provider: 'a', model: 'b', operation: 'c', timestamp: '2026-11-20T11:00:00Z' });
  expect(keptAnswer(NOW, defaultCountedLedgers)).toEqual(answer);
  await spend(imported, 0.000000001);
  expect(keptAnswer(NOW, defaultCountedLedgers)).toBeUndefined();
});
