import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Ledger } from '../../../../src/ledger/ledger.ts';
import { migrate, type MigrationProgress } from '../../../../src/ledger/migrate.ts';
import { openStore } from '../../../../src/ledger/open.ts';
import type { StoredElement } from '../../../../src/ledger/results.ts';
import type { UsageInput } from '../../../../src/usage/record.ts';
import { MemoryContents, MemoryStore } from '../../../contract/memoryStore.ts';
import { call, stored } from '../../../contract/usages.ts';

/** The report of a migration, down to the sums of each month. */

let from: Ledger;
let to: Ledger;
let source: MemoryContents;
let target: MemoryContents;
beforeEach(() => {
  source = new MemoryContents();
  target = new MemoryContents();
  from = new Ledger(new MemoryStore('memory://from', source, Date.now));
  to = new Ledger(new MemoryStore('memory://to', target, Date.now));
});

const at = (id: string, timestamp: string, more: Partial<UsageInput> = {}): UsageInput =>
  call(id, { timestamp, ...more });
const NONE = { records: 0, tokens: 0, nanos: 0n };
const MONTH = '2026-11';

describe('the report of a migration', () => {
  it('has the sums of each month in UTC, of known costs alone, the months in order', async () => {
    await from.adopt(
      [
        at('d', '2026-12-01T00:00:00+01:00'),
        at('a', '2025-12-31T23:59:59.999Z', { cost_usd: 0.000000001 }),
        at('b', '2026-11-01T00:00:00Z', { cost_usd: 1.5 }),
        at('c', '2026-11-30T00:00:00Z', { cost_usd: 7, cost_known: false }),
        at('e', '2026-12-01T00:00:00Z', { input_tokens: Number.MAX_SAFE_INTEGER - 200 }),
        at('f', '2026-12-02T00:00:00Z', { input_tokens: Number.MAX_SAFE_INTEGER - 200 }),
      ].map(stored),
    );
    expect(await migrate(from, to)).toEqual({
      records: 6,
      adopted: 6,
      present: 0,
      differing: [],
      refused: [],
      unreadable: 0,
      interrupted: false,
      mismatches: [],
      months: [
        { month: '2025-12', records: 1, tokens: 1200, nanos: 1n },
        { month: MONTH, records: 3, tokens: 3600, nanos: 2_000_000_000n },
        { month: '2026-12', records: 2, tokens: 2n * BigInt(Number.MAX_SAFE_INTEGER), nanos: 1_000_000_000n },
      ],
    });
  });

  it('is of the records of the source alone, apart from those that the target has or refuses', async () => {
    await from.trackAll(['a', 'b', 'c', 'd'].map((id) => at(id, '2026-11-01T00:00:00Z')));
    await to.trackAll([at('a', '2026-11-01T00:00:00Z'), at('b', '2026-11-02T00:00:00Z', { cost_usd: 9 })]);
    await to.track(at('own', '2026-10-01T00:00:00Z'));
    const adopt = to.adopt.bind(to);
    to.adopt = async (elements) => {
      const result = await adopt(elements.filter(({ record }) => record.usage_id !== 'c'));
      return { ...result, refused: [{ usageId: 'c', reason: 'too large' }] };
    };
    // The target may have another record under a refused id, too.
    await to.track(at('c', '2026-11-03T00:00:00Z', { cost_usd: 9 }));
    expect(await migrate(from, to)).toMatchObject({
      records: 4,
      adopted: 1,
      present: 1,
      differing: ['b'],
      refused: [{ usageId: 'c', reason: 'too large' }],
      mismatches: [],
      months: [{ month: MONTH, records: 2, tokens: 2400, nanos: 1_000_000_000n }],
    });
  });

  /** The target has another record than it acknowledged. */
  const spoiled = async (change: (record: Record<string, unknown>) => void) => {
    await from.track(at('a', '2026-11-01T00:00:00Z'));
    const adopt = to.adopt.bind(to);
    to.adopt = async (elements: readonly StoredElement[]) => {
      const result = await adopt(elements);
      const record = JSON.parse(target.texts.get('a')!) as Record<string, unknown>;
      change(record);
      target.texts.set('a', JSON.stringify(record));
      target.changed();
      return result;
    };
    return (await migrate(from, to)).mismatches;
  };
  const there = { month: MONTH, records: 1, tokens: 1200, nanos: 500_000_000n };

  it('says which sums of a month differ', async () => {
    expect(await spoiled((record) => (record['cost_usd'] = 0.25))).toEqual([
      { source: there, target: { ...there, nanos: 250_000_000n } },
    ]);
  });

  it('says that tokens differ', async () => {
    expect(await spoiled((record) => (record['total_tokens'] = 7))).toEqual([
      { source: there, target: { ...there, tokens: 7 } },
    ]);
  });

  it('says in which month a record is that moved', async () => {
    expect(await spoiled((record) => (record['timestamp'] = '2026-12-01T00:00:00Z'))).toEqual([
      { source: there, target: { month: MONTH, ...NONE } },
      { source: { month: '2026-12', ...NONE }, target: { ...there, month: '2026-12' } },
    ]);
  });
});

