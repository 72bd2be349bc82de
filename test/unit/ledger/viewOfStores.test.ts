import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CostTracker } from '../../../src/library/costTracker.ts';
import { LedgerView } from '../../../src/ledger/view.ts';
import type { UsageInput } from '../../../src/usage/record.ts';

const USAGE: UsageInput = { provider: 'openai', model: 'gpt-5', operation: 'chat', cost_usd: 1 };
let folder: string;
let ledgers: CostTracker[];
let view: LedgerView;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-view-'));
});
afterEach(async () => {
  await view.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(...names: string[]): void {
  ledgers = names.map((name) => new CostTracker({ ledger: join(folder, name), pricing: false }));
  view = new LedgerView(ledgers);
}

const named = (...ids: string[]): UsageInput[] => ids.map((usage_id) => ({ ...USAGE, usage_id }));

async function total(): Promise<number> {
  await view.refresh();
  return (await view.summary()).records;
}

describe.each([
  ['costs.db', 'costs.json'],
  ['costs.json', 'costs.db'],
  ['a.db', 'b.sqlite'],
])('%s and %s as one', (first, second) => {
  it('count a record of both once, whichever gets it later', async () => {
    open(first, second);
    const [a, b] = ledgers as [CostTracker, CostTracker];
    await a.trackAll(named('1', '2', '3'));
    await b.trackAll(named('3', '4'));
    expect(await total()).toBe(4);
    await b.trackAll(named('1'));
    expect(await total()).toBe(4);
    await a.trackAll(named('4', '5'));
    expect(await total()).toBe(5);
    await a.remove(['3', '4']);
    expect(await total()).toBe(5);
    await a.undo();
    expect(await total()).toBe(5);
    await b.clear();
    expect(await total()).toBe(5);
    const page = await view.page({ filter: {}, sort: 'time', descending: false, offset: 0, limit: 10 });
    expect(page.rows.map(({ ledger }) => ledger)).toEqual(Array.from({ length: 5 }, () => a.path));
  });
});

it('looks up only what came since', async () => {
  open('costs.db', 'other.db');
  const [a, b] = ledgers as [CostTracker, CostTracker];
  await a.trackAll(named('1', '2'));
  await b.trackAll(named('2', '3'));
  expect(await total()).toBe(3);
  const asked = [vi.spyOn(a, 'addedSince'), vi.spyOn(b, 'addedSince')];
  await a.trackAll(named('3', '9'));
  expect(await total()).toBe(4);
  // b has not changed, and a says what came since its last cursor.
  expect(asked.map(({ mock }) => mock.calls.map(([cursor]) => typeof cursor))).toEqual([['string'], []]);
});
