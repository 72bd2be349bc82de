import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Disk } from '../../../src/system/disk.ts';
import { nodeDisk } from '../../../src/system/nodeDisk.ts';
import { CostTracker } from '../../../src/library/costTracker.ts';
import type { CostChange } from '../../../src/ledger/results.ts';

let folder: string;
let file: string;
const open: CostTracker[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'llm-spend-costs-'));
  file = path.join(folder, 'costs.json');
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((ledger) => ledger.close()));
  rmSync(folder, { recursive: true, force: true });
});

function tracker(options: { disk?: Disk; strict?: boolean } = {}): CostTracker {
  const ledger = new CostTracker({ ledger: file, ...options });
  open.push(ledger);
  return ledger;
}

const text = (): string => readFileSync(file, 'utf8');
const TIME = '2026-11-01T12:00:00Z';
const call = (usage_id: string, cost_usd: number, more = {}): Record<string, unknown> => ({
  usage_id,
  provider: 'gemini',
  model: 'gemini-2.5-flash',
  operation: 'extraction',
  timestamp: TIME,
  cost_usd,
  ...more,
});
const change = (usageId: string, cost: number): CostChange => ({
  usageId,
  fields: { cost_usd: cost, cost_known: true, billing_mode: 'estimated', price_source: 'custom: x' },
});
const replacedFiles = (): string[] => readdirSync(folder).filter((name) => name.includes('.replaced.'));

