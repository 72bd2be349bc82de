import { describe, expect, it } from 'vitest';
import { appendBatches } from '../../../../../src/ledger/sqlite/appending.ts';
import { dropStored } from '../../../../../src/ledger/sqlite/dropping.ts';
import { Exclusion } from '../../../../../src/ledger/sqlite/exclusion.ts';
import { Access } from '../../../../../src/ledger/sqlite/access.ts';
import { epochOf, takeSnapshot } from '../../../../../src/ledger/sqlite/columns/segments.ts';
import type { ColumnQueries } from '../../../../../src/ledger/sqlite/columns/query.ts';
import type { Connection } from '../../../../../src/ledger/sqlite/connection.ts';
import { elementsOf, findRows, idsAfter, idsHeld, recordAt } from '../../../../../src/ledger/sqlite/reading.ts';
import { RowAppender } from '../../../../../src/ledger/sqlite/rowAppender.ts';
import { inWorker } from '../../../../../src/ledger/sqlite/worker.ts';
import type { Addition } from '../../../../../src/ledger/store.ts';
import { nodeDisk } from '../../../../../src/system/nodeDisk.ts';
import { call, stored } from '../../../../contract/usages.ts';
import { failure, scratch } from '../scratch.ts';

const place = scratch();
const addition = (id: string, more: object = {}): Addition => {
  const given = call(id, more);
  return { ...stored(given), given };
};
const idsIn = (connection: Connection): unknown[] =>
  connection.rows('SELECT usage_id FROM record ORDER BY seq').map((row) => row['usage_id']);

/** An open database with these records, numbered from 1. */
async function filled(...ids: string[]): Promise<Connection> {
  const connection = await place.connection();
  await add(connection, ids);
  return connection;
}

async function add(connection: Connection, ids: readonly string[]): Promise<void> {
  await connection.write(() => {
    const rows = new RowAppender(connection);
    for (const id of ids) rows.add(stored(call(id)).record, stored(call(id)).text);
    rows.finish();
  });
}

describe('batches of additions', () => {
  it('are all in one transaction, in order, whoever is refused', async () => {
    const connection = await filled('a');
    const outcomes = await connection.write(() =>
      appendBatches(connection, [
        { mode: 'all', additions: [addition('b'), addition('a')] },
        { mode: 'all', additions: [addition('c'), addition('a', { model: 'other' }), addition('d')] },
        { mode: 'all', additions: [addition('e')] },
      ]),
    );
    expect(outcomes).toMatchObject([
      { appended: [{ status: 'recorded' }, { status: 'present', record: { usage_id: 'a' } }] },
      { refused: { name: 'UsageError', message: expect.stringContaining('model') as string } },
      { appended: [{ status: 'recorded', record: { usage_id: 'e' } }] },
    ]);
    expect(idsIn(connection)).toEqual(['a', 'b', 'e']);
    expect(takeSnapshot(connection, undefined).tail.lastSeq).toBe(3);
  });

  it('with an id of a row that is no record are refused, with what to do', async () => {
    const connection = await filled('a');
    connection.db.exec("UPDATE record SET text = '[]'");
    const [outcome] = await connection.write(() =>
      appendBatches(connection, [{ mode: 'all', additions: [addition('a')] }]),
    );
    expect(outcome).toMatchObject({
      refused: {
        message: 'usage_id: is taken by a row of the database that is no record. See: llm-spend repair (got "a")',
      },
    });
  });

  it('one by one say which were there, which differ and which cannot be stored', async () => {
    const connection = await filled('a', 'odd');
    connection.db.exec("UPDATE record SET text = '[]' WHERE usage_id = 'odd'");
    const { record, text } = stored(call('big'));
    const [outcome] = await connection.write(() =>
      appendBatches(connection, [
        {
          mode: 'each',
          additions: [
            stored(call('a')),
            stored(call('a', { cost_usd: 3 })),
            { ...stored(call('odd')), text: '[]' },
            { record: { ...record, cost_usd: 1e10 }, text },
            stored(call('new')),
          ],
        },
      ]),
    );
    expect(outcome).toMatchObject({
      appended: [
        { status: 'present' },
        { status: 'differing' },
        { status: 'differing' },
        {
          status: 'refused',
          reason: 'cost_usd: is more than an SQLite ledger can store (got 10000000000)',
        },
        { status: 'recorded', record: { usage_id: 'new' } },
      ],
    });
    expect(idsIn(connection)).toEqual(['a', 'odd', 'new']);
  });

  it('fail as a whole where the database fails', async () => {
    const connection = await filled('a');
    const broken = { usage_id: 'x', timestamp: { toString: () => 'never' } };
    const throwing = {
      get record(): never {
        throw failure(13, 'database or disk is full');
      },
      text: JSON.stringify(broken),
    } as unknown as Addition;
    const written = connection.write(() =>
      appendBatches(connection, [
        { mode: 'each', additions: [stored(call('b'))] },
        { mode: 'each', additions: [throwing] },
      ]),
    );
    await expect(written).rejects.toThrow('database or disk is full');
    expect(idsIn(connection)).toEqual(['a']);
  });

  it('are read from their text, which counts', async () => {
    const connection = await place.connection();
    const { record } = stored(call('a'));
    await connection.write(() =>
      appendBatches(connection, [
        { mode: 'each', additions: [{ record, text: stored(call('a', { cost_usd: 2 })).text }] },
      ]),
    );
    expect(recordAt(connection, 1)).toMatchObject({ cost_usd: 2 });
  });
});

