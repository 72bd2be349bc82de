import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { appendBatches } from '../../../../../src/ledger/sqlite/appending.ts';
import { removeRecords, undoNewest } from '../../../../../src/ledger/sqlite/changes.ts';
import { bringBack } from '../../../../../src/ledger/sqlite/clearing.ts';
import { SEGMENT_SPAN } from '../../../../../src/ledger/sqlite/columns/columnNumbers.ts';
import { sealedUpTo } from '../../../../../src/ledger/sqlite/columns/segments.ts';
import type { Connection } from '../../../../../src/ledger/sqlite/connection.ts';
import type { SqliteStore } from '../../../../../src/ledger/sqlite/store.ts';
import { call, stored } from '../../../../contract/usages.ts';
import { scratch } from '../scratch.ts';

const place = scratch();
const SUM = { filter: {}, groupBy: [], calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } } as const;
const PAGE = { filter: {}, sort: 'time', descending: false, offset: 0, limit: 20_000 } as const;

describe('a database that another takes the place of', () => {
  /** Two databases of as many records and changes; the second one is moved into the place of the first. */
  async function prepared(): Promise<() => void> {
    for (const cost of [7, 0.5]) {
      const ledger = place.tracker();
      await ledger.trackAll([call('a', { cost_usd: cost, model: `of ${cost}` }), call('b')]);
      await place.close();
      rmSync(`${place.path}.prev`);
      if (cost === 7) renameSync(place.path, join(place.folder, 'second.db'));
    }
    return () => {
      for (const ending of ['-wal', '-shm']) rmSync(`${place.path}${ending}`, { force: true });
      renameSync(join(place.folder, 'second.db'), place.path);
    };
  }
  const answers = async (store: SqliteStore): Promise<unknown[]> => {
    const [group] = await store.aggregate(SUM);
    const { rows } = await store.page(PAGE);
    const models = await store.aggregate({ ...SUM, groupBy: ['model'] });
    return [
      group?.totals.recordedNanos,
      rows.map(({ record }) => record.cost_usd),
      models.map(({ key }) => String(key[0])).toSorted(),
    ];
  };

  it('is read anew by the next look, with none of the former answers', async () => {
    const replace = await prepared();
    const store = place.store();
    const { cursor } = await store.look();
    expect(await answers(store)).toEqual([1_000_000_000n, [0.5, 0.5], ['gpt-5', 'of 0.5']]);
    replace();
    expect((await store.look()).cursor).not.toBe(cursor);
    expect(await answers(store)).toEqual([7_500_000_000n, [7, 0.5], ['gpt-5', 'of 7']]);
    expect(store.elementsSince(cursor)).toBeUndefined();
  });

  it('is written to by the next record', async () => {
    const replace = await prepared();
    const store = place.store();
    await store.look();
    replace();
    await store.append([stored(call('c'))], 'each');
    await store.look();
    expect((await answers(store))[1]).toEqual([7, 0.5, 0.5]);
  });

  it('leaves out excluded records of the new one', async () => {
    const replace = await prepared();
    const store = place.store();
    await store.look();
    await store.exclude(new Set(['a']));
    expect((await answers(store))[1]).toEqual([0.5]);
    replace();
    await store.look();
    expect((await answers(store))[1]).toEqual([0.5]);
    await store.exclude(new Set());
    expect((await answers(store))[1]).toEqual([7, 0.5]);
  });
});

describe('a segment that is full', () => {
  const many = Array.from({ length: SEGMENT_SPAN + 1 }, (_, i) => stored(call(`id-${i}`)));
  const ids = many.map(({ record }) => record.usage_id);
  const filled = async (): Promise<Connection> => {
    const connection = await place.connection();
    await connection.write(() => appendBatches(connection, [{ mode: 'each', additions: many }]));
    return connection;
  };

  it('is sealed with the record that fills it, and not before', async () => {
    const connection = await place.connection();
    const [last] = many.slice(SEGMENT_SPAN - 1);
    await connection.write(() =>
      appendBatches(connection, [{ mode: 'each', additions: many.slice(0, SEGMENT_SPAN - 1) }]),
    );
    expect(sealedUpTo(connection)).toBe(0);
    await connection.write(() => appendBatches(connection, [{ mode: 'all', additions: [last!] }]));
    expect(sealedUpTo(connection)).toBe(SEGMENT_SPAN);
  });

  it('is sealed by rows that are brought back, from a copy or by an undo', async () => {
    const connection = await filled();
    expect(sealedUpTo(connection)).toBe(SEGMENT_SPAN);
    await connection.write(() => removeRecords(connection, ids, '2026-11-01', true));
    await connection.write(() => undoNewest(connection));
    expect(sealedUpTo(connection)).toBe(2 * SEGMENT_SPAN);
    await connection.write(() => connection.db.exec('DELETE FROM record'));
    const rows = many.map(({ record, text }) => ({ seq: 1, usage_id: record.usage_id, text }));
    expect(await connection.write(() => bringBack(connection, rows))).toBe(SEGMENT_SPAN + 1);
    expect(sealedUpTo(connection)).toBe(3 * SEGMENT_SPAN);
  });
});
