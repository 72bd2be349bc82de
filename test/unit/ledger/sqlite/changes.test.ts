import { describe, expect, it } from 'vitest';
import { dropRows, emptyLedger, lastChange, removeRecords, undoNewest } from '../../../../src/ledger/sqlite/changes.ts';
import type { Connection } from '../../../../src/ledger/sqlite/connection.ts';
import { SEGMENT_SPAN } from '../../../../src/ledger/sqlite/columns/columnNumbers.ts';
import { epochOf, sealedUpTo } from '../../../../src/ledger/sqlite/columns/segments.ts';
import { findRows } from '../../../../src/ledger/sqlite/reading.ts';
import { replaceRecords } from '../../../../src/ledger/sqlite/replacement.ts';
import { call, stored } from '../../../contract/usages.ts';
import { scratch } from './scratch.ts';

/** The tables of what can be taken back, which a repair reads as well. */

const AT = '2026-11-02T00:00:00.000Z';
const place = scratch();

async function filled(...ids: string[]): Promise<Connection> {
  await place.record(...ids);
  return place.connection();
}

const idsIn = (connection: Connection): unknown[] =>
  connection.rows('SELECT usage_id FROM record ORDER BY seq').map((row) => row['usage_id']);
const changed = (connection: Connection): unknown[][] =>
  connection
    .rows('SELECT change, position, usage_id, text <> ? AS has FROM changed ORDER BY change, position', '')
    .map((row) => Object.values(row));
const changes = (connection: Connection): unknown[][] =>
  connection.rows('SELECT id, op, records FROM change ORDER BY id').map((row) => Object.values(row));

const remove = (connection: Connection, ids: readonly string[], undoable = true) =>
  connection.write(() => removeRecords(connection, ids, AT, undoable));
/** Replaces the costs of these records. */
const reprice = (connection: Connection, cost: number, ...ids: string[]) =>
  connection.write(() => replaceRecords(connection, () => ids.map((id) => stored(call(id, { cost_usd: cost }))), AT));
const costs = (connection: Connection): unknown[] =>
  connection.rows('SELECT cost_nanos / 1e9 AS cost FROM record ORDER BY seq').map((row) => row['cost']);

describe('removing records', () => {
  it('names each once, in the order asked for, and keeps them for an undo', async () => {
    const connection = await filled('a', 'b', 'c');
    const result = await remove(connection, ['c', 'x', 'a', 'c', 'x']);
    expect(result.removed.map(({ usage_id }) => usage_id)).toEqual(['c', 'a']);
    expect(result.missing).toEqual(['x']);
    expect(idsIn(connection)).toEqual(['b']);
    expect(lastChange(connection)).toEqual({ id: 1, op: 'remove', at: AT, records: 2, file: null });
    expect(changed(connection)).toEqual([
      [1, 0, 'c', 1],
      [1, 1, 'a', 1],
    ]);
    expect(epochOf(connection)).toBe(1);
  });

  it('that are not there changes nothing', async () => {
    const connection = await filled('a');
    expect(await remove(connection, ['x'])).toEqual({ removed: [], missing: ['x'] });
    expect(lastChange(connection)).toBeUndefined();
    expect(epochOf(connection)).toBe(0);
  });

  it('takes no row that is no record', async () => {
    const connection = await filled('a');
    await connection.write(() => connection.db.exec("UPDATE record SET text = '[]'"));
    expect(await remove(connection, ['a'])).toEqual({ removed: [], missing: ['a'] });
    expect(idsIn(connection)).toEqual(['a']);
  });

  it('for good keeps their ids alone, which no undo brings back', async () => {
    const connection = await filled('a', 'b', 'c');
    await remove(connection, ['c']);
    await remove(connection, ['a'], false);
    expect(changed(connection)).toEqual([
      [1, 0, 'c', 1],
      [2, 0, 'a', 0],
    ]);
    expect(await connection.write(() => undoNewest(connection))).toMatchObject({ id: 1, op: 'remove' });
    expect(idsIn(connection)).toEqual(['b', 'c']);
    expect(await connection.write(() => undoNewest(connection))).toBeUndefined();
  });

  it('without reading them keeps their ids too', async () => {
    const connection = await filled('a', 'b', 'c');
    const rows = await findRows(connection, ['c', 'a']);
    await connection.write(() => dropRows(connection, rows.toReversed(), AT));
    expect(idsIn(connection)).toEqual(['b']);
    expect(changes(connection)).toEqual([[1, 'remove', 2]]);
    expect(changed(connection).map(([, position, id, has]) => [position, id, has])).toEqual(
      rows.toReversed().map(({ usage_id }, position) => [position, usage_id, 0]),
    );
    expect(lastChange(connection)).toBeUndefined();
    expect(epochOf(connection)).toBe(1);
  });
});