describe('dropping records', () => {
  const access = (): Access => new Access(nodeDisk, place.path, Date.now, () => undefined);

  it('counts those that were there, once each', async () => {
    await filled('a', 'b', 'c');
    const one = access();
    let told = 0;
    expect(await dropStored(one, ['a', 'x', 'c', 'a'], '2026-11-01', () => told++)).toBe(2);
    expect(await dropStored(one, ['a', 'x'], '2026-11-01', () => told++)).toBe(0);
    expect([idsIn((await one.opened())!), told]).toEqual([['b'], 1]);
    await one.release();
  });

  it('makes no database where there is none', async () => {
    let told = 0;
    expect(await dropStored(access(), ['a'], '2026-11-01', () => told++)).toBe(0);
    expect([place.files(), told]).toEqual([[], 0]);
  });

  it('looks again where records were changed or removed in between', async () => {
    const other = await filled('a', 'b', 'c');
    const one = access();
    let writes = 0;
    const interrupted = Object.create(one, {
      write: {
        value: async <T>(work: (connection: Connection) => T): Promise<T> => {
          if (writes++ === 0) {
            await other.write(() =>
              other.db.exec('DELETE FROM record WHERE seq = 1; UPDATE ledger SET epoch = epoch + 1'),
            );
          }
          return one.write(work);
        },
      },
      opened: { value: () => one.opened() },
      attempt: { value: <T>(work: () => Promise<T>) => one.attempt(work) },
    }) as Access;
    let told = 0;
    expect(await dropStored(interrupted, ['a', 'b'], '2026-11-01', () => told++)).toBe(1);
    expect([idsIn(other), writes, told, epochOf(other)]).toEqual([['c'], 2, 1, 2]);
    await one.release();
  });

  it('looks again in the database that is there now', async () => {
    await filled('a', 'b');
    const one = access();
    let writes = 0;
    const replaced = Object.create(one, {
      write: {
        value: async <T>(work: (connection: Connection) => T): Promise<T> => {
          if (writes++ === 0) await one.release();
          return one.write(work);
        },
      },
      opened: { value: () => one.opened() },
      attempt: { value: <T>(work: () => Promise<T>) => one.attempt(work) },
    }) as Access;
    expect(await dropStored(replaced, ['a'], '2026-11-01', () => undefined)).toBe(1);
    expect(writes).toBe(2);
    await one.release();
  });
});