it('a migration says how far it is, also when the ledgers grow meanwhile, and waits until others can read all', async () => {
  await from.trackAll([call('a'), call('b')]);
  const flush = vi.spyOn(to, 'flush');
  const steps: MigrationProgress[] = [];
  const onProgress = (progress: MigrationProgress): void => {
    steps.push(progress);
    if (progress.step === 'copying') target.texts.set('late', stored(call('late')).text);
  };
  await migrate(from, to, { onProgress });
  expect(steps).toEqual([
    { step: 'copying', done: 2, total: 2 },
    { step: 'comparing', done: 3, total: 3 },
  ]);
  expect(flush).toHaveBeenCalledOnce();
  const elements = (n: number): StoredElement[] => [stored(call(`${n}`))];
  vi.spyOn(to, 'stored').mockImplementation(async function* () {
    for (let i = 0; i < 4; i++) yield elements(i);
  });
  steps.length = 0;
  await migrate(from, to, { onProgress: (progress) => steps.push(progress) });
  expect(steps.slice(1).map(({ done, total }) => [done, total])).toEqual([
    [1, 3],
    [2, 3],
    [3, 3],
    [4, 4],
  ]);
});

it('a migration of nothing asks the target for nothing', async () => {
  await from.track(call('a'));
  await from.remove(['a']);
  const adopt = vi.spyOn(to, 'adopt');
  const progress = vi.fn();
  expect(await migrate(from, to, { onProgress: progress })).toMatchObject({ records: 0, months: [], mismatches: [] });
  expect(adopt).not.toHaveBeenCalled();
  expect(progress.mock.calls).toEqual([[{ step: 'comparing', done: 0, total: 0 }]]);
});

it('a migration copies some thousand records at a time', async () => {
  vi.spyOn(from, 'stored').mockImplementation(async function* () {
    for (let i = 0; i < 3; i++) yield Array.from({ length: 2_500 }, (_, n) => stored(call(`${i}-${n}`)));
  });
  await from.track(call('a'));
  const adopt = vi.spyOn(to, 'adopt');
  await migrate(from, to);
  expect(adopt.mock.calls.map(([elements]) => elements.length)).toEqual([5_000, 2_500]);
});

describe('a migration that cannot begin', () => {
  it('says why, with the remedy', async () => {
    await expect(migrate(from, to)).rejects.toMatchObject({
      code: 'no-folder',
      message: 'There is no ledger at memory://from.',
    });
    await expect(migrate(from, from)).rejects.toMatchObject({
      code: 'unsupported',
      message: 'memory://from is both source and target. Name two files.',
    });
    await from.track(call('a'));
    source.foreign.push('An element is no record.');
    source.changed();
    await expect(migrate(from, to)).rejects.toMatchObject({
      code: 'damaged',
      message: 'memory://from is damaged: An element is no record. Repair it first: llm-spend repair',
    });
    expect(target.texts.size).toBe(0);
  });

  it('says that the source is unavailable', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'llm-spend-migrating-'));
    try {
      const path = join(folder, 'costs.json');
      mkdirSync(path);
      const unavailable = new Ledger(openStore(path));
      await expect(migrate(unavailable, to)).rejects.toMatchObject({
        code: 'no-access',
        message: `${path} is unavailable: ${path} is a folder. Name a file in it, for example ${path}/costs.json.`,
      });
      await unavailable.close();
      vi.spyOn(from, 'refresh').mockResolvedValue({ ...from.state, health: 'unavailable', problems: [] });
      await expect(migrate(from, to)).rejects.toMatchObject({ message: 'memory://from is unavailable: .' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