describe('an undo', () => {
  it('brings removed records back in their order, behind all others', async () => {
    const connection = await filled('a', 'b', 'c', 'd');
    await remove(connection, ['c', 'a']);
    expect(await connection.write(() => undoNewest(connection))).toMatchObject({ op: 'remove', records: 2 });
    expect(idsIn(connection)).toEqual(['b', 'd', 'c', 'a']);
    expect([changes(connection), changed(connection)]).toEqual([[], []]);
    expect(epochOf(connection)).toBe(2);
  });

  it('leaves a record alone that was recorded again since', async () => {
    const connection = await filled('a', 'b');
    await remove(connection, ['a', 'b']);
    await place.tracker().track(call('a', { cost_usd: 9 }));
    await connection.write(() => undoNewest(connection));
    expect(idsIn(connection)).toEqual(['a', 'b']);
    expect(costs(connection)).toEqual([9, 0.5]);
  });

  it('gives replaced records their costs again, in place', async () => {
    const connection = await filled('a', 'b', 'c');
    expect(await reprice(connection, 7, 'c', 'a')).toEqual({ added: 0, replaced: 2 });
    expect(costs(connection)).toEqual([7, 0.5, 7]);
    expect(lastChange(connection)).toEqual({ id: 1, op: 'replace', at: AT, records: 2, file: null });
    expect(await connection.write(() => undoNewest(connection))).toMatchObject({ op: 'replace', records: 2 });
    expect(idsIn(connection)).toEqual(['a', 'b', 'c']);
    expect(costs(connection)).toEqual([0.5, 0.5, 0.5]);
    expect(epochOf(connection)).toBe(2);
  });

  it('of a replacement does not bring back a record that is gone since', async () => {
    const connection = await filled('a', 'b');
    await reprice(connection, 7, 'a', 'b');
    await remove(connection, ['a'], false);
    await connection.write(() => undoNewest(connection));
    expect(idsIn(connection)).toEqual(['b']);
    expect(costs(connection)).toEqual([0.5]);
  });

  it('takes back the last change first, until there is none', async () => {
    const connection = await filled('a', 'b');
    await reprice(connection, 7, 'a');
    await remove(connection, ['b']);
    await reprice(connection, 8, 'a');
    const undone = [];
    for (let i = 0; i < 4; i++) undone.push((await connection.write(() => undoNewest(connection)))?.op);
    expect(undone).toEqual(['replace', 'remove', 'replace', undefined]);
    expect(costs(connection)).toEqual([0.5, 0.5]);
  });

  it('leaves a clear to whoever reads its file', async () => {
    const connection = await filled('a');
    await place.tracker().clear();
    expect(await connection.write(() => undoNewest(connection))).toBeUndefined();
    expect(lastChange(connection)).toMatchObject({ op: 'clear', records: 1 });
  });

  it('covers a hundred changes, and a repair knows what was removed before', async () => {
    const ids = Array.from({ length: 103 }, (_, i) => `id-${i}`);
    const connection = await filled(...ids, 'last');
    await reprice(connection, 7, 'id-102');
    for (const id of ids.slice(0, 101)) await remove(connection, [id]);
    // The texts of the first two changes are gone: the replacement, and one removal, whose id stays.
    expect(changes(connection).length).toBe(101);
    expect(changed(connection).slice(0, 2)).toEqual([
      [2, 0, 'id-0', 0],
      [3, 0, 'id-1', 1],
    ]);
    await reprice(connection, 8, 'id-102');
    expect(changed(connection).filter(([, , , has]) => has === 0)).toHaveLength(2);
    let undone = 0;
    while (await connection.write(() => undoNewest(connection))) undone++;
    expect(undone).toBe(100);
    expect(idsIn(connection).includes('id-1')).toBe(false);
    expect(idsIn(connection).includes('id-2')).toBe(true);
  });
});

