import { describe, expect, it } from 'vitest';
import { FINE_COLUMNS, SERIES_COLUMNS, TOKEN_COLUMNS } from '../../../../src/ledger/postgres/columns.ts';
import {
  decodeText,
  encodeText,
  idOfRow,
  keyOfId,
  recordOfRow,
  rowOf,
  searchText,
  tryRecord,
} from '../../../../src/ledger/postgres/rows.ts';
import { UsageError } from '../../../../src/usage/record.ts';
import { usage } from '../../usage/records.ts';

/** Records as rows: texts that a column cannot have are encoded, and every column says what the record says. */

describe('a text of a column', () => {
  it.each(['', 'plain', 'été', '💸', '"quoted"', 'back\\slash', 'tab\t'])('is itself: %j', (text) => {
    expect(encodeText(text)).toBe(text);
    expect(decodeText(text)).toBe(text);
  });

  it.each(['nul\0', 'line\nfeed', 'lone \ud800', '\u0001begins', '\u0001"x"', 'has \u0001 within'])(
    'that cannot be stored is encoded: %j',
    (text) => {
      const encoded = encodeText(text);
      expect(encoded.startsWith('\u0001"')).toBe(true);
      expect(encoded).not.toMatch(/[\0\n\ud800]/);
      expect(decodeText(encoded)).toBe(text);
    },
  );

  it('that another program wrote is left as it is', () => {
    expect(decodeText('\u0001{no json')).toBe('\u0001{no json');
    expect(decodeText('no "json"')).toBe('no "json"');
  });
});

describe('the key of an id', () => {
  it('is the id, or its hash from 501 characters on, from which the text tells the id', () => {
    expect(keyOfId('x'.repeat(500))).toBe('x'.repeat(500));
    const long = 'x'.repeat(501);
    expect(keyOfId(long).replace(/[\da-f]{64}$/, 'HASH')).toBe('\u0001sha256:HASH');
    expect(keyOfId(`${long}y`)).not.toBe(keyOfId(long));
    const text = JSON.stringify(usage({ usage_id: long }));
    expect(idOfRow(keyOfId(long), text)).toBe(long);
    expect(idOfRow(keyOfId(long), 'no json')).toBe(keyOfId(long));
    expect(idOfRow('short', text)).toBe('short');
    expect(idOfRow(keyOfId('a\nb'), '7')).toBe('a\nb');
  });
});

it('texts are searched in lower case, without what a text cannot have', () => {
  expect(searchText('ÉTÉ Opus\0x\ud800')).toBe('été opus\ufffdx\ufffd');
  expect(searchText('a\0b\0')).toBe('a\ufffdb\ufffd');
});

describe('a record of a row', () => {
  it('is that of its text, with the key as its id where the text has none', () => {
    const { usage_id: _, ...nameless } = usage();
    expect(recordOfRow('key', JSON.stringify(nameless)).usage_id).toBe('key');
    expect(recordOfRow(keyOfId('a\nb'), JSON.stringify(nameless)).usage_id).toBe('a\nb');
    expect(recordOfRow('key', JSON.stringify(usage())).usage_id).toBe('id-1');
  });

  it('is none where the text is none, with the reason', () => {
    expect(() => recordOfRow('key', '7')).toThrow(/^the record key /);
    expect(tryRecord('key', '7')).toBeUndefined();
    expect(tryRecord('key', '{')).toBeUndefined();
    expect(tryRecord('key', JSON.stringify(usage()))?.model).toBe('opus');
  });
});

describe('a row of a record', () => {
  const fields = { project: 'Site', session_id: 'S-1', tags: ['Red', '', 'Red', 'a\nb'], cache_read_tokens: 5 };
  const text = JSON.stringify(usage(fields));
  const row = rowOf(usage(fields), text);

  it('has its columns', () => {
    expect(row).toMatchObject({
      key: 'id-1',
      timeMs: Date.parse('2026-11-23T10:00:00Z'),
      nanos: 250_000_000n,
      text,
      tags: 'Red\n\u0001"a\\nb"',
    });
    const tokens = Object.fromEntries(TOKEN_COLUMNS.map(({ field }, i) => [field, row.tokens[i]]));
    expect(tokens).toMatchObject({ input_tokens: 100, output_tokens: 20, total_tokens: 120, cache_read_tokens: 5 });
    expect(tokens['reasoning_tokens']).toBe(0);
    const fine = Object.fromEntries(FINE_COLUMNS.map(({ dimension }, i) => [dimension, row.fine[i]]));
    expect(fine).toEqual({ episode: '', branch: '', session: 'S-1', commit: '' });
    const values = Object.fromEntries(SERIES_COLUMNS.map(({ dimension }, i) => [dimension, row.series.values[i]]));
    expect(values).toMatchObject({
      provider: 'anthropic',
      model: 'opus',
      operation: 'chat',
      project: 'Site',
      user: '',
    });
  });

  it('finds the texts that are searched, each once, in lower case', () => {
    expect(row.search.split('\n')).toEqual(expect.arrayContaining(['red', 'a', 'b']));
    expect(row.search).not.toMatch(/red[^]*red/);
    expect(row.series.search.split('\n')).toEqual(expect.arrayContaining(['anthropic', 'opus', 'chat', 'site']));
    expect(`${row.search}\n${row.series.search}`).not.toMatch(/\n\n|^\n|\n$/);
  });

  it('has no cost where it is unknown, and tells kinds and plans apart', () => {
    const unknown = usage({ cost_known: false, cost_usd: 0, billing_mode: 'estimated' });
    expect(rowOf(unknown, '{}')).toMatchObject({ nanos: null, series: { kind: 'unknown', covered: false } });
    expect(rowOf(usage({ billing_mode: 'estimated' }), '{}').series).toMatchObject({ kind: 'estimated' });
    expect(rowOf(usage({ charge: 'plan' }), '{}').series).toMatchObject({ kind: 'recorded', covered: true });
    expect(rowOf(usage({ project: 7 as unknown as string }), '{}').series.values).not.toContain('7');
  });

  it('refuses a cost that no column can have', () => {
    expect(() => rowOf(usage({ cost_usd: 9.3e9 }), '{}')).toThrow(UsageError);
    expect(() => rowOf(usage({ cost_usd: 9.3e9 }), '{}')).toThrow('is more than a ledger in PostgreSQL can store');
    expect(rowOf(usage({ cost_usd: 9.2e9 }), '{}').nanos).toBe(9_200_000_000_000_000_000n);
  });

  it('has a text in which a lone surrogate is an escape, and nothing else is changed', () => {
    expect(rowOf(usage(), '{"note":"\ud800 💸"}').text).toBe('{"note":"\\ud800 💸"}');
    expect(rowOf(usage(), '{"note":"💸"}').text).toBe('{"note":"💸"}');
  });
});