describe('reading', () => {
  const MANY = Array.from({ length: 2_003 }, (_, i) => `id-${i}`);

  it('gives all records in order, some thousand at a time, and leaves out rows that are none', async () => {
    const connection = await filled(...MANY);
    connection.db.exec("UPDATE record SET text = '[]' WHERE seq = 2");
    const batches: string[][] = [];
    for await (const some of elementsOf(async () => connection, place.path)) {
      batches.push(some.map(({ record }) => record.usage_id));
    }
    expect(batches.map(({ length }) => length)).toEqual([999, 1_000, 3]);
    expect(batches.flat()).toEqual(MANY.filter((_, i) => i !== 1));
    const rest = [];
    for await (const some of elementsOf(async () => connection, place.path, 2_000)) rest.push(...some);
    expect(rest.map(({ record, text }) => [record.usage_id, text])).toEqual(
      MANY.slice(2_000).map((id) => [id, stored(call(id)).text]),
    );
  });

  it('gives nothing where there is no database, and says which one fails', async () => {
    const none = [];
    for await (const some of elementsOf(async () => undefined, place.path)) none.push(some);
    expect(none).toEqual([]);
    const failing = elementsOf(() => Promise.reject(failure(11)), place.path);
    await expect(failing.next()).rejects.toMatchObject({
      code: 'damaged',
      message: expect.stringContaining(place.path) as string,
    });
  });

  it('gives the ids behind a number, in batches', async () => {
    const connection = await filled(...MANY);
    const batches = async (after: number): Promise<string[][]> => {
      const found = [];
      for await (const ids of idsAfter(() => connection, after)) found.push(ids);
      return found;
    };
    expect((await batches(0)).map(({ length }) => length)).toEqual([1_000, 1_000, 3]);
    expect((await batches(0)).flat()).toEqual(MANY);
    expect(await batches(2_001)).toEqual([MANY.slice(2_001)]);
    expect((await batches(3)).map(({ length }) => length)).toEqual([1_000, 1_000]);
    expect(await batches(2_003)).toEqual([]);
    const none = [];
    for await (const ids of idsAfter(() => undefined, 0)) none.push(ids);
    expect(none).toEqual([]);
  });

  it('finds rows by thousands of ids, and says which are there', async () => {
    const connection = await filled(...MANY);
    const asked = ['x', ...MANY.toReversed(), 'y', '\uD83D'];
    const found = await findRows(connection, asked);
    expect(found.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(MANY.map((_, i) => i + 1));
    expect(await idsHeld(connection, ['x', 'id-7', 'id-7'])).toEqual(new Set(['id-7']));
    expect(await idsHeld(undefined, ['id-7'])).toEqual(new Set());
    await add(connection, ['\uD83D']);
    expect(await idsHeld(connection, ['\uD83D', '\uDE00'])).toEqual(new Set(['\uD83D']));
  });

  it('lets other work run between the batches', async () => {
    const connection = await filled(...MANY);
    /** How many turns of the event loop there are until all is read. */
    const turnsOf = async (batches: AsyncIterable<unknown>): Promise<number> => {
      let turns = 0;
      let done = false;
      const count = (): void => {
        turns++;
        if (!done) setImmediate(count);
      };
      setImmediate(count);
      for await (const _ of batches);
      done = true;
      return turns;
    };
    expect(await turnsOf(elementsOf(async () => connection, place.path))).toBeGreaterThanOrEqual(3);
    expect(await turnsOf(idsAfter(() => connection, 0))).toBeGreaterThanOrEqual(2);
  });

  it('gives one record by its number', async () => {
    const connection = await filled('a', 'b');
    connection.db.exec("UPDATE record SET text = '[]' WHERE seq = 1");
    expect(recordAt(connection, 2)).toMatchObject({ usage_id: 'b' });
    expect(recordAt(connection, 1)).toBeUndefined();
    expect(recordAt(connection, 3)).toBeUndefined();
  });
});

describe('excluded records', () => {
  it('are those that are there, looked up again after any change but an addition', async () => {
    const connection = await filled('a', 'b', 'c');
    const hidden: number[][] = [];
    const queries = { hide: (seqs: ReadonlySet<number>) => hidden.push([...seqs]) } as unknown as ColumnQueries;
    const exclusion = new Exclusion(queries);
    const apply = (contents: string): void =>
      exclusion.apply({ connection, snapshot: takeSnapshot(connection, undefined) }, contents);
    apply('1');
    expect(hidden.splice(0)).toEqual([[]]);
    apply('1');
    expect(hidden).toEqual([]);
    exclusion.set(new Set(['b', 'x', 'c']));
    apply('1');
    apply('1');
    expect(hidden).toEqual([[2, 3]]);
    await add(connection, ['x']);
    apply('1');
    expect(hidden.slice(1)).toEqual([[2, 4, 3]]);
    connection.db.exec('DELETE FROM record WHERE seq = 2');
    // Numbers stay valid while nothing but additions happens.
    apply('1');
    expect(hidden).toHaveLength(2);
    apply('2');
    expect(hidden.slice(2)).toEqual([[4, 3]]);
    exclusion.set(new Set(['c', 'a']));
    apply('2');
    expect(hidden.slice(3)).toEqual([[3, 1]]);
    exclusion.set(new Set());
    apply('2');
    expect(hidden.slice(4)).toEqual([[]]);
  });
});

describe('a statement in a thread', () => {
  it('returns its rows, and takes parameters', async () => {
    await filled('a', 'b');
    expect(await inWorker(place.path, 'SELECT seq, usage_id FROM record WHERE seq > ?', [1])).toEqual([
      { seq: 2, usage_id: 'b' },
    ]);
  });

  it('fails as SQLite does, and writes nothing', async () => {
    await filled('a');
    await expect(inWorker(place.path, 'SELECT nonsense')).rejects.toMatchObject({
      code: 'ERR_SQLITE_ERROR',
      errcode: 1,
      message: 'no such column: nonsense',
    });
    await expect(inWorker(place.path, 'DELETE FROM record')).rejects.toMatchObject({ errcode: 8 });
    await expect(inWorker(`${place.path}.none`, 'SELECT 1')).rejects.toMatchObject({ errcode: 14 });
  });
});
