import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { bringBack } from '../../../../src/ledger/sqlite/clearing.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';
import { call, stored } from '../../../contract/usages.ts';
import { scratch } from './scratch.ts';

const NOW = Date.parse('2026-11-05T06:07:08Z');
const place = scratch();
const { record, ids } = place;
beforeEach(() => record('a', 'b', 'c'));

describe('clearing', () => {
  it('keeps the records in a database of their own, which is itself a ledger', async () => {
    const { removed, keptIn } = await place.tracker({ now: () => NOW }).clear();
    expect(removed).toBe(3);
    expect(basename(keptIn!)).toMatch(new RegExp(`^costs\\.db\\.cleared\\.${NOW}-[0-9a-f]{6}$`));
    expect(keptIn).toBe(join(place.folder, basename(keptIn!)));
    expect(await ids()).toEqual([]);
    expect(await place.tracker().undo({ dryRun: true })).toEqual({
      undone: 'clear',
      at: '2026-11-05T06:07:08.000Z',
      records: 3,
    });
    const { files } = await place.tracker().verify();
    expect(files.map(({ role, records }) => [role, records])).toContainEqual(['cleared', 3]);
  });

  it('of an empty ledger, or of none, keeps no file', async () => {
    const ledger = place.tracker();
    await ledger.clear();
    expect(await ledger.clear()).toEqual({ removed: 0, keptIn: undefined });
    expect(place.files('.cleared.')).toHaveLength(1);
  });

  it('begins again with the records that came while it copied', async () => {
    const other = place.tracker();
    let late = 0;
    const rename = async (from: string, to: string): Promise<void> => {
      await nodeDisk.rename(from, to);
      if (to.includes('.cleared.') && late++ === 0) await other.track(call('late'));
    };
    const { removed, keptIn } = await place.tracker({ disk: { ...nodeDisk, rename } }).clear();
    expect([removed, late]).toEqual([4, 2]);
    expect(place.files('.cleared.')).toEqual([basename(keptIn!)]);
    expect(await ids()).toEqual([]);
    await place.tracker().undo();
    expect(await ids()).toEqual(['a', 'b', 'c', 'late']);
  });

  it('begins again with the costs that changed while it copied', async () => {
    const other = place.tracker();
    let late = 0;
    const rename = async (from: string, to: string): Promise<void> => {
      await nodeDisk.rename(from, to);
      if (!to.includes('.cleared.') || late++ > 0) return;
      await other.upsert(() => [stored(call('b', { cost_usd: 8 })).record]);
    };
    expect(await place.tracker({ disk: { ...nodeDisk, rename } }).clear()).toMatchObject({ removed: 3 });
    await place.tracker().undo();
    expect((await place.tracker().read()).map(({ cost_usd }) => cost_usd)).toEqual([0.5, 8, 0.5]);
  });
});

describe('taking a clear back', () => {
  it('brings all back, and the kept file goes', async () => {
    const ledger = place.tracker();
    await ledger.clear();
    await place.tracker().track(call('since'));
    expect(await ledger.undo()).toMatchObject({ undone: 'clear', records: 3 });
    expect((await ids()).toSorted()).toEqual(['a', 'b', 'c', 'since']);
    expect(place.files('.cleared.')).toEqual([]);
    expect(await ledger.undo()).toBeUndefined();
    expect(await ledger.summary()).toMatchObject({ records: 4, recordedNanos: 2_000_000_000n });
  });

  it('keeps a record that was recorded again since', async () => {
    const ledger = place.tracker();
    await ledger.clear();
    await place.tracker().track(call('b', { cost_usd: 9 }));
    await ledger.undo();
    expect((await ledger.read()).map(({ usage_id, cost_usd }) => [usage_id, cost_usd])).toEqual([
      ['b', 9],
      ['a', 0.5],
      ['c', 0.5],
    ]);
  });

  it('names the file that is missing, and works once it is back', async () => {
    const ledger = place.tracker({ now: () => NOW });
    const { keptIn } = await ledger.clear();
    const away = join(place.folder, 'away');
    renameSync(keptIn!, away);
    await expect(ledger.undo()).rejects.toMatchObject({
      code: 'damaged',
      message: `${basename(keptIn!)} is missing: it contains the records cleared at 2026-11-05T06:07:08.000Z. Put it back beside the ledger to undo.`,
    });
    renameSync(away, keptIn!);
    await ledger.undo();
    expect(await ids()).toEqual(['a', 'b', 'c']);
  });

  it('counts an empty file as missing', async () => {
    const ledger = place.tracker();
    const { keptIn } = await ledger.clear();
    writeFileSync(keptIn!, '');
    await expect(ledger.undo()).rejects.toMatchObject({ message: expect.stringContaining('is missing') as string });
  });

  it('names the kept file if it is no database', async () => {
    const ledger = place.tracker();
    const { keptIn } = await ledger.clear();
    writeFileSync(keptIn!, 'no database'.repeat(100));
    await expect(ledger.undo()).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining(`${keptIn} cannot be read as a database`) as string,
    });
    expect(existsSync(keptIn!)).toBe(true);
  });

  it.each([
    'other.db',
    'sub/costs.db.cleared.1-abc',
    'costs.db.cleared.1/../../other.db',
    String.raw`costs.db.cleared.\x`,
  ])('reads no file whose name is not one of ours: %s', async (file) => {
    const ledger = place.tracker();
    const { keptIn } = await ledger.clear();
    writeFileSync(join(place.folder, 'other.db'), readFileSync(keptIn!));
    writeFileSync(join(place.folder, String.raw`costs.db.cleared.\x`), readFileSync(keptIn!));
    await ledger.close();
    place.prompt((db) => db.prepare('UPDATE change SET file = ?').run(file));
    await expect(place.tracker().undo()).rejects.toMatchObject({
      message: expect.stringContaining(`${file} is missing`) as string,
    });
    expect(await ids()).toEqual([]);
  });
});

it('rows of another database are added where they are missing, and rows that are no records as they are', async () => {
  const connection = await place.connection();
  const rows = [
    { seq: 90, usage_id: 'b', text: stored(call('b', { cost_usd: 9 })).text },
    { seq: 91, usage_id: 'd', text: stored(call('d')).text },
    { seq: 92, usage_id: 'odd', text: '[]' },
  ];
  expect(await connection.write(() => bringBack(connection, rows))).toBe(2);
  expect(await connection.write(() => bringBack(connection, rows))).toBe(0);
  expect(
    connection.rows('SELECT seq, usage_id, cost_kind FROM record ORDER BY seq').map((row) => ({ ...row })),
  ).toEqual([
    { seq: 1, usage_id: 'a', cost_kind: 'recorded' },
    { seq: 2, usage_id: 'b', cost_kind: 'recorded' },
    { seq: 3, usage_id: 'c', cost_kind: 'recorded' },
    { seq: 4, usage_id: 'd', cost_kind: 'recorded' },
    { seq: 5, usage_id: 'odd', cost_kind: 'unknown' },
  ]);
});
