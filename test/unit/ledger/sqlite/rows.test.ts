import { describe, expect, it } from 'vitest';
import {
  checkOrder,
  findRow,
  idOf,
  insertRow,
  keyOf,
  recordOf,
  restoredRow,
  rowsAfter,
  tryRecordOf,
  updateRow,
} from '../../../../src/ledger/sqlite/rows.ts';
import { isDamage } from '../../../../src/ledger/sqlite/engine.ts';
import { call, stored } from '../../../contract/usages.ts';
import { scratch } from './scratch.ts';

const HIGH = '\uD83D';
const LOW = '\uDE00';
const place = scratch();

describe('the key of an id', () => {
  it('is the id itself, for texts that UTF-8 can say', () => {
    for (const id of ['a', 'Grüße', '😀', '\u0000', '\u0000x', '']) {
      expect(keyOf(id)).toBe(id);
      expect(idOf(id)).toBe(id);
    }
  });

  it('tells ids apart that differ in half a character, and gives them back', () => {
    const ids = [HIGH, LOW, `a${HIGH}`, `${HIGH}"\\`];
    const keys = ids.map(keyOf);
    expect(keys).toEqual(ids.map((id) => `\u0000${JSON.stringify(id)}`));
    expect(keys.map((key) => key.isWellFormed())).toEqual([true, true, true, true]);
    expect(keys.map(idOf)).toEqual(ids);
  });

  it('that is encoded wrongly, or is no text, comes from a damaged database', () => {
    expect(idOf('\u0000"not closed')).toBe('\u0000"not closed');
    expect([idOf(7), idOf(null), idOf(undefined), idOf(new Uint8Array(2))]).toEqual(['', '', '', '']);
  });

  it('with half a character is found by its id', async () => {
    const ledger = place.tracker();
    await ledger.trackAll([call(HIGH), call(LOW)]);
    expect((await ledger.read()).map(({ usage_id }) => usage_id)).toEqual([HIGH, LOW]);
    expect((await ledger.track(call(HIGH))).usage_id).toBe(HIGH);
    expect((await ledger.remove([HIGH])).removed.map(({ usage_id }) => usage_id)).toEqual([HIGH]);
    expect(await ledger.undo()).toMatchObject({ undone: 'remove', records: 1 });
    expect((await ledger.read()).map(({ usage_id }) => usage_id)).toEqual([LOW, HIGH]);
    expect(await ledger.verify()).toMatchObject({ health: 'ok', problems: [] });
  });
});

describe('a row', () => {
  it('is a record if its text is one', () => {
    const { record, text } = stored(call('a'));
    expect(recordOf({ usage_id: 'a', text })).toEqual(record);
    expect(tryRecordOf({ usage_id: 'a', text })).toEqual(record);
  });

  it('gives its key to a record of old that has no id', () => {
    const { usage_id: _, ...rest } = call('a');
    expect(recordOf({ usage_id: 'key', text: JSON.stringify(rest) }).usage_id).toBe('key');
    expect(recordOf({ usage_id: keyOf(HIGH), text: JSON.stringify(rest) }).usage_id).toBe(HIGH);
  });

  it('that is no record says why', () => {
    expect(tryRecordOf({ usage_id: 'a', text: '{' })).toBeUndefined();
    expect(tryRecordOf({ usage_id: 'a', text: '[]' })).toBeUndefined();
    expect(() => recordOf({ usage_id: 'a', text: '[]' })).toThrow(/^the record a ./);
    expect(() => recordOf({ usage_id: keyOf(HIGH), text: '[]' })).toThrow(`the record ${HIGH} `);
  });

  it('has the cost, its kind and the time in columns', async () => {
    const connection = await place.connection();
    const put = (seq: number, more: object): void => {
      const { record, text } = stored(call(`id-${seq}`, more));
      insertRow(connection, seq, record, text);
    };
    const columns = (seq: number): unknown =>
      Object.values(
        connection.first('SELECT usage_id, time_ms, cost_kind, cost_nanos FROM record WHERE seq = ?', seq)!,
      );
    await connection.write(() => {
      put(1, { cost_usd: 0.25 });
      put(2, { cost_usd: 0.5, billing_mode: 'estimated' });
      put(3, { cost_usd: 0, cost_known: false });
    });
    const time = Date.parse('2026-11-01T12:00:00Z');
    expect(columns(1)).toEqual(['id-1', time, 'recorded', 250_000_000]);
    expect(columns(2)).toEqual(['id-2', time, 'estimated', 500_000_000]);
    expect(columns(3)).toEqual(['id-3', time, 'unknown', null]);
    const { record, text } = stored(call('id-1', { cost_usd: 2, timestamp: '1970-01-01T00:00:01Z', model: 'other' }));
    await connection.write(() => updateRow(connection, 1, record, text));
    expect(columns(1)).toEqual(['id-1', 1000, 'recorded', 2_000_000_000]);
    expect(findRow(connection, 'id-1')).toEqual({ seq: 1, usage_id: 'id-1', text });
    expect(findRow(connection, 'id-9')).toBeUndefined();
  });

  it('holds costs to the last one that the database can store', async () => {
    const connection = await place.connection();
    const put = (seq: number, cost: number): Promise<void> =>
      connection.write(() => {
        const { record, text } = stored(call(`id-${seq}`));
        insertRow(connection, seq, { ...record, cost_usd: cost }, text);
      });
    await put(1, 9_223_372_036);
    await expect(put(2, 9_223_372_037)).rejects.toMatchObject({
      name: 'UsageError',
      field: 'cost_usd',
      rule: 'is more than an SQLite ledger can store',
    });
    expect(rowsAfter(connection, 0, 9).map(({ seq }) => seq)).toEqual([1]);
  });
});