describe('the hundredth change after a removal', () => {
  const texts = (connection: Connection): unknown => connection.first("SELECT text <> '' AS has FROM changed")!['has'];
  /** A removal, and then changes of nothing up to the 99th after it. */
  async function nearly(): Promise<Connection> {
    const connection = await filled('a', 'b', 'c');
    await remove(connection, ['a']);
    for (let i = 0; i < 99; i++) connection.db.exec("INSERT INTO change (op, at, records) VALUES ('remove', '', 0)");
    return connection;
  }

  it('lets go of its text where records are dropped', async () => {
    const connection = await nearly();
    expect(texts(connection)).toBe(1);
    await connection.write(() => dropRows(connection, [{ seq: 2, usage_id: 'b' }], AT));
    expect(texts(connection)).toBe(0);
  });

  it('lets go of its text where the ledger is emptied, and of replacements', async () => {
    const connection = await nearly();
    connection.db.exec("UPDATE change SET op = 'replace' WHERE id = 2");
    await connection.write(() => emptyLedger(connection, AT, 2, 'costs.db.cleared.1'));
    expect(texts(connection)).toBe(0);
    expect(lastChange(connection)).toEqual({ id: 101, op: 'clear', at: AT, records: 2, file: 'costs.db.cleared.1' });
    await connection.write(() => emptyLedger(connection, AT, 0, 'costs.db.cleared.2'));
    expect(changes(connection).map(([id]) => id)).not.toContain(2);
    expect([idsIn(connection), epochOf(connection)]).toEqual([[], 3]);
  });
});

describe('replacing records', () => {
  it('counts each record once, with the last of its texts', async () => {
    const connection = await filled('a');
    const plan = () => [1, 2, 3].map((cost) => stored(call('a', { cost_usd: cost })));
    expect(await connection.write(() => replaceRecords(connection, plan, AT))).toEqual({ added: 0, replaced: 1 });
    expect(costs(connection)).toEqual([3]);
    expect(changed(connection)).toEqual([[1, 0, 'a', 1]]);
  });

  it('gives the plan what is there, and nothing for a row that is no record', async () => {
    const connection = await filled('a', 'bad');
    await connection.write(() => connection.db.exec("UPDATE record SET text = '[]' WHERE usage_id = 'bad'"));
    const got: unknown[] = [];
    const result = await connection.write(() =>
      replaceRecords(
        connection,
        (get) => {
          got.push(get('a'), get('new'), get('bad'));
          return [stored(call('new')), stored(call('a', { cost_usd: 4 })), stored(call('bad'))];
        },
        AT,
      ),
    );
    const there = stored(call('a'));
    expect(got).toEqual([{ record: there.record, text: expect.any(String) as string }, undefined, undefined]);
    expect(result).toEqual({ added: 1, replaced: 2 });
    expect(idsIn(connection)).toEqual(['a', 'bad', 'new']);
    expect(costs(connection)).toEqual([4, 0.5, 0.5]);
  });

  it('that only adds is no change that could be taken back', async () => {
    const connection = await filled('a');
    const plan = () => [stored(call('b')), stored(call('c'))];
    expect(await connection.write(() => replaceRecords(connection, plan, AT))).toEqual({ added: 2, replaced: 0 });
    expect(lastChange(connection)).toBeUndefined();
    expect(epochOf(connection)).toBe(0);
  });

  it('fills segments as any other addition does', async () => {
    const connection = await place.connection();
    const plan = () => Array.from({ length: SEGMENT_SPAN + 1 }, (_, i) => stored(call(`id-${i}`)));
    expect(await connection.write(() => replaceRecords(connection, plan, AT))).toMatchObject({
      added: SEGMENT_SPAN + 1,
    });
    expect(sealedUpTo(connection)).toBe(SEGMENT_SPAN);
  });

  it('takes larger steps from a thousand records on, and so does dropping', async () => {
    const cacheOf = (connection: Connection): unknown => connection.first('PRAGMA cache_size')!['cache_size'];
    const some = (count: number) => () => Array.from({ length: count }, (_, i) => stored(call(`id-${i}`)));
    const connection = await filled('a');
    await connection.write(() => replaceRecords(connection, some(999), AT));
    expect(cacheOf(connection)).toBe(-2_000);
    await connection.write(() => replaceRecords(connection, some(1_000), AT));
    expect(cacheOf(connection)).toBe(-32_768);
    const other = await place.connection();
    await other.write(() => dropRows(other, [{ seq: 1, usage_id: 'a' }], AT));
    expect(cacheOf(other)).toBe(-32_768);
  });

  it('without an undo keeps nothing, but is a change', async () => {
    const connection = await filled('a');
    const plan = () => [stored(call('a', { cost_usd: 4 }))];
    await connection.write(() => replaceRecords(connection, plan, undefined));
    expect(lastChange(connection)).toBeUndefined();
    expect([changes(connection), epochOf(connection)]).toEqual([[], 1]);
    expect(costs(connection)).toEqual([4]);
  });
});