describe('setCosts', () => {
  it('finds nothing to do in a ledger that does not exist', async () => {
    const ledger = tracker();
    expect(await ledger.setCosts([])).toEqual({ changed: [], missing: [], differing: [] });
    expect(await ledger.setCosts([change('a', 1)])).toEqual({ changed: [], missing: ['a'], differing: [] });
    expect(await ledger.undo()).toBeUndefined();
  });

  it('changes the cost alone, keeps the rest byte for byte, and comes back', async () => {
    const before =
      '[\n  {\n    "usage_id": "a",\n    "provider": "gemini",\n    "model": "m",\n    "operation": "extraction",\n' +
      `    "cost_usd": 0.10,\n    "timestamp": "${TIME}",\n    "big": 12345678901234567890\n  },\n` +
      `  ${JSON.stringify(call('b', 1))},\n\n  7\n]`;
    writeFileSync(file, before);
    const ledger = tracker();
    const result = await ledger.setCosts([change('a', 0.25), change('nowhere', 1)]);
    expect(result).toMatchObject({ changed: [{ usage_id: 'a', cost_usd: 0.25 }], missing: ['nowhere'] });
    const added = '"cost_known": true,\n    "billing_mode": "estimated",\n    "price_source": "custom: x"';
    expect(text()).toBe(
      before.replace('0.10', '0.25').replace('12345678901234567890', `12345678901234567890,\n    ${added}`),
    );
    expect(await ledger.summary()).toMatchObject({ recordedNanos: 1_000_000_000n, estimatedNanos: 250_000_000n });

    const verification = await ledger.verify();
    expect(verification.files.find(({ role }) => role === 'replaced')).toMatchObject({ records: 1 });
    expect(await ledger.undo({ dryRun: true })).toMatchObject({ undone: 'replace', records: 1 });
    expect(await ledger.undo()).toMatchObject({ undone: 'replace', records: 1 });
    expect(text()).toBe(before);
    expect(replacedFiles()).toEqual([]);
    expect(await ledger.undo()).toBeUndefined();
  });

  it('leaves a record alone whose cost is not what was expected', async () => {
    writeFileSync(file, JSON.stringify([call('a', 1), call('b', 2)]));
    const before = text();
    const ledger = tracker();
    const expected = { cost_usd: 3, cost_known: true };
    expect(await ledger.setCosts([{ ...change('a', 5), before: expected }])).toMatchObject({ differing: ['a'] });
    expect(text()).toBe(before);
    expect(await ledger.undo()).toBeUndefined();
  });

  it('finds records that wait in the journal, and tells those who watch', async () => {
    const ledger = tracker();
    const { usage_id } = await ledger.track({ provider: 'p', model: 'm', operation: 'o', cost_usd: 1 });
    const { version } = await ledger.refresh();
    await ledger.setCosts([change(usage_id, 2)]);
    expect(ledger.state.version).toBeGreaterThan(version);
    const again = ledger.state.version;
    // Exactly as long as before.
    await ledger.setCosts([change(usage_id, 3)]);
    expect(ledger.state.version).toBeGreaterThan(again);
    expect((await tracker().read()).map(({ cost_usd }) => cost_usd)).toEqual([3]);
  });

  it('is taken back step by step, by another process', async () => {
    writeFileSync(file, JSON.stringify([call('a', 1), call('b', 2)]));
    const ledger = tracker();
    await ledger.setCosts([change('a', 10), change('b', 20)]);
    await ledger.setCosts([change('b', 30)]);
    await ledger.remove(['a']);
    const costs = async (): Promise<unknown> =>
      Object.fromEntries((await tracker().read()).map(({ usage_id, cost_usd }) => [usage_id, cost_usd]));
    expect(await costs()).toEqual({ b: 30 });
    const other = tracker();
    await other.undo();
    expect(await costs()).toEqual({ a: 10, b: 30 });
    await other.undo();
    expect(await costs()).toEqual({ a: 10, b: 20 });
    await other.undo();
    expect(await costs()).toEqual({ a: 1, b: 2 });
  });

  it('gives a record of an old inkwell version its id, so that it stays the same record', async () => {
    const { usage_id: _, ...nameless } = call('', 1);
    writeFileSync(file, JSON.stringify([nameless]));
    const ledger = tracker();
    const [{ usage_id } = { usage_id: '' }] = await ledger.read();
    expect(await ledger.setCosts([change(usage_id, 2)])).toMatchObject({ changed: [{ usage_id, cost_usd: 2 }] });
    await ledger.undo();
    expect(await ledger.read()).toMatchObject([{ usage_id, cost_usd: 1 }]);
  });

  it('writes nothing that inkwell would drop into a strict ledger', async () => {
    writeFileSync(file, JSON.stringify([call('a', 1)]));
    await tracker({ strict: true }).setCosts([change('a', 2)]);
    expect(JSON.parse(text())).toEqual([call('a', 2, { cost_known: true, billing_mode: 'estimated' })]);
  });

  it('is all or nothing wherever it is cut off, and can be taken back or done again', async () => {
    const records = [call('a', 1), call('b', 2), call('c', 3)];
    const changes = [change('a', 10), change('c', 30)];
    for (let at = 1; ; at++) {
      writeFileSync(file, JSON.stringify(records));
      const before = text();
      const dying = breaksAt(at);
      const ledger = tracker({ disk: dying.disk });
      const failed = await ledger.setCosts(changes).then(
        () => false,
        () => true,
      );
      // The current files are the state after a crash: nothing in this process cleans up.
      const found = (JSON.parse(text()) as { cost_usd: number }[]).map(({ cost_usd }) => cost_usd);
      expect([[1, 2, 3].join(), [10, 2, 30].join()]).toContain(found.join());
      if (!dying.broken()) {
        expect(failed).toBe(false);
        break;
      }
      const next = tracker();
      if (at % 2 === 0) {
        await next.setCosts(changes);
        expect((await next.read()).map(({ cost_usd }) => cost_usd)).toEqual([10, 2, 30]);
      }
      while ((await next.undo()) !== undefined);
      expect(JSON.parse(text())).toEqual(JSON.parse(before));
      await next.close();
      await ledger.close().catch(() => undefined);
      for (const name of readdirSync(folder)) rmSync(path.join(folder, name), { recursive: true, force: true });
    }
  });
});

/** A disk on which the nth modifying call fails, and every one after it. */
function breaksAt(nth: number): { disk: Disk; broken: () => boolean } {
  const CHANGING = ['open', 'write', 'fsync', 'ftruncate', 'rename', 'renameSync', 'link', 'unlink'] as const;
  let calls = 0;
  const step = (): void => {
    if (++calls >= nth) throw Object.assign(new Error('the power is gone'), { code: 'EIO' });
  };
  const disk: Disk = { ...nodeDisk };
  for (const name of CHANGING) {
    const real = nodeDisk[name] as (...args: unknown[]) => unknown;
    Object.assign(disk, {
      [name]: (...args: unknown[]): unknown => {
        if (name === 'open' && args[1] === 'r') return real(...args);
        if (name === 'renameSync') {
          step();
          return real(...args);
        }
        return Promise.resolve()
          .then(step)
          .then(() => real(...args));
      },
    });
  }
  return { disk, broken: () => calls >= nth };
}
