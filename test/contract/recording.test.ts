import { describe, expect, it } from 'vitest';
import { UsageError, type UsageInput } from '../../src/usage/record.ts';
import { contractPlace, idsIn, STORES, textsIn } from './stores.ts';
import { call } from './usages.ts';

const NOW = Date.parse('2026-11-27T08:00:00.000Z');

describe.each(STORES)('recording in a $title ledger', (row) => {
  const place = contractPlace(row);

  it('returns the record as it is stored, for every instance to read', async () => {
    const ledger = place.open({ source: 'library', now: () => NOW });
    const record = await ledger.track({ provider: 'p', model: 'm', operation: 'o', input_tokens: 7, output_tokens: 3 });
    expect(record).toMatchObject({
      usage_id: expect.stringMatching(/^[\da-f-]{36}$/) as string,
      timestamp: '2026-11-27T08:00:00.000Z',
      total_tokens: 10,
      cost_known: false,
      source: 'library',
    });
    expect(await place.open().read()).toEqual([record]);
    expect(await ledger.read()).toEqual([record]);
  });

  it('keeps the order of additions', async () => {
    const ledger = place.open();
    await ledger.trackAll([call('c'), call('a')]);
    await ledger.track(call('b'));
    expect(await idsIn(place)).toEqual(['c', 'a', 'b']);
  });

  it('records all usages of a call or none', async () => {
    const ledger = place.open();
    await ledger.track(call('a'));
    await expect(ledger.trackAll([call('b'), call('c', { cost_usd: -1 })])).rejects.toThrow(UsageError);
    await expect(ledger.trackAll([call('b'), call('a', { cost_usd: 9 })])).rejects.toThrow(UsageError);
    expect(await idsIn(place)).toEqual(['a']);
  });

  const REFUSED: [string, Partial<UsageInput>, string][] = [
    ['a negative cost', { cost_usd: -1 }, 'cost_usd'],
    ['a cost that is no number', { cost_usd: Number.NaN }, 'cost_usd'],
    ['a cost beyond what a ledger holds', { cost_usd: 9.3e9 }, 'cost_usd'],
    ['half a token', { input_tokens: 0.5 }, 'input_tokens'],
    ['more tokens than can be counted', { output_tokens: 2 ** 53 }, 'output_tokens'],
    ['an empty model', { model: '' }, 'model'],
    ['a time that is none', { timestamp: 'yesterday' }, 'timestamp'],
    ['tags that are no texts', { tags: [7] as unknown as string[] }, 'tags'],
    ['a field that JSON cannot hold', { extra: 1n }, 'extra'],
  ];
  it.each(REFUSED)('refuses %s before anything is acknowledged', async (_, fields, field) => {
    const ledger = place.open();
    const refusal = await ledger.track(call('x', fields)).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UsageError);
    expect((refusal as UsageError).field.split('.')[0]).toBe(field);
    expect(await idsIn(place)).toEqual([]);
    expect(await ledger.read()).toEqual([]);
  });

  it('counts a usage once that is recorded twice, and tells an addition from a repetition', async () => {
    const ledger = place.open();
    const first = await ledger.trackWithStatus([call('a'), call('b')]);
    expect(first.map(({ status }) => status)).toEqual(['recorded', 'recorded']);
    const again = await place.open().trackWithStatus([call('c'), call('a'), call('c')]);
    expect(again.map(({ status, record }) => [record.usage_id, status])).toEqual([
      ['c', 'recorded'],
      ['a', 'present'],
      ['c', 'present'],
    ]);
    expect(again[1]!.record).toEqual(first[0]!.record);
    expect((await place.open().summary()).records).toBe(3);
  });

  it('refuses another usage with a known id, naming the field that differs', async () => {
    await place.open().track(call('a', { note: 'one' }));
    const refusal = await place
      .open()
      .track(call('a', { note: 'two' }))
      .catch((error: unknown) => error);
    expect(refusal).toMatchObject({ name: 'UsageError', field: 'usage_id', value: 'a' });
    expect((refusal as UsageError).rule).toContain('note');
    expect(await idsIn(place)).toEqual(['a']);
  });

  it('takes one of several usages with the same id that come at the same moment', async () => {
    const ledger = place.open();
    const tracked = await Promise.all([1, 2, 3].map(() => ledger.trackWithStatus([call('a')])));
    expect(tracked.flatMap((each) => each.map(({ status }) => status)).toSorted()).toEqual([
      'present',
      'present',
      'recorded',
    ]);
    expect(await idsIn(place)).toEqual(['a']);
  });

  it('records an id again that was removed', async () => {
    const ledger = place.open();
    await ledger.track(call('a'));
    expect((await place.open().remove(['a'])).removed).toHaveLength(1);
    expect(await ledger.trackWithStatus([call('a', { cost_usd: 7 })])).toMatchObject([{ status: 'recorded' }]);
    expect((await place.open().read()).map(({ cost_usd }) => cost_usd)).toEqual([7]);
  });

  it.each([1, 64, 3000])('keeps fields of other programs, nested %i levels deep', async (depth) => {
    const deep = JSON.parse(`${'['.repeat(depth)}"é\u2028💸"${']'.repeat(depth)}`) as unknown;
    const fields = { 'field of tomorrow': { deep, also: [null, true, 1e-7] }, '': 'no name' };
    const ledger = place.open();
    const record = await ledger.track(call('a', fields));
    expect(record).toMatchObject(fields);
    await ledger.remove(['a']);
    await ledger.undo();
    const [read] = await place.open().read();
    expect(JSON.stringify(read)).toBe(JSON.stringify(record));
  });

  it('adopts elements byte for byte, and says which were there already', async () => {
    const text = (id: string, more = ''): string =>
      `{"usage_id":"${id}","provider":"p","model":"m","operation":"o","cost_usd":1.50e-1,"timestamp":"2026-01-01T00:00:00+01:00","zeta":{"a":[12345678901234567890]}${more}}`;
    const element = (id: string, more = '') => ({ record: call(id) as never, text: text(id, more) });
    expect(await place.open().adopt([element('a'), element('b')])).toMatchObject({ adopted: 2, present: 0 });
    const again = await place.open().adopt([element('a'), element('b', ',"more":1'), element('c')]);
    expect(again).toEqual({ adopted: 1, present: 1, differing: ['b'], refused: [] });
    expect(Object.fromEntries(await textsIn(place))).toEqual({ a: text('a'), b: text('b'), c: text('c') });
  });

  it('accepts nothing once it is closed, and keeps what it accepted before', async () => {
    const ledger = place.open();
    void ledger.track(call('a'));
    await ledger.track(call('b'));
    await ledger.close();
    await expect(ledger.track(call('c'))).rejects.toMatchObject({ name: 'LedgerError', code: 'closed' });
    // Calls at the same time have no order.
    expect((await idsIn(place)).toSorted()).toEqual(['a', 'b']);
  });

  it('leaves the event loop free while records follow one another', async () => {
    const ledger = place.open();
    let turns = 0;
    let next = setImmediate(function count(): void {
      turns++;
      next = setImmediate(count);
    });
    for (let i = 0; i < 40; i++) await ledger.track(call(`${i}`));
    clearImmediate(next);
    expect(turns).toBeGreaterThan(0);
  });

  it('says when all additions can be read by other programs', async () => {
    const ledger = place.open();
    await ledger.track(call('a'));
    expect(await ledger.flush(120_000)).toBe(true);
    expect(await ledger.refresh()).toMatchObject({ health: 'ok', records: 1, pending: 0 });
  });
});
