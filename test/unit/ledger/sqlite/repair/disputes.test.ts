import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { RepairResult, Verification } from '../../../../../src/ledger/results.ts';
import type { UsageRecord } from '../../../../../src/usage/record.ts';
import { call } from '../../../../contract/usages.ts';
import { scratch } from '../scratch.ts';

/** A row states the id, time and cost of its record twice. If the two differ, one is believed, and the other is kept and said. */

const RECORDS = 40;
const PAGE = 4096;
const TABLE_LEAF = 0x0d;
const INDEX_LEAF = 0x0a;
const idOf = (i: number): string => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;

const place = scratch();
const { withTracker } = place;
beforeEach(async () => {
  const timestamp = (i: number): string => `2026-11-01T00:00:${String(i).padStart(2, '0')}.000Z`;
  const more = { cost_usd: 0.25, tags: ['mine'] };
  const usages = Array.from({ length: RECORDS }, (_, i) => call(idOf(i), { ...more, timestamp: timestamp(i) }));
  await withTracker((tracker) => tracker.trackAll(usages));
  rmSync(`${place.path}.prev`);
});

const verify = (): Promise<Verification> => withTracker((tracker) => tracker.verify());
const repair = (): Promise<RepairResult> => withTracker((tracker) => tracker.repair());
const recordOf = async (id: string): Promise<UsageRecord | undefined> =>
  (await withTracker((tracker) => tracker.read())).find(({ usage_id }) => usage_id === id);
const total = async (): Promise<number> =>
  Number((await withTracker((tracker) => tracker.summary())).recordedNanos) / 1e9;

/** Changes one byte of the row of a record, as a bad disk would: the text after the first, or its column. */
function damage(i: number, from: string, to: string): void {
  const bytes = readFileSync(place.path);
  // Other pages may have their former content.
  const text = `{"usage_id":"${idOf(i)}"`;
  const pages = Array.from({ length: bytes.length / PAGE }, (_, page) => page * PAGE);
  const page = pages.find((at) => bytes[at] === TABLE_LEAF && bytes.subarray(at, at + PAGE).includes(text));
  const start = bytes.indexOf(text, page);
  const at = bytes.indexOf(from, start);
  expect(at - start).toBeLessThan(400);
  bytes.write(to, at);
  writeFileSync(place.path, bytes);
}

const set = (sql: string): void => place.prompt((db) => db.exec(`PRAGMA ignore_check_constraints = 1; ${sql}`));

const damagedHead = (): void => {
  const bytes = readFileSync(place.path);
  bytes.fill(0xa5, 0, 100);
  writeFileSync(place.path, bytes);
};

const TWO_VALUES =
  '1 records state two values of their id, time or cost. A repair keeps both and tags these records "damaged".';
const ONE_TAGGED = 'records with damaged texts or columns, tagged "damaged": 1';
const tagged = { tags: ['mine', 'damaged'] };

describe.each([
  ['a digit of the cost in the text', () => damage(7, '0.25', '0.35'), { cost_usd: 0.35, damaged: { cost_usd: 0.25 } }],
  [
    'the cost in its column',
    () => set(`UPDATE record SET cost_nanos = 999 WHERE usage_id = '${idOf(7)}'`),
    { cost_usd: 0.25, damaged: { cost_usd: 0.000000999 } },
  ],
  [
    'a digit of the time in the text',
    () => damage(7, '2026-11-01', '2026-10-01'),
    { timestamp: '2026-10-01T00:00:07.000Z', damaged: { timestamp: '2026-11-01T00:00:07.000Z' } },
  ],
  [
    'the kind of the cost',
    () => set(`UPDATE record SET cost_nanos = NULL, cost_kind = 'unknown' WHERE usage_id = '${idOf(7)}'`),
    { cost_usd: 0.25, cost_known: true, damaged: { cost_usd: 0, cost_known: false } },
  ],
])('%s is damaged', (_, harm, expected) => {
  test('and the structure in order: verify counts it, a repair marks it, once', async () => {
    harm();
    const found = await verify();
    expect(found.health).toBe('damaged');
    expect(found.problems).toEqual([{ code: 'damaged-database', severity: 'error', message: TWO_VALUES }]);
    expect((await withTracker((tracker) => tracker.repair({ dryRun: true }))).actions).toEqual([ONE_TAGGED]);
    expect(await repair()).toMatchObject({ actions: [ONE_TAGGED], records: RECORDS, recovered: 0 });
    expect(await recordOf(idOf(7))).toMatchObject({ ...tagged, ...expected });
    expect((await verify()).health).toBe('ok');
    expect((await repair()).actions).toEqual([]);
  });

  test('and the head as well: the same in the report of the repair', async () => {
    harm();
    damagedHead();
    const { actions, records } = await repair();
    expect(records).toBe(RECORDS);
    expect(actions.slice(1)).toEqual([
      `records read from the damaged file: ${RECORDS - 1}`,
      ONE_TAGGED,
      `costs.db rewritten; records in it: ${RECORDS}`,
    ]);
    expect(await recordOf(idOf(7))).toMatchObject({ ...tagged, ...expected });
    expect(await withTracker((tracker) => tracker.read())).toHaveLength(RECORDS);
  });
});

