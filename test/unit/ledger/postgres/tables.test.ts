import { describe, expect, it, vi } from 'vitest';
import { LedgerAccess } from '../../../../src/ledger/postgres/access.ts';
import {
  checkVersion,
  isMissingSchema,
  OutdatedTables,
  TABLES_VERSION,
} from '../../../../src/ledger/postgres/schema.ts';
import { parseAddress } from '../../../../src/ledger/postgres/server/address.ts';
import type { UsageRecord } from '../../../../src/usage/record.ts';
import { hasPostgres, insertForeignRow, withoutPassword } from '../../../fixtures/postgres.ts';
import { call, stored } from '../../../contract/usages.ts';
import { scratch } from './scratch.ts';

/** Ledgers in a real server, and what their tables contain. */

const place = scratch();
const { open, opening, sql, errors, ids } = place;

describe.skipIf(!hasPostgres())('a repair of a ledger in PostgreSQL', () => {
  it('computes sums anew that somebody changed', async () => {
    await open().trackAll([call('a'), call('b', { model: 'other' })]);
    await sql('UPDATE llm_spend.rollup SET records = 7, nanos = 1 WHERE ledger_id = $1 AND hours = 24');
    await sql("DELETE FROM llm_spend.summary_hour WHERE ledger_id = $1 AND facet = 'all'");
    const [message] = await errors();
    expect(message).toMatch(/^\d+ sums differ from the records\.$/);
    expect(await open().verify()).toMatchObject({
      health: 'damaged',
      problems: [{ code: 'damaged-database', severity: 'error', message }],
    });
    const actions = [`rebuilt from the texts: ${message}`];
    expect(await open().repair({ dryRun: true })).toEqual({ actions, records: 2, recovered: 0, keptIn: undefined });
    expect(await errors()).toEqual([message]);
    expect(await open().repair()).toEqual({ actions, records: 2, recovered: 0, keptIn: undefined });
    expect(await errors()).toEqual([]);
    expect(await open().summary()).toMatchObject({ records: 2, recordedNanos: 1_000_000_000n });
  });

  it('also corrects the number of records', async () => {
    await open().trackAll([call('a'), call('b')]);
    await sql('UPDATE llm_spend.ledger SET records = 9 WHERE ledger_id = $1');
    await sql('UPDATE llm_spend.rollup SET nanos = 1 WHERE ledger_id = $1');
    expect((await open().refresh()).records).toBe(9);
    expect((await open().repair()).records).toBe(2);
    expect((await open().refresh()).records).toBe(2);
  });

  it.each([
    ['the cost', 'cost_nanos = 5'],
    ['a missing cost', 'cost_nanos = NULL'],
    ['the series', "series_id = 'x'"],
  ])('takes the columns from the text: %s', async (_, change) => {
    await open().trackAll([call('a'), call('b'), call('c')]);
    await sql(`UPDATE llm_spend.record SET ${change} WHERE ledger_id = $1 AND usage_key = 'b'`);
    expect(await errors()).toContain('The columns of 1 records differ from their text.');
    await open().repair();
    expect(await errors()).toEqual([]);
    expect(await ids()).toEqual(['a', 'b', 'c']);
    expect((await open().summary()).recordedNanos).toBe(1_500_000_000n);
  });

  it('computes the sums of wrong columns anew, too', async () => {
    await open().track(call('a'));
    await sql('UPDATE llm_spend.record SET cost_nanos = 5 WHERE ledger_id = $1');
    for (const table of ['rollup', 'summary_day', 'summary_hour']) {
      await sql(`UPDATE llm_spend.${table} SET nanos = 5 WHERE ledger_id = $1`);
    }
    expect(await errors()).toEqual(['The columns of 1 records differ from their text.']);
    await open().repair();
    expect(await errors()).toEqual([]);
    expect((await open().summary()).recordedNanos).toBe(500_000_000n);
  });

  it('counts a record again that lost its series, and its order stays', async () => {
    await open().trackAll([call('a'), call('b'), call('c')]);
    await sql("UPDATE llm_spend.record SET series_id = '' WHERE ledger_id = $1 AND usage_key = 'b'");
    expect(await open().repair()).toMatchObject({ records: 3, recovered: 1, keptIn: undefined });
    expect((await ids()).toSorted()).toEqual(['a', 'b', 'c']);
    expect(await errors()).toEqual([]);
    expect((await open().summary()).records).toBe(3);
  });

  it('finds records again whose key is gone', async () => {
    await open().trackAll([call('a'), call('b')]);
    await sql("DELETE FROM llm_spend.usage_key WHERE ledger_id = $1 AND usage_key = 'a'");
    expect(await errors()).toEqual(['1 records cannot be found by their id.']);
    expect(await open().has('a')).toBe(false);
    await open().repair();
    expect(await errors()).toEqual([]);
    expect([...(await open().holds(['a', 'b']))].toSorted()).toEqual(['a', 'b']);
  });

  it('counts records of other programs, once, and moves other rows aside', async () => {
    await open().trackAll([call('a')]);
    const other = JSON.stringify(call('a', { cost_usd: 9 }));
    const nameless = JSON.stringify({ ...call('x'), usage_id: undefined });
    const rows = [
      ['k', JSON.stringify(call('theirs'))],
      ['l', nameless],
      ['m', '7'],
      ['a', '{}'],
      ['a', other],
    ];
    for (const [i, [key, text]] of rows.entries()) {
      const insert = 'INSERT INTO llm_spend.record (ledger_id, seq, usage_key, text) VALUES ($1, $2, $3, $4)';
      await sql(insert, 80 + i, key, text);
    }
    const dry = await open().repair({ dryRun: true });
    expect(dry.actions).toEqual([
      'records that another program wrote, counted from now on: 3',
      'rows that are no usage records, moved into the table llm_spend.aside: 2',
    ]);
    expect(dry).toMatchObject({ records: 1, recovered: 3, keptIn: undefined });
    const done = await open().repair();
    const name = withoutPassword(place.url);
    expect(done).toMatchObject({ records: 3, recovered: 2, keptIn: `the table llm_spend.aside of ${name}` });
    expect((await sql('SELECT text FROM llm_spend.aside WHERE ledger_id = $1')).map((row) => row['text'])).toEqual(
      expect.arrayContaining(['7', '{}', other]),
    );
    expect(await errors()).toEqual([]);
    expect((await open().refresh()).records).toBe((await open().read()).length);
    expect((await open().repair()).actions).toEqual([]);
  });
});

