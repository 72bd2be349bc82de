import { mkdtempSync, readFileSync, readdirSync, renameSync as move, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Disk } from '../../../src/system/disk.ts';
import { nodeDisk } from '../../../src/system/nodeDisk.ts';
import { ownerText, thisOwner } from '../../../src/system/owner.ts';
import { CostTracker } from '../../../src/library/costTracker.ts';
import { UsageError } from '../../../src/usage/record.ts';

const USAGE = { provider: 'claude', model: 'opus', operation: 'extraction', input_tokens: 1, cost_usd: 0.25 };

describe('CostTracker', () => {
  let folder: string;
  let ledger: string;
  const open: CostTracker[] = [];
  const tracker = (options: { strict?: boolean; disk?: Disk } = {}): CostTracker => {
    const made = new CostTracker({ ledger, ...options });
    open.push(made);
    return made;
  };
  const elements = (): { usage_id: string }[] => JSON.parse(readFileSync(ledger, 'utf8')) as { usage_id: string }[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'llm-spend-tracker-'));
    ledger = join(folder, 'costs.json');
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  it('is empty before anything is recorded, and makes no file by being asked', async () => {
    const costs = tracker();
    expect(await costs.read()).toEqual([]);
    expect((await costs.summary()).records).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
    expect(await costs.trackAll([])).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes the same id twice at once for a retry', async () => {
    const costs = tracker();
    const [a, b] = await Promise.all([
      costs.track({ ...USAGE, usage_id: 'x' }),
      costs.track({ ...USAGE, usage_id: 'x' }),
    ]);
    expect(a.usage_id).toBe(b.usage_id);
    expect(await costs.flush()).toBe(true);
    expect(elements()).toHaveLength(1);
    await costs.close();
    expect(readdirSync(folder).filter((name) => name.endsWith('.journal'))).toEqual([]);
  });

  it('refuses another record with an id that is on its way, also in the same moment', async () => {
    const costs = tracker();
    const both = await Promise.allSettled([
      costs.track({ ...USAGE, usage_id: 'x' }),
      costs.track({ ...USAGE, usage_id: 'x', cost_usd: 7 }),
    ]);
    // Their order is not defined.
    const refused = both.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
    expect(refused).toHaveLength(1);
    expect(refused[0]).toBeInstanceOf(UsageError);
  });

  it('records an id again that another process has removed meanwhile', async () => {
    const costs = tracker();
    const other = tracker();
    await costs.track({ ...USAGE, usage_id: 'x' });
    await costs.flush();
    expect((await other.remove(['x'])).removed).toHaveLength(1);
    await costs.track({ ...USAGE, usage_id: 'x', cost_usd: 7 });
    await costs.flush();
    expect(elements()).toMatchObject([{ usage_id: 'x', cost_usd: 7 }]);
  });

  it('keeps a journal that was carried away and comes back until its records stand in the ledger', async () => {
    let isWritable = false;
    const renameSync = (from: string, to: string): void => {
      if (!isWritable) throw Object.assign(new Error('no commit yet'), { code: 'EACCES' });
      nodeDisk.renameSync(from, to);
    };
    const costs = tracker({ disk: { ...nodeDisk, renameSync } });
    await costs.track({ ...USAGE, usage_id: 'x' });
    const [journal] = readdirSync(folder).filter((name) => name.endsWith('.journal'));
    // Another process, whose state cannot be determined here, adopted it and has not touched it for a minute.
    const stranger = { ...thisOwner(), pid: 4_000_000, boot: '0123456789ab' };
    const carried = join(folder, `.costs.json.${ownerText(stranger)}-00ff00ff00ff.journal`);
    move(join(folder, journal!), carried);
    const old = new Date(Date.now() - 60_000);
    utimesSync(carried, old, old);
    await costs.flush(200);
    const lines = readdirSync(folder)
      .filter((name) => name.endsWith('.journal'))
      .map((name) => readFileSync(join(folder, name), 'utf8'));
    expect(lines.join('')).toContain('"usage_id":"x"');
    isWritable = true;
    expect(await costs.flush(120_000)).toBe(true);
    expect(elements()).toMatchObject([{ usage_id: 'x' }]);
  });

  it('is not stopped by an undo log that somebody damaged', async () => {
    writeFileSync(
      join(folder, 'costs.json.undo'),
      'null\n[]\n{"seq":1,"op":"remove"}\n{"seq":2,"op":"clear","file":7}\n{"seq":3,"op":"remove","ids":[1],"elements":[]}\n{',
    );
    const costs = tracker();
    await costs.track({ ...USAGE, usage_id: 'x' });
    expect(await costs.flush()).toBe(true);
    expect(await tracker().undo()).toBeUndefined();
    expect((await costs.remove(['x'])).removed).toHaveLength(1);
    expect((await costs.undo())?.records).toBe(1);
    expect(elements()).toMatchObject([{ usage_id: 'x' }]);
  });

  describe('strict', () => {
    const refused: [string, object, string][] = [
      ['a provider that inkwell does not know', { provider: 'openai' }, 'provider'],
      ['an operation that inkwell does not know', { operation: 'chat' }, 'operation'],
      ['a field that inkwell drops', { project: 'p' }, 'project'],
      ['tags', { tags: ['a'] }, 'tags'],
      ['an unknown field', { colour: 'red' }, 'colour'],
      ['a time without an offset', { timestamp: '2026-01-31T09:30:00' }, 'timestamp'],
      ['fractional tokens', { input_tokens: 1.5 }, 'input_tokens'],
      ['a negative cost', { cost_usd: -1 }, 'cost_usd'],
      ['a cost that is no number', { cost_usd: Number.NaN }, 'cost_usd'],
    ];
    it.each(refused)('refuses %s, and writes nothing', async (_, fields, field) => {
      const costs = tracker({ strict: true });
      await expect(costs.track({ ...USAGE, ...fields })).rejects.toMatchObject({ name: 'UsageError', field });
      expect(readdirSync(folder).filter((name) => !name.endsWith('.lock'))).toEqual([]);
    });

    it('copies what inkwell reads, and names the rest with the reason, apart from what is there already', async () => {
      const counts = { output_tokens: 0, total_tokens: 1, timestamp: '2026-01-31T09:30:00Z' };
      const there = { ...USAGE, ...counts, usage_id: 'there', provider: 'openai' };
      writeFileSync(ledger, JSON.stringify([there]));
      const costs = tracker({ strict: true });
      const good = { ...there, usage_id: 'good', provider: 'gemini' };
      const bad = { ...there, usage_id: 'bad' };
      const element = (usage: object) => ({ record: usage as never, text: JSON.stringify(usage) });
      const { refused: left, ...rest } = await costs.adopt([good, bad, there].map(element));
      expect(rest).toEqual({ adopted: 1, present: 1, differing: [] });
      expect(left).toEqual([
        {
          usageId: 'bad',
          reason: expect.stringMatching(/^provider: inkwell reads only gemini, .*got "openai"/) as string,
        },
      ]);
      await costs.flush();
      expect(elements().map(({ usage_id: id }) => id)).toEqual(['there', 'good']);
    });

    it('writes nothing but what inkwell reads and keeps', async () => {
      const costs = new CostTracker({ ledger, strict: true, source: 'library' });
      open.push(costs);
      await costs.trackAll([
        USAGE,
        { provider: 'gemini', model: 'm', operation: 'interview', project: null, tags: [], episode_title: 'E' },
      ]);
      await costs.flush();
      const records = elements() as unknown as Record<string, unknown>[];
      expect(records).toHaveLength(2);
      for (const record of records) {
        for (const [field, value] of Object.entries(record)) {
          if (value === null || (Array.isArray(value) && value.length === 0)) continue;
          expect([
            'usage_id',
            'provider',
            'model',
            'operation',
            'input_tokens',
            'output_tokens',
            'total_tokens',
            'cost_usd',
            'cost_known',
            'billing_mode',
            'timestamp',
            'episode_title',
            'template_name',
          ]).toContain(field);
        }
        expect(record['timestamp']).toMatch(/Z$/);
        expect(Number.isInteger(record['input_tokens'])).toBe(true);
      }
    });
  });
});