describe('rows after a number', () => {
  it('ascend, and are at most as many as asked for', async () => {
    const ledger = place.tracker();
    await ledger.trackAll(['a', 'b', 'c', 'd'].map((id) => call(id)));
    const connection = await place.connection();
    const ids = (after: number, limit: number): string[] =>
      rowsAfter(connection, after, limit).map(({ usage_id }) => usage_id);
    expect(ids(0, 2)).toEqual(['a', 'b']);
    expect(ids(1, 2)).toEqual(['b', 'c']);
    expect(ids(3, 2)).toEqual(['d']);
    expect(ids(4, 2)).toEqual([]);
  });

  it.each([
    ['twice the same', [1, 1], 0],
    ['one before another', [2, 1], 0],
    ['one that was there already', [5, 6], 5],
    ['no number', [Number.NaN], 0],
  ])('that are out of order are damage: %s', (_, seqs, after) => {
    const rows = seqs.map((seq) => ({ seq }));
    let thrown: unknown;
    try {
      checkOrder(rows, after);
    } catch (error) {
      thrown = error;
    }
    expect(isDamage(thrown)).toBe(true);
    expect((thrown as Error).message).toBe('its rows are out of order');
  });

  it('that ascend are sound', () => {
    expect(() => checkOrder([{ seq: 3 }, { seq: 7 }], 2)).not.toThrow();
    expect(() => checkOrder([], 2)).not.toThrow();
  });
});

describe('a row of a damaged database', () => {
  const { text } = stored(call('a'));

  it('that is whole is taken as it is', () => {
    expect(restoredRow({ seq: 3, usage_id: 'a', text })).toEqual({ seq: 3, usage_id: 'a', text });
    expect(restoredRow({ seq: '3', usage_id: 'a', text })).toEqual({ seq: 3, usage_id: 'a', text });
  });

  it('whose column is of another type has the id of its text', () => {
    for (const usage_id of [7, null, new Uint8Array(3), '']) {
      expect(restoredRow({ seq: 3, usage_id, text })).toEqual({ seq: 3, usage_id: 'a', text });
    }
  });

  it('whose two ids differ has the id of its text, and names the other', () => {
    expect(restoredRow({ seq: 3, usage_id: 'b', text })).toEqual({ seq: 3, usage_id: 'a', text, otherId: 'b' });
  });

  it('whose id has half a character is encoded again', () => {
    const odd = stored(call(HIGH)).text;
    expect(restoredRow({ seq: 1, usage_id: keyOf(HIGH), text: odd })).toEqual({
      seq: 1,
      usage_id: keyOf(HIGH),
      text: odd,
    });
  });

  it('that is no record is none', () => {
    const { usage_id: _, ...rest } = call('a');
    const nameless = JSON.stringify(rest);
    expect(restoredRow({ seq: 3, usage_id: 'a', text: 7 })).toBeUndefined();
    expect(restoredRow({ seq: 3, usage_id: 'a', text: '{"model":' })).toBeUndefined();
    expect(restoredRow({ seq: 3, usage_id: '', text: nameless })).toBeUndefined();
    expect(restoredRow({ seq: 3, usage_id: 7, text: nameless })).toBeUndefined();
    expect(restoredRow({ seq: 3, usage_id: 'a', text: nameless })).toEqual({ seq: 3, usage_id: 'a', text: nameless });
  });
});
