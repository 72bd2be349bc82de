import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, it } from 'vitest';
import type { UsageRecord } from '../../../../../src/usage/record.ts';
import { call } from '../../../../contract/usages.ts';
import { scratch } from '../scratch.ts';

/** A repair undoes no removal and no change of a cost, whatever is left of the list of changes. */

const PAGE = 4096;
const RECORDS = 60;
const idOf = (i: number): string => `id-${String(i).padStart(3, '0')}`;

const place = scratch();
const { withTracker } = place;
/** With the backup from before the changes. */
beforeEach(async () => {
  const timestamp = (i: number): string => `2026-11-01T00:00:${String(i).padStart(2, '0')}.000Z`;
  const more = { cost_usd: 0.25, note: 'x'.repeat(300) };
  const usages = Array.from({ length: RECORDS }, (_, i) => call(idOf(i), { ...more, timestamp: timestamp(i) }));
  await withTracker((tracker) => tracker.trackAll(usages));
  copyFileSync(place.path, `${place.path}.prev`);
});

const zeroed = (page: number): [number, number, Buffer] => [page, 0, Buffer.alloc(PAGE)];

/** Overwrites pages, beginning with number 1. */
function damage(...places: [page: number, at: number, bytes: Buffer][]): void {
  const bytes = readFileSync(place.path);
  for (const [page, at, part] of places) part.copy(bytes, (page - 1) * PAGE + at);
  writeFileSync(place.path, bytes);
}

function pagesOf(...tables: string[]): number[] {
  const names = tables.map((name) => `'${name}'`).join(', ');
  const sql = `SELECT pageno AS page FROM dbstat WHERE name IN (${names})`;
  return place.prompt((db) => db.prepare(sql).all()).map(({ page }) => Number(page));
}

/** The page with the row of a record. */
function pageOf(id: string): number {
  const bytes = readFileSync(place.path);
  return pagesOf('record').find((page) => {
    const content = bytes.subarray((page - 1) * PAGE, page * PAGE);
    return content[0] === 0x0d && content.includes(`"usage_id":"${id}"`);
  })!;
}

async function repaired(): Promise<Map<string, UsageRecord>> {
  return withTracker(async (tracker) => {
    await tracker.repair();
    return new Map((await tracker.read()).map((record) => [record.usage_id, record]));
  });
}

const REMOVED = Array.from({ length: 6 }, (_, i) => idOf(10 + i));

it('knows removed records from the index, without any page of the list', async () => {
  await withTracker((tracker) => tracker.remove(REMOVED));
  const lost = pageOf(idOf(30));
  damage(...pagesOf('change', 'changed').map(zeroed), zeroed(lost));
  const found = await repaired();
  expect(REMOVED.filter((id) => found.has(id))).toEqual([]);
  // Records that the index names come from the backup.
  expect(found.size).toBe(RECORDS - REMOVED.length);
});

it('knows removed records from the list, without any page of the index', async () => {
  await withTracker((tracker) => tracker.remove(REMOVED));
  damage(...pagesOf('sqlite_autoindex_record_1').map(zeroed), zeroed(pageOf(idOf(30))));
  const found = await repaired();
  expect(REMOVED.filter((id) => found.has(id))).toEqual([]);
  expect(found.size).toBe(RECORDS - REMOVED.length);
});

it('reads the list from its pages when its tree and the kinds of its changes are lost', async () => {
  await withTracker(async (tracker) => {
    for (const id of REMOVED) await tracker.remove([id]);
  });
  const index = pagesOf('sqlite_autoindex_record_1');
  damage([1, 0, Buffer.alloc(100, 0xa5)], ...pagesOf('change').map(zeroed), zeroed(pageOf(idOf(30))));
  expect(index.length).toBeGreaterThan(0);
  const found = await repaired();
  expect(REMOVED.filter((id) => found.has(id))).toEqual([]);
  expect(found.size).toBe(RECORDS - REMOVED.length);
});

it('restores a record whose removal was undone', async () => {
  await withTracker(async (tracker) => {
    await tracker.remove(REMOVED);
    await tracker.undo();
  });
  damage(zeroed(pageOf(REMOVED[0]!)));
  expect((await repaired()).size).toBe(RECORDS);
});

it('tags a record from the backup that was changed since', async () => {
  await withTracker((tracker) => tracker.setCosts([{ usageId: idOf(30), fields: { cost_usd: 7 } }]));
  damage(zeroed(pageOf(idOf(30))));
  const found = await repaired();
  expect(found.size).toBe(RECORDS);
  expect(found.get(idOf(30))).toMatchObject({ cost_usd: 0.25, tags: ['damaged'] });
  expect([...found.values()].filter(({ tags }) => tags !== undefined)).toHaveLength(1);
});

it('keeps a changed cost when the row is there', async () => {
  await withTracker((tracker) => tracker.setCosts([{ usageId: idOf(30), fields: { cost_usd: 7 } }]));
  damage([1, 0, Buffer.alloc(100, 0xa5)]);
  const found = await repaired();
  expect(found.get(idOf(30))).toMatchObject({ cost_usd: 7 });
  expect([...found.values()].filter(({ tags }) => tags !== undefined)).toEqual([]);
});
