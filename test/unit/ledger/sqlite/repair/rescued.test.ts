import { describe, expect, it } from 'vitest';
import { DAMAGED_TAG, rescuedRow, type DamagedRow } from '../../../../../src/ledger/sqlite/repair/rescue.ts';
import { keyOf } from '../../../../../src/ledger/sqlite/rows.ts';
import { call } from '../../../../contract/usages.ts';

/** A record made of a row whose text is damaged. */

const TIME = Date.parse('2026-11-03T04:05:06.789Z');
const row = (text: unknown, more: Partial<DamagedRow> = {}): DamagedRow => ({
  seq: 7,
  usage_id: 'a',
  time_ms: String(TIME),
  cost_kind: 'recorded',
  cost_nanos: '250000000',
  text,
  ...more,
});
const made = (damaged: DamagedRow): Record<string, unknown> | undefined => {
  const found = rescuedRow(damaged);
  return found && (JSON.parse(found.text) as Record<string, unknown>);
};
/** The text with one character replaced, so that it is no JSON any more. */
const broken = (from: string, to: string, usage: object = call('a', { project: 'web', note: 'x' })): string =>
  JSON.stringify(usage).replace(from, to);

describe('a row with a damaged text', () => {
  it('keeps the fields that can be read, and has id, time and cost of its columns', () => {
    expect(rescuedRow(row(broken('"project":"web"', '"proj\u0000ct":"web"')))).toEqual({
      seq: 7,
      usage_id: 'a',
      text: expect.any(String) as string,
    });
    expect(made(row(broken('"project":"web"', '"project:"web"')))).toMatchObject({
      usage_id: 'a',
      provider: 'openai',
      model: 'gpt-5',
      operation: 'chat',
      input_tokens: 1000,
      output_tokens: 200,
      cost_usd: 0.25,
      cost_known: true,
      billing_mode: 'known',
      price_source: null,
      timestamp: '2026-11-01T12:00:00.000Z',
      note: 'x',
      tags: [DAMAGED_TAG],
    });
  });

  it('has no field that only looks like one', () => {
    const text = `{"model":"m","nonsense":5,"project":"a","project":"b","toString":"x","cost_usd":9,`;
    const record = made(row(text))!;
    expect(record).toMatchObject({ model: 'm', project: 'a', cost_usd: 0.25 });
    expect(Object.keys(record)).not.toContain('nonsense');
    expect(Object.hasOwn(record, 'toString')).toBe(false);
  });

  it('reads numbers, texts with escapes, lists and flags', () => {
    const text = String.raw`{"model":"a\"b\\","input_tokens":12,"output_tokens":1.5e1,"tags":["x","y"],"cost_known":true,"note":"\u00e4","branch":"b`;
    expect(made(row(text))).toMatchObject({
      model: 'a"b\\',
      input_tokens: 12,
      output_tokens: 15,
      tags: ['x', 'y', DAMAGED_TAG],
      note: 'ä',
    });
    expect(made(row(text))).not.toHaveProperty('branch');
  });

  it('has unknown names where they cannot be read', () => {
    expect(made(row('{"model":"m",'))).toMatchObject({ model: 'm', provider: 'unknown', operation: 'unknown' });
    expect(made(row('nonsense'))).toMatchObject({ model: 'unknown', provider: 'unknown', operation: 'unknown' });
  });

  it('takes its time from the column where the text has none that can be read', () => {
    expect(made(row('{"model":"m","timestamp":"2026-13-77",'))).toMatchObject({
      timestamp: '2026-11-03T04:05:06.789Z',
    });
    expect(made(row('{"model":"m",'))).toMatchObject({ timestamp: '2026-11-03T04:05:06.789Z' });
    expect(made(row('{"model":"m","timestamp":"2026-01-02T03:04:05Z",'))).toMatchObject({
      timestamp: '2026-01-02T03:04:05Z',
    });
    expect(made(row('{"model":"m",', { time_ms: '1' }))).toMatchObject({ timestamp: '1970-01-01T00:00:00.001Z' });
    expect(made(row('{"model":"m",', { time_ms: '253402300799999' }))).toMatchObject({
      timestamp: '9999-12-31T23:59:59.999Z',
    });
    for (const time_ms of ['0', '-1', '253402300800000', 'x', null, undefined]) {
      expect(made(row('{"model":"m",', { time_ms }))).toBeUndefined();
    }
  });

  it('has the cost and its kind of the columns', () => {
    const cost = (cost_kind: unknown, cost_nanos: unknown): unknown => {
      const record = made(
        row('{"model":"m","cost_usd":5,"billing_mode":"known","price_source":"list",', { cost_kind, cost_nanos }),
      );
      return record && [record['cost_usd'], record['cost_known'], record['billing_mode'], record['price_source']];
    };
    expect(cost('recorded', '250000000')).toEqual([0.25, true, 'known', null]);
    expect(cost('recorded', '0')).toEqual([0, true, 'known', null]);
    expect(cost('estimated', '250000000')).toEqual([0.25, true, 'estimated', 'list']);
    expect(cost('unknown', null)).toEqual([0, false, 'known', 'list']);
    expect(cost('recorded', '9000000000000000000')).toEqual([9e9, true, 'known', null]);
    for (const [kind, nanos] of [
      ['unknown', '5'],
      ['recorded', null],
      ['recorded', '-5'],
      ['recorded', 5],
      ['recorded', '9000000000000000001'],
      ['recorded', '10000000000000000000'],
      ['recorded', '1x'],
      ['guessed', '5'],
      [7, '5'],
      [undefined, undefined],
    ]) {
      expect(cost(kind, nanos)).toBeUndefined();
    }
  });

  it('without a name needs a cost, and with a name a sound cost', () => {
    expect(made(row('nonsense', { cost_kind: 'unknown', cost_nanos: null }))).toBeUndefined();
    expect(made(row('{"model":"m",', { cost_kind: 'unknown', cost_nanos: null }))).toMatchObject({ cost_known: false });
    expect(made(row('{"provider":"p",', { cost_kind: 'unknown', cost_nanos: null }))).toBeDefined();
    expect(made(row('{"provider":"p",', { cost_kind: 'odd', cost_nanos: null }))).toBeUndefined();
    expect(made(row('{"model":5,', { cost_kind: 'unknown', cost_nanos: null }))).toBeUndefined();
  });

  it('without an id is none', () => {
    for (const usage_id of ['', 7, null, 'a\uFFFD'])
      expect(rescuedRow(row('{"model":"m",', { usage_id }))).toBeUndefined();
  });

  it('of another type is made of its columns', () => {
    expect(made(row(7))).toMatchObject({ usage_id: 'a', provider: 'unknown', tags: [DAMAGED_TAG] });
    expect(made(row(undefined))).toMatchObject({ usage_id: 'a', provider: 'unknown', tags: [DAMAGED_TAG] });
  });

  it('has the id of its column, and names the one of its text', () => {
    expect(rescuedRow(row('{"usage_id":"b","model":"m",'))).toMatchObject({ usage_id: 'a', otherId: 'b' });
    expect(rescuedRow(row('{"usage_id":"a","model":"m",'))).not.toHaveProperty('otherId');
    expect(rescuedRow(row('{"usage_id":"","model":"m",'))).not.toHaveProperty('otherId');
    expect(rescuedRow(row('{"usage_id":7,"model":"m",'))).not.toHaveProperty('otherId');
    const half = '\uD83D';
    expect(made(row('{"model":"m",', { usage_id: keyOf(half) }))).toMatchObject({ usage_id: half });
    expect(rescuedRow(row(`{"usage_id":${JSON.stringify(half)},"model":"m"}x`))).toMatchObject({
      otherId: keyOf(half),
    });
  });

  it('that is JSON keeps fields of other programs, without those that no record may have', () => {
    const text = JSON.stringify({ ...call('a'), input_tokens: 'many', own: { deep: [1] }, provider: 5, tags: 'none' });
    const record = made(row(text))!;
    expect(record).toMatchObject({ own: { deep: [1] }, provider: 'unknown', tags: [DAMAGED_TAG] });
    expect(record).not.toHaveProperty('input_tokens');
    expect(made(row('[1, 2]'))).toMatchObject({ model: 'unknown' });
    expect(made(row('null'))).toMatchObject({ model: 'unknown' });
    expect(made(row('5'))).toMatchObject({ model: 'unknown' });
  });

  it('is tagged once, behind its own tags', () => {
    const text = JSON.stringify({ ...call('a'), tags: ['x', DAMAGED_TAG, 'y'], input_tokens: -1 });
    expect(made(row(text))).toMatchObject({ tags: ['x', 'y', DAMAGED_TAG] });
  });
});
