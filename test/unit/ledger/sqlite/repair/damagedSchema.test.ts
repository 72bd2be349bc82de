import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CostTracker } from '../../../../../src/library/costTracker.ts';

/** A damaged letter in the texts of our tables, in which SQLite finds no damage: its names are simply other ones. */

let folder: string;
let path: string;
const opened: CostTracker[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-schema-'));
  path = join(folder, 'costs.db');
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
  rmSync(folder, { recursive: true, force: true });
});

function ledger(): CostTracker {
  const one = new CostTracker({ ledger: path, pricing: false });
  opened.push(one);
  return one;
}

const USAGE = { provider: 'openai', model: 'gpt-5', operation: 'chat', cost_usd: 0.01 };

/** A closed ledger with one of 20 records removed, in whose first page `text` has another last letter. */
async function damagedAt(text: string): Promise<void> {
  const one = ledger();
  await one.trackAll(Array.from({ length: 20 }, (_, i) => ({ ...USAGE, usage_id: `id-${i}` })));
  await one.remove(['id-7']);
  await one.close();
  rmSync(`${path}.prev`, { force: true });
  const bytes = readFileSync(path);
  // The table that was made first stands last.
  const at = bytes.lastIndexOf(text);
  expect(at).toBeGreaterThan(0);
  bytes[at + text.length - 1]! ^= 1;
  writeFileSync(path, bytes);
}

const NAMES = [
  'usage_id TEXT',
  'time_ms INTEGER',
  'cost_kind TEXT',
  'cost_nanos INTEGER',
  'text TEXT',
  'number INTEGER',
  'records INTEGER',
  'earliest_ms INTEGER',
  'stale INTEGER',
  'key INTEGER',
  'data BLOB',
  'epoch INTEGER',
  'backup_ms INTEGER',
  'op TEXT',
  'at TEXT',
  'file TEXT',
  'position INTEGER',
].map((column) => `\n  ${column.slice(0, column.indexOf(' '))}`);

describe('a database in which a name of our tables is damaged', () => {
  it.each(NAMES)('%j is damaged, takes the next record, and keeps all of them', async (name) => {
    await damagedAt(name);
    const one = ledger();
    expect((await one.verify()).health).toBe('damaged');
    await one.track({ ...USAGE, usage_id: 'new' });
    expect(await one.refresh()).toMatchObject({ health: 'ok', records: 20 });
    expect((await one.read()).map(({ usage_id }) => usage_id)).not.toContain('id-7');
  });

  it.each(['CREATE TABLE record', 'CREATE TABLE segment_column', 'CREATE TABLE ledger', 'CREATE TABLE changed'])(
    '%s is mended by a repair',
    async (text) => {
      await damagedAt(text);
      const one = ledger();
      expect((await one.verify()).health).toBe('damaged');
      expect(await one.repair()).toMatchObject({ records: 19, recovered: 19 });
      expect(await one.refresh()).toMatchObject({ health: 'ok', records: 19 });
    },
  );
});