describe.skipIf(!hasPostgres())('undo of a ledger in PostgreSQL', () => {
  it('covers the last hundred changes', async () => {
    const ledger = open();
    await ledger.track(call('a'));
    const older = "SELECT $1, i, 'remove', '2026-01-01', 1 FROM generate_series(1, 100) AS s(i)";
    await sql(`INSERT INTO llm_spend.change (ledger_id, change_id, op, at, records) ${older}`);
    const texts = "SELECT $1, i, 0, 'k' || i, '7' FROM generate_series(1, 100) AS s(i)";
    await sql(`INSERT INTO llm_spend.changed (ledger_id, change_id, position, usage_key, text) ${texts}`);
    await sql('UPDATE llm_spend.ledger SET change_id = 100 WHERE ledger_id = $1');
    await ledger.remove(['a']);
    for (const table of ['change', 'changed']) {
      const found = await sql(`SELECT change_id FROM llm_spend.${table} WHERE ledger_id = $1 ORDER BY change_id`);
      expect(found.map((row) => Number(row['change_id']))).toEqual(Array.from({ length: 100 }, (_, i) => i + 2));
    }
    expect(await ledger.undo()).toMatchObject({ undone: 'remove', records: 1 });
    expect(await ids()).toEqual(['a']);
    expect(await open().undo({ dryRun: true })).toEqual({ undone: 'remove', at: '2026-01-01', records: 1 });
  });

  it('of thousands of records restores each, in as many steps as it takes', async () => {
    const ledger = open();
    await ledger.adopt(Array.from({ length: 2_100 }, (_, i) => stored(call(`${i}`))));
    expect((await ledger.clear()).removed).toBe(2_100);
    expect(await ledger.undo({ dryRun: true })).toMatchObject({ undone: 'clear', records: 2_100 });
    expect(await ids()).toEqual([]);
    expect(await ledger.undo()).toMatchObject({ undone: 'clear', records: 2_100 });
    expect(new Set(await ids()).size).toBe(2_100);
    expect(await errors()).toEqual([]);
  });

  it('of other costs leaves alone what was removed since, and keeps the order', async () => {
    const ledger = open();
    await ledger.trackAll([call('a'), call('b'), call('c')]);
    await ledger.setCosts(['a', 'b'].map((usageId) => ({ usageId, fields: { cost_usd: 4, cost_known: true } })));
    await sql("DELETE FROM llm_spend.record WHERE ledger_id = $1 AND usage_key = 'b'");
    await sql("DELETE FROM llm_spend.usage_key WHERE ledger_id = $1 AND usage_key = 'b'");
    expect(await ledger.undo()).toMatchObject({ undone: 'replace', records: 2 });
    expect((await open().read()).map(({ usage_id: each, cost_usd: cost }) => [each, cost])).toEqual([
      ['a', 0.5],
      ['c', 0.5],
    ]);
  });
});

