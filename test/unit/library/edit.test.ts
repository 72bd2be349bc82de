import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openLedger } from '../../../src/library/index.ts';
import type { Ledger, UsageInput, UsageRecord } from '../../../src/library/index.ts';
import { planEdit } from '../../../src/library/edit.ts';
import type { RecordEdit } from '../../../src/library/edit.ts';
import { loadPricer } from '../../../src/pricing/price.ts';
import type { Pricer } from '../../../src/pricing/price.ts';

let pricer: Pricer;
beforeAll(() => {
  pricer = loadPricer();
});

const USAGE: UsageInput = {
  provider: 'openai',
  model: 'gpt-5',
  operation: 'chat',
  input_tokens: 1_000_000,
  output_tokens: 0,
};

describe.each(['costs.json', 'costs.db'])('an edit of records in %s', (file) => {
  let folder: string;
  let ledger: Ledger;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'llm-spend-edit-'));
    ledger = openLedger({ ledger: path.join(folder, file), pricing: { customPrices: [] } });
  });
  afterEach(async () => {
    await ledger.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function edited(ids: string[], edit: RecordEdit): Promise<UsageRecord[]> {
    const { changes } = await planEdit(ledger, ids, edit, pricer);
    return (await ledger.setCosts(changes)).changed;
  }

  test('sets and removes fields, keeps all others, and is taken back by undo', async () => {
    const usage = {
      ...USAGE,
      usage_id: 'a',
      cost_usd: 2,
      project: 'old',
      note: 'n',
      tags: ['x'],
      extra: { kept: 1.5 },
    };
    const before = await ledger.track(usage);
    const [record] = await edited(['a'], { project: null, note: 'new', tags: ['y', 'z'] });
    expect(record).toEqual({ ...before, project: null, note: 'new', tags: ['y', 'z'] });
    await ledger.undo();
    expect(await ledger.read()).toEqual([before]);
  });

  test('of many is one change', async () => {
    await ledger.trackAll(['a', 'b', 'c'].map((id) => ({ ...USAGE, usage_id: id, cost_usd: 1 })));
    expect(await edited(['a', 'c'], { project: 'site' })).toHaveLength(2);
    expect((await ledger.read()).map(({ project }) => project ?? '')).toEqual(['site', '', 'site']);
    expect(await ledger.undo()).toMatchObject({ undone: 'replace', records: 2 });
    expect((await ledger.read()).map(({ project }) => project ?? '')).toEqual(['', '', '']);
  });

  test('prices another model again, unless the caller reported the cost', async () => {
    await ledger.trackAll([
      { ...USAGE, usage_id: 'estimated' },
      { ...USAGE, usage_id: 'reported', cost_usd: 7 },
    ]);
    const [estimated, reported] = await edited(['estimated', 'reported'], { model: 'gpt-5-mini' });
    expect(estimated).toMatchObject({
      model: 'gpt-5-mini',
      cost_usd: 0.25,
      cost_known: true,
      billing_mode: 'estimated',
    });
    expect(reported).toMatchObject({ model: 'gpt-5-mini', cost_usd: 7, cost_known: true });
    const [unknown] = await edited(['estimated'], { model: 'my-own' });
    expect(unknown).toMatchObject({ cost_usd: 0, cost_known: false, price_source: null });
    const [known] = await edited(['estimated'], { cost_usd: 0.5 });
    expect(known).toMatchObject({ cost_usd: 0.5, cost_known: true, billing_mode: 'known' });
  });

  test('is refused whole when a value breaks a rule', async () => {
    await ledger.track({ ...USAGE, usage_id: 'a', cost_usd: 1 });
    await expect(planEdit(ledger, ['a'], { model: '' }, pricer)).rejects.toMatchObject({
      name: 'UsageError',
      field: 'model',
    });
    await expect(planEdit(ledger, ['a'], { cost_usd: -1 }, pricer)).rejects.toMatchObject({ field: 'cost_usd' });
  });

  test('names the ids that do not exist', async () => {
    await ledger.track({ ...USAGE, usage_id: 'a', cost_usd: 1 });
    expect((await planEdit(ledger, ['a', 'b'], { note: 'n' }, pricer)).missing).toEqual(['b']);
  });

  test("keeps inkwell's ledger readable for inkwell", async () => {
    await ledger.close();
    ledger = openLedger({ ledger: path.join(folder, file), strict: true, pricing: false });
    await ledger.track({ provider: 'claude', model: 'm', operation: 'extraction', usage_id: 'a', cost_usd: 1 });
    await expect(planEdit(ledger, ['a'], { project: 'site' }, pricer)).rejects.toMatchObject({ field: 'project' });
    await expect(planEdit(ledger, ['a'], { provider: 'openai' }, pricer)).rejects.toMatchObject({ field: 'provider' });
  });
});
