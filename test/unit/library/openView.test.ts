import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CostTracker } from '../../../src/library/costTracker.ts';
import { importLedger, openView } from '../../../src/library/openView.ts';
import { countedLedgers } from '../../../src/library/countedLedgers.ts';
import { inkwellDefaultPath } from '../../../src/system/paths.ts';
import { parseInput } from '../../../src/usage/parseInput.ts';

let folder: string;
let primary: string;
let imported: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-open-view-'));
  vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'));
  vi.stubEnv('LOCALAPPDATA', join(folder, 'config'));
  vi.stubEnv('HOME', folder);
  vi.stubEnv('LLM_SPEND_LEDGER', undefined);
  primary = join(folder, 'costs.json');
  imported = join(folder, 'imported.db');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe('countedLedgers', () => {
  it('names the primary, the imported, those asked for and inkwell, whether they exist or not', () => {
    const further = [join(folder, 'a.json'), join(folder, 'b.db')];
    expect(countedLedgers({ primary, further })).toEqual([primary, imported, ...further, inkwellDefaultPath()]);
  });

  it('leaves out what does not exist where only existing ones are asked for', () => {
    const further = [join(folder, 'a.json')];
    expect(countedLedgers({ primary, further, existing: true })).toEqual([primary, ...further]);
    writeFileSync(imported, '');
    mkdirSync(dirname(inkwellDefaultPath()), { recursive: true });
    writeFileSync(inkwellDefaultPath(), '[]');
    expect(countedLedgers({ primary, further, existing: true })).toEqual([
      primary,
      imported,
      ...further,
      inkwellDefaultPath(),
    ]);
  });

  it('names only what was asked for where that is said', () => {
    expect(countedLedgers({ primary, imported: false, inkwell: false })).toEqual([primary]);
  });

  it('names each once', () => {
    const further = [imported, primary, inkwellDefaultPath()];
    expect(countedLedgers({ primary, further })).toEqual([primary, imported, inkwellDefaultPath()]);
    expect(countedLedgers({ primary: inkwellDefaultPath(), imported: false })).toEqual([inkwellDefaultPath()]);
  });
});

describe('openView', () => {
  it('opens the ledgers as one; records go into the primary', async () => {
    const further = [join(folder, 'a.json')];
    const opened = openView({ primary, further }, { source: 'test', pricing: false });
    try {
      expect(opened.ledgers.map(({ path }) => path)).toEqual([primary, imported, ...further, inkwellDefaultPath()]);
      const usage = { provider: 'openai', model: 'gpt-5', operation: 'chat', cost_usd: 1 };
      expect((await opened.primary.track(usage)).source).toBe('test');
      await opened.ledgers[2]!.track({ ...usage, cost_usd: 2 });
      await opened.view.refresh();
      const { records, recordedNanos } = await opened.view.summary();
      expect({ records, recordedNanos }).toEqual({ records: 2, recordedNanos: 3_000_000_000n });
    } finally {
      await opened.view.close();
    }
  });
});

it('undoes the import of another process, where the user of this one may undo', async () => {
  vi.stubEnv('XDG_STATE_HOME', join(folder, 'state'));
  const importing = new CostTracker({ ledger: imported, pricing: false, noteAdditions: 'together' });
  const usage = { provider: 'openai', model: 'gpt-5', operation: 'chat', cost_usd: 1 };
  const record = parseInput(usage, { id: () => 'a', now: () => '2026-11-01T00:00:00Z' });
  await importing.upsert((get) => (get('a') ? [] : [record]));
  const at = await importing.noteImport();
  await importing.close();
  const opened = openView({ primary }, { pricing: false, noteAdditions: 'each' });
  try {
    expect(await opened.ledgers[1]!.undo()).toEqual({ undone: 'import', at, records: 1 });
    expect(await opened.ledgers[1]!.read()).toEqual([]);
  } finally {
    await opened.view.close();
  }
});

describe('importLedger', () => {
  it('is imported.db beside the primary ledger, or the named one', () => {
    vi.stubEnv('LLM_SPEND_LEDGER', primary);
    expect(importLedger(undefined)).toBe(imported);
    expect(importLedger('~/other.db')).toBe(join(folder, 'other.db'));
  });
});