describe.skipIf(!hasPostgres())('records that are added to a ledger in PostgreSQL', () => {
  it('one by one are told apart: new, there, different, or none', async () => {
    const ledger = open();
    await ledger.adopt([stored(call('a'))]);
    await insertForeignRow(place.url, 'taken');
    const odd = { record: call('odd') as UsageRecord, text: '{"usage_id":"odd"}' };
    const dear = { ...call('dear'), cost_usd: 9.3e9, cost_known: true } as UsageRecord;
    const result = await ledger.adopt([
      stored(call('a')),
      stored(call('b')),
      stored(call('a', { cost_usd: 9 })),
      odd,
      { record: dear, text: JSON.stringify(dear) },
    ]);
    expect(result).toMatchObject({ adopted: 1, present: 1 });
    expect(JSON.stringify(result)).toContain('is not a usage record');
    expect(result.refused).toHaveLength(2);
    expect((await ids()).toSorted()).toEqual(['a', 'b']);
  });

  it('are refused together with all of their call, and others are not', async () => {
    const ledger = open();
    await ledger.track(call('a'));
    const [refused, taken] = await Promise.allSettled([
      ledger.trackAll([call('x'), call('a', { cost_usd: 9 })]),
      ledger.trackAll([call('y'), call('x')]),
    ]);
    expect(refused).toMatchObject({
      status: 'rejected',
      reason: { message: expect.stringContaining('usage_id') as string },
    });
    expect(taken.status).toBe('fulfilled');
    expect((await ids()).toSorted()).toEqual(['a', 'x', 'y']);
    expect((await open().summary()).records).toBe(3);
  });

  it('have the same columns however many they are: one by one, or copied', async () => {
    const of = (name: string) => (i: number) =>
      stored(
        call(`${name}${i}`, {
          timestamp: new Date(Date.UTC(2026, 9, 1) + i * 3_600_000).toISOString(),
          session_id: `s${i}`,
          tags: ['t', `${i}`],
          project: i % 3 === 0 ? 'a\tb' : null,
          cache_read_tokens: i,
        }),
      );
    const ledger = open();
    await ledger.adopt(Array.from({ length: 200 }, (_, i) => of('copied')(i)));
    for (let i = 0; i < 5; i++) await ledger.adopt([of('single')(i)]);
    const columns = (await sql('SELECT * FROM llm_spend.record WHERE ledger_id = $1 ORDER BY seq')).map((row) => ({
      ...row,
      usage_key: String(row['usage_key']).replace(/copied|single/, ''),
      text: String(row['text']).replace(/copied|single/, ''),
    }));
    expect(columns).toHaveLength(205);
    for (let i = 0; i < 5; i++) expect(columns[200 + i]).toEqual({ ...columns[i], seq: `${201 + i}` });
    const keys = await sql('SELECT * FROM llm_spend.usage_key WHERE ledger_id = $1 ORDER BY seq');
    const { usage_key: _, seq: __, ...copied } = keys[3]!;
    expect(keys[203]).toMatchObject({ ...copied, counts: true, revision: '0', digest: '0', sender: '' });
    expect(await errors()).toEqual([]);
  });
});

describe.skipIf(!hasPostgres())('the tables', () => {
  it('are those of this version, or are said to be older or newer', () => {
    expect(() => checkVersion(TABLES_VERSION, 'there')).not.toThrow();
    expect(() => checkVersion(TABLES_VERSION - 1, 'there')).toThrow(OutdatedTables);
    expect(() => checkVersion(TABLES_VERSION + 1, 'there')).toThrow(
      `there: a newer version of LLM Spend made the tables (${TABLES_VERSION + 1}, this one knows ${TABLES_VERSION}). Update LLM Spend.`,
    );
    const failure = (code: string): Error => Object.assign(new Error('x'), { code });
    expect(['42P01', '3F000', '42501'].map((code) => isMissingSchema(failure(code)))).toEqual([true, true, false]);
  });

  it('forget now and then which writes were done more than an hour ago', async () => {
    const ledger = open();
    await ledger.track(call('a'));
    const notes = async (): Promise<number> =>
      (await sql('SELECT 1 FROM llm_spend.write_log WHERE ledger_id = $1')).length;
    await sql("UPDATE llm_spend.write_log SET at = at - INTERVAL '61 minutes' WHERE ledger_id = $1");
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.5);
    await ledger.track(call('b'));
    expect(await notes()).toBe(2);
    random.mockReturnValue(0);
    await ledger.track(call('c'));
    expect(await notes()).toBe(2);
    random.mockRestore();
  });

  it('have a row of the ledger: its numbers, the time of the last change, and up to a hundred rows of others', async () => {
    const access = new LedgerAccess(parseAddress(place.url), Date.now);
    opening(access.connection);
    expect(await access.ledgerRow()).toBeUndefined();
    const before = Date.now();
    await open().trackAll([call('a'), call('b')]);
    const row = (await access.ledgerRow())!;
    expect(row).toMatchObject({ seq: 2, epoch: 0, records: 2, foreign: 0 });
    expect(Math.abs(row.changedAt - before)).toBeLessThan(60_000);
    await open().remove(['a']);
    expect(await access.ledgerRow()).toMatchObject({ seq: 2, epoch: 1, records: 1 });
    await sql(
      "INSERT INTO llm_spend.record (ledger_id, seq, usage_key, text) SELECT $1, 1000 + i, i::TEXT, '7' FROM generate_series(1, 120) AS s(i)",
    );
    expect(await access.ledgerRow()).toMatchObject({ foreign: 100, records: 1 });
  });
});
