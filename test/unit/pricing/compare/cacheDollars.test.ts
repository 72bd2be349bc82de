import { expect, it } from 'vitest';
import { UsageTable } from '../../../../src/columns/table.ts';
import { cacheCosts, cachePass } from '../../../../src/pricing/compare/cacheDollars.ts';
import { partOf, UNCACHED } from '../../../../src/pricing/compare/cell.ts';
import { loadPricer, Pricer } from '../../../../src/pricing/price.ts';
import { loadPriceTable } from '../../../../src/pricing/table.ts';
import { PART_KINDS } from '../../../../src/pricing/tokens.ts';
import type { UsageRecord } from '../../../../src/usage/record.ts';
import { bundledProviders } from '../bundledData.ts';

const pricer = loadPricer();

/** A call of claude-sonnet-4-5: $3 input, $0.30 read, $3.75 written, $6 written for an hour, per million. */
function call(minute: number, [plain, read, written, hour = 0]: number[], session_id: string | null): UsageRecord {
  return {
    usage_id: `${session_id}-${minute}`,
    provider: 'anthropic',
    model: 'claude-sonnet-4-5',
    operation: 'chat',
    input_tokens: plain! + read! + written!,
    output_tokens: 0,
    total_tokens: plain! + read! + written!,
    cache_read_tokens: read!,
    cache_write_tokens: written!,
    cache_write_1h_tokens: hour,
    cost_usd: 0,
    cost_known: true,
    billing_mode: 'known',
    timestamp: new Date(Date.UTC(2026, 10, 1, 12, minute)).toISOString(),
    session_id,
  };
}

async function costsOf(records: readonly UsageRecord[], prices = pricer): Promise<ReturnType<typeof cacheCosts>> {
  const table = new UsageTable();
  const ledger = table.addLedger('costs.json');
  for (const record of records) table.add(ledger, record, 0);
  return cacheCosts([await table.passSliced(cachePass(prices, {}), async () => undefined)]);
}

it('tells what reading saved from what writing cost, to the nano-dollar', async () => {
  const { all } = await costsOf([call(0, [100, 0, 1000], 'a'), call(1, [50, 1000, 200], 'a')]);
  expect(all).toMatchObject({
    records: 2,
    inputTokens: 2350n,
    readTokens: 1000n,
    writtenTokens: 1200n,
    uncached: 2350n * 3000n,
    paid: 150n * 3000n + 1000n * 300n + 1200n * 3750n,
    savings: 2350n * 3000n - (150n * 3000n + 1000n * 300n + 1200n * 3750n),
    savedByReading: 1000n * 2700n,
    paidForWriting: 1200n * 3750n,
    surcharge: 1200n * 750n,
  });
});

it('counts apart what is not compared: calls without tokens, with impossible counts, or without a price', async () => {
  const { all } = await costsOf([
    call(0, [100, 0, 0], 'a'),
    call(1, [0, 0, 0], 'a'),
    call(2, [0, 0, 0], 'b'),
    { ...call(3, [5, 0, 0], 'a'), cache_read_tokens: 9 },
    { ...call(4, [5, 0, 0], 'a'), provider: 'nobody', model: 'unknown' },
  ]);
  expect([all.records, all.notCompared]).toEqual([1, { withoutTokens: 2, invalid: 1, withoutPrice: 1 }]);
});

it('leaves out the whole call where one of its parts has no price, and only it', async () => {
  const embedding = { ...call(1, [100, 0, 0], 'a'), provider: 'openai', model: 'text-embedding-3-small' };
  const { all } = await costsOf([
    // $0.02 per million for input; nothing is said about output.
    embedding,
    { ...embedding, usage_id: 'wrong', output_tokens: 7, total_tokens: 107, project: 'other' },
    call(2, [10, 0, 0], 'a'),
  ]);
  expect(all).toMatchObject({
    records: 2,
    inputTokens: 110n,
    paid: 100n * 20n + 10n * 3000n,
    uncached: 100n * 20n + 10n * 3000n,
    notCompared: { withoutTokens: 0, invalid: 0, withoutPrice: 1 },
  });
});