test('a record whose id is not in its column any more is marked: only its text says it', async () => {
  const bytes = readFileSync(place.path);
  const text = Buffer.from(`{"usage_id":"${idOf(7)}"`);
  for (let page = 0; page < bytes.length; page += PAGE) {
    const at = bytes.subarray(page, page + PAGE).indexOf(text);
    if (bytes[page] !== TABLE_LEAF || at === -1) continue;
    // The type of the id, a text of 36 bytes, becomes that of a blob.
    const type = bytes.lastIndexOf(0x55, bytes.lastIndexOf(idOf(7), page + at));
    bytes[type] = 0x54;
  }
  writeFileSync(place.path, bytes);
  damagedHead();
  expect((await repair()).actions).toContain(ONE_TAGGED);
  expect(await recordOf(idOf(7))).toMatchObject(tagged);
  expect(await withTracker((tracker) => tracker.read())).toHaveLength(RECORDS);
});

test('the sum is that of the texts, before and after', async () => {
  damage(7, '0.25', '0.35');
  expect(await total()).toBeCloseTo(RECORDS * 0.25 + 0.1);
  await repair();
  expect(await total()).toBeCloseTo(RECORDS * 0.25 + 0.1);
});

describe('an id has a third copy, in the index', () => {
  const other = '00000000-0000-4000-8000-00000000000A';

  test('which decides against the text', async () => {
    damage(7, idOf(7), other);
    expect((await verify()).problems.map(({ message }) => message)).toEqual([TWO_VALUES]);
    damagedHead();
    await repair();
    expect((await recordOf(idOf(7)))?.tags).toEqual(['mine']);
    expect(await recordOf(other)).toBeUndefined();
  });

  test('in place, too: the id by which the record is found stays, and the other one is kept', async () => {
    damage(7, idOf(7), other);
    expect((await repair()).actions).toEqual([ONE_TAGGED]);
    expect(await recordOf(idOf(7))).toMatchObject({ ...tagged, damaged: { usage_id: other } });
  });

  test.each([
    ['by the column, if both could be true', other, idOf(7)],
    ['by the form of an id, if only one has it', '00000000-0000-4000-8000-00000000000~', idOf(7)],
  ])('%s: without the index it is decided', async (_, inText, expected) => {
    damage(7, idOf(7), inText);
    const bytes = readFileSync(place.path);
    for (let at = 0; at < bytes.length; at += PAGE) if (bytes[at] === INDEX_LEAF) bytes.fill(0, at, at + PAGE);
    writeFileSync(place.path, bytes);
    expect((await repair()).actions).toContain(ONE_TAGGED);
    expect(await recordOf(expected)).toMatchObject({ ...tagged, damaged: { usage_id: inText } });
    expect(await withTracker((tracker) => tracker.read())).toHaveLength(RECORDS);
  });
});

test('damage that turns the id of one record into that of another loses neither', async () => {
  damage(7, idOf(7), idOf(8));
  const bytes = readFileSync(place.path);
  for (let at = 0; at < bytes.length; at += PAGE) if (bytes[at] === INDEX_LEAF) bytes.fill(0, at, at + PAGE);
  writeFileSync(place.path, bytes);
  await repair();
  const ids = (await withTracker((tracker) => tracker.read())).map(({ usage_id }) => usage_id);
  expect(ids.toSorted()).toEqual(Array.from({ length: RECORDS }, (_, i) => idOf(i)));
});
