import { expect, it, vi } from 'vitest';
import { planLedgerReprice, writtenSelection } from '../../../src/ledger/reprice.ts';
import { loadPricer } from '../../../src/pricing/price.ts';
import type { UsageInput } from '../../../src/usage/record.ts';
import { STORES } from '../../contract/stores.ts';
import { call } from '../../contract/usages.ts';

const memory = STORES.find(({ title }) => title === 'memory')!;
const NOW = Date.UTC(2026, 10, 28, 23, 30);
const unpriced = (id: string, model: string) => {
  const { cost_usd: _, ...usage } = call(id, { model });
  return usage;
};

async function ledgerOf(...usages: UsageInput[]) {
  const ledger = memory.make().open();
  await ledger.trackAll(usages);
  return ledger;
}

it('plans the records without a price, each to be changed only while it is as it was, and changes nothing', async () => {
  const ledger = await ledgerOf(unpriced('a', 'gpt-5'), call('b'), unpriced('c', 'gpt-5-mini'));
  const before = await ledger.read();
  const { changes, records } = await planLedgerReprice(ledger, loadPricer(), NOW);
  expect(records).toBe(3);
  expect(changes.map(({ usageId, before: was }) => [usageId, was])).toEqual([
    ['a', { cost_usd: 0, cost_known: false }],
    ['c', { cost_usd: 0, cost_known: false }],
  ]);
  for (const { fields } of changes) {
    expect(fields).toMatchObject({ cost_known: true, price_source: expect.any(String) as string });
    expect(fields.cost_usd).toBeGreaterThan(0);
  }
  expect(await ledger.read()).toEqual(before);
  expect((await ledger.setCosts(changes)).changed).toHaveLength(2);
});

it('takes the models that were named, by name or pattern, and recorded costs only where asked', async () => {
  const ledger = await ledgerOf(unpriced('a', 'gpt-5'), unpriced('b', 'gpt-5-mini'), call('c'), call('d'));
  const idsOf = async (...[models, recorded]: Parameters<typeof writtenSelection>) => {
    const { changes, records } = await planLedgerReprice(ledger, loadPricer(), NOW, writtenSelection(models, recorded));
    return [records, changes.map(({ usageId }) => usageId).join('')];
  };
  expect(await idsOf(undefined)).toEqual([4, 'ab']);
  expect(await idsOf(['gpt-5'])).toEqual([3, 'a']);
  expect(await idsOf(['gpt-5-*'])).toEqual([1, 'b']);
  expect(await idsOf(['claude-*', 'gpt-5*'])).toEqual([4, 'ab']);
  expect(await idsOf(['claude-*'])).toEqual([0, '']);
  expect(await idsOf(undefined, ['d'])).toEqual([4, 'abd']);
  expect(await idsOf(undefined, ['gpt-5'])).toEqual([4, 'abcd']);
  expect(await idsOf(['gpt-5-mini'], ['d'])).toEqual([1, 'b']);
});

it('notes the day of the repricing in UTC, and names the models that have no price', async () => {
  const ledger = await ledgerOf(unpriced('a', 'gpt-5'), unpriced('b', 'unheard-of'));
  const { changes, plan } = await planLedgerReprice(ledger, loadPricer(), NOW);
  expect(changes.map(({ fields }) => fields.price_source)).toEqual([
    expect.stringMatching(/ openai\/gpt-5; repriced 2026-11-28$/),
  ]);
  expect(plan).toMatchObject({ unpriced: [{ model: 'unheard-of', records: 1 }], recorded: 0, unchanged: 0 });
});

it('lets other work run between some thousand records', async () => {
  const ledger = await ledgerOf(...Array.from({ length: 4_001 }, (_, i) => call(`${i}`)));
  const records = await ledger.read();
  vi.spyOn(ledger, 'read').mockResolvedValue(records);
  let turns = 0;
  let next = setImmediate(function count(): void {
    turns++;
    next = setImmediate(count);
  });
  const { plan } = await planLedgerReprice(ledger, loadPricer(), NOW);
  clearImmediate(next);
  expect(plan.recorded).toBe(4_001);
  expect([2, 3]).toContain(turns);
});