it('leaves out calls whose tokens have a price as they were read, but none if nothing had been cached', async () => {
  const prices = { cache_read_mtok: 0.5, output_mtok: 4 };
  const provider = { id: 'mine', name: 'Mine', api_pattern: '', pricing_urls: [] };
  const model = { id: 'read-only', name: 'Read only', match: { equals: 'read-only' }, prices };
  const date = '2026-11-28';
  const table = loadPriceTable({ providers: [...bundledProviders, { ...provider, models: [model] }], date });
  const read = { ...call(0, [0, 1000, 0], 'a'), provider: 'mine', model: 'read-only' };
  const written = { ...read, usage_id: 'output', cache_read_tokens: 0, input_tokens: 0, output_tokens: 50 };
  const { all, bySession } = await costsOf(
    [read, { ...written, session_id: 'b' }, call(1, [10, 0, 0], 'c')],
    new Pricer(table),
  );
  expect(all).toMatchObject({ records: 2, paid: 50n * 4000n + 10n * 3000n, readTokens: 0n, savings: 0n });
  expect(all.notCompared).toEqual({ withoutTokens: 0, invalid: 0, withoutPrice: 1 });
  expect(bySession.map(({ key, costs }) => [key, costs.records, costs.paid, costs.notCompared.withoutPrice])).toEqual([
    ['b', 1, 200_000n, 0],
    ['c', 1, 30_000n, 0],
    ['a', 0, 0n, 1],
  ]);
});

it('counts calls that write but name no session, and not those that only read', async () => {
  const { all, bySession } = await costsOf([
    call(0, [5, 0, 10], null),
    call(1, [5, 0, 20, 20], null),
    call(2, [5, 30, 0], null),
    call(3, [5, 0, 0], null),
    call(0, [5, 0, 40], 'a'),
    call(1, [5, 0, 50], 'a'),
    call(2, [5, 0, 60], 'a'),
    call(0, [5, 0, 70], 'b'),
  ]);
  expect(all.withoutSession).toBe(2);
  // Nobody knows whether calls without a session read what others of them wrote.
  const found = bySession.map(({ key, costs }) => {
    return [key, [costs.withoutSession, costs.writtenTokens, costs.neverReadTokens]] as const;
  });
  expect(new Map(found)).toEqual(
    new Map<string | null, unknown[]>([
      [null, [2, 30n, 0n]],
      ['a', [0, 150n, 150n]],
      ['b', [0, 70n, 70n]],
    ]),
  );
});

it('counts as never read what no later call of the session reads', async () => {
  const { all, bySession } = await costsOf([
    // The second call reads 600 of 1000 tokens, and the third nothing of what the second wrote.
    call(2, [0, 300, 0], 'a'),
    call(0, [100, 0, 1000], 'a'),
    call(1, [50, 600, 200, 200], 'a'),
    call(0, [0, 0, 70], 'b'),
    call(5, [0, 0, 10], null),
  ]);
  expect(all.neverReadTokens).toBe(400n + 200n + 70n);
  expect(all.neverRead).toBe(470n * 3750n + 200n * 6000n);
  expect(all.withoutSession).toBe(1);
  expect(bySession.find(({ key }) => key === 'b')!.costs).toMatchObject({ neverReadTokens: 70n, savings: -70n * 750n });
});

it('counts each part once if nothing were cached, cached audio and images among their own kind', () => {
  expect(UNCACHED.flat().toSorted((a, b) => a - b)).toEqual(PART_KINDS.map((_, part) => part));
  const holds = (kind: (typeof PART_KINDS)[number]): string[] =>
    UNCACHED[partOf(kind)]!.map((part) => PART_KINDS[part]!).toSorted();
  expect(holds('input')).toEqual(['cacheRead', 'cacheWrite1h', 'cacheWrite5m', 'input']);
  expect(holds('inputAudio')).toEqual(['cacheAudioRead', 'inputAudio']);
  expect(holds('inputImage')).toEqual(['cacheImageRead', 'inputImage']);
  expect(holds('output')).toEqual(['output']);
});
