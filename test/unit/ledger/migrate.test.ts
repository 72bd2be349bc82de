import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../../../src/ledger/migrate.ts';
import { CostTracker } from '../../../src/library/costTracker.ts';
import { LedgerError } from '../../../src/ledger/results.ts';
import { LONG } from '../../long.ts';
import { records } from '../usage/records.ts';

let folder: string;
const open: CostTracker[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llm-spend-migrate-'))));
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
  rmSync(folder, { recursive: true, force: true });
});

function ledger(name: string): CostTracker {
  const tracker = new CostTracker({ ledger: join(folder, name), pricing: false });
  open.push(tracker);
  return tracker;
}

/** Six thousand records over decades, one of which has content that parsing would lose. */
const SAMPLE = fc.sample(records, { numRuns: 6_000, seed: 3 }).map((record, i) => {
  const one = { ...record, usage_id: `id-${i}` };
  const text = JSON.stringify(one);
  return { record: one, text: i === 5 ? `${text.slice(0, -1)},"exact":12345678901234567890.10}` : text };
});

async function filled(name: string, count = SAMPLE.length): Promise<CostTracker> {
  const source = ledger(name);
  await source.adopt(SAMPLE.slice(0, count));
  await source.flush();
  return source;
}

const WAYS = [
  ['costs.json', 'costs.db'],
  ['costs.db', 'costs.json'],
  ['a.db', 'b.sqlite'],
  ['a.json', 'b.json'],
] as const;

describe.each(LONG ? WAYS : WAYS.slice(0, 2))('migrating %s to %s', (from, to) => {
  it('takes everything over, and says so by month', async () => {
    const source = await filled(from);
    const target = ledger(to);
    const progress: number[] = [];
    const result = await migrate(source, target, { onProgress: ({ done }) => progress.push(done) });
    expect(result).toMatchObject({ records: 6_000, adopted: 6_000, present: 0, mismatches: [], interrupted: false });
    expect(result.months.length).toBeGreaterThan(100);
    expect(progress.length).toBeGreaterThan(2);
    expect(await target.read()).toEqual(await source.read());
    expect(await target.summary()).toEqual(await source.summary());
    for await (const elements of target.stored()) {
      for (const { text } of elements)
        if (text.includes('"id-5"')) expect(text).toContain('"exact":12345678901234567890.10');
    }
  });

  it('goes on where it was interrupted', async () => {
    const source = await filled(from);
    const target = ledger(to);
    const interrupt = new AbortController();
    const first = await migrate(source, target, { signal: interrupt.signal, onProgress: () => interrupt.abort() });
    expect(first.interrupted).toBe(true);
    expect(first.adopted).toBeGreaterThan(0);
    expect(first.adopted).toBeLessThan(6_000);
    const second = await migrate(source, target);
    expect(second).toMatchObject({ adopted: 6_000 - first.adopted, present: first.adopted, mismatches: [] });
    expect(await target.summary()).toEqual(await source.summary());
  });

  it('leaves what the target has under the same id, and says so', async () => {
    const source = await filled(from, 20);
    const target = ledger(to);
    await target.track({ usage_id: 'id-3', provider: 'p', model: 'other', operation: 'o' });
    await target.track({ usage_id: 'mine', provider: 'p', model: 'm', operation: 'o', cost_usd: 1 });
    const result = await migrate(source, target);
    expect(result).toMatchObject({ adopted: 19, differing: ['id-3'], mismatches: [] });
    expect((await target.read()).find(({ usage_id }) => usage_id === 'id-3')?.model).toBe('other');
  });
});

describe('migrating', () => {
  it('says how far it is, copying and then comparing, and can be ended in both', async () => {
    const source = await filled('a.db', 5_500);
    const steps: unknown[] = [];
    const result = await migrate(source, ledger('b.db'), {
      onProgress: ({ step, done, total }) => steps.push([step, done, total]),
    });
    expect(steps.filter((each) => String(each).startsWith('copying'))).toEqual([
      ['copying', 5_000, 5_500],
      ['copying', 5_500, 5_500],
    ]);
    expect(steps.at(-1)).toEqual(['comparing', 5_500, 5_500]);
    const months = result.months.map(({ month }) => month);
    expect(months).toEqual(months.toSorted());
    expect(result.months.reduce((sum, { records: count }) => sum + count, 0)).toBe(5_500);
    const interrupt = new AbortController();
    const ended = await migrate(source, ledger('c.db'), {
      signal: interrupt.signal,
      onProgress: ({ step }) => (step === 'comparing' ? interrupt.abort() : undefined),
    });
    expect(ended).toMatchObject({ adopted: 5_500, interrupted: true, months: [], mismatches: [] });
  });

  it('says which months differ, if the target does not hold what it acknowledged', async () => {
    const source = await filled('a.db', 50);
    const target = ledger('b.db');
    const adopt = target.adopt.bind(target);
    target.adopt = async (elements) => {
      const result = await adopt(elements);
      await target.remove(['id-7']);
      return result;
    };
    const { mismatches } = await migrate(source, target);
    const lost = SAMPLE[7]!.record;
    expect(mismatches).toHaveLength(1);
    const [{ source: there, target: here }] = mismatches as [(typeof mismatches)[number]];
    expect(there.month).toBe(new Date(lost.timestamp).toISOString().slice(0, -17));
    expect(there.records - here.records).toBe(1);
  });

  it('never touches the source', async () => {
    const source = join(folder, 'costs.json');
    const text =
      '[\n  { "provider": "claude", "model": "m", "operation": "extraction", "timestamp": "2026-01-31T09:30:00Z" }\n]';
    writeFileSync(source, text);
    const result = await migrate(ledger('costs.json'), ledger('costs.db'));
    expect(result).toMatchObject({ adopted: 1, mismatches: [] });
    expect(readFileSync(source, 'utf8')).toBe(text);
    // Records of old inkwell versions keep their derived id.
    expect(await migrate(ledger('costs.json'), ledger('costs.db'))).toMatchObject({ adopted: 0, present: 1 });
    expect(await migrate(ledger('costs.db'), ledger('back.json'))).toMatchObject({ adopted: 1, mismatches: [] });
  });

  it('refuses a source with an amount that no ledger counts, and leaves it as it is', async () => {
    const text =
      '[{"usage_id":"huge","provider":"p","model":"m","operation":"o","cost_usd":1e300,"timestamp":"2026-01-31T09:30:00Z"}]';
    writeFileSync(join(folder, 'costs.json'), text);
    await expect(migrate(ledger('costs.json'), ledger('costs.db'))).rejects.toThrow(/cost_usd is not an amount/);
    expect(readFileSync(join(folder, 'costs.json'), 'utf8')).toBe(text);
  });

  it('refuses a source that is missing, damaged, or the target itself', async () => {
    await expect(migrate(ledger('none.json'), ledger('costs.db'))).rejects.toThrow(/no ledger at/);
    writeFileSync(join(folder, 'torn.json'), '[{"provider":');
    await expect(migrate(ledger('torn.json'), ledger('costs.db'))).rejects.toThrow(LedgerError);
    const same = await filled('same.db', 1);
    await expect(migrate(same, ledger('same.db'))).rejects.toThrow(/both source and target/);
  });
});
