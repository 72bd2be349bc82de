import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../../../src/ledger/ledger.ts';
import { TABLES_VERSION } from '../../../../src/ledger/postgres/schema.ts';
import { PostgresStore } from '../../../../src/ledger/postgres/store.ts';
import { hasPostgres, query, sharedDatabase } from '../../../fixtures/postgres.ts';
import { call } from '../../../contract/usages.ts';

/** Tables of older versions, each in a database of its own, are updated by whoever uses them first. */

const isGiven = process.env['LLM_SPEND_TEST_PG_URL'] !== undefined;
const stamp = `${process.pid}_${Date.now()}`;
const made: string[] = [];
const opened: Ledger[] = [];
let url: URL;

describe.skipIf(!hasPostgres() || isGiven)('tables of an older version', () => {
  const sql = (text: string): Promise<Record<string, unknown>[]> => query(url.href, text);
  const open = (user = 'postgres', ledger = 'main'): Ledger => {
    const at = new URL(url);
    at.username = user;
    at.searchParams.set('ledger', ledger);
    opened.push(new Ledger(new PostgresStore({ path: at.href })));
    return opened.at(-1)!;
  };
  const version = async (): Promise<unknown> =>
    (await sql('SELECT max(version) AS version FROM llm_spend.schema_version'))[0]!['version'];
  const role = (name: string): string => `upgrade_${stamp}_${name}`;

  beforeEach(async () => {
    const name = `upgrades_${process.pid}_${Date.now()}`;
    await query(sharedDatabase(), `CREATE DATABASE ${name}`);
    made.push(name);
    url = new URL(sharedDatabase());
    url.pathname = name;
    const note = 'a note that says "estimated_tokens":7, and more';
    await open().trackAll([
      call('a', { estimated_tokens: 30, note }),
      call('b', { estimated_tokens: 12, model: 'gpt-5-mini' }),
      call('c'),
    ]);
    await open('postgres', 'other').track(call('d', { cost_usd: 8 }));
    await Promise.all(opened.splice(0).map((ledger) => ledger.close()));
    await sql('DROP TABLE llm_spend.crossing');
    await sql('UPDATE llm_spend.schema_version SET version = 3');
  });
  afterAll(async () => {
    await Promise.all(opened.map((ledger) => ledger.close()));
    for (const name of made) await query(sharedDatabase(), `DROP DATABASE ${name} WITH (FORCE)`);
    for (const name of [role('reader'), role('""quoted""')])
      await query(sharedDatabase(), `DROP ROLE IF EXISTS "${name}"`);
  });
  async function makeVersion2(): Promise<void> {
    await sql('DROP TABLE llm_spend.summary_day, llm_spend.summary_hour');
    await sql('DROP INDEX llm_spend.rollup_series, llm_spend.record_cost');
    await sql('UPDATE llm_spend.schema_version SET version = 2');
  }
  async function makeVersion1(): Promise<void> {
    await makeVersion2();
    for (const table of ['record', 'rollup']) await sql(`ALTER TABLE llm_spend.${table} DROP COLUMN estimated_tokens`);
    await sql('UPDATE llm_spend.schema_version SET version = 1');
  }

  it('get the guessed tokens of each record and their sums, by the first who reads', async () => {
    await makeVersion1();
    const ledger = open();
    expect(await ledger.summary()).toMatchObject({ records: 3, guessedTokens: 42 });
    const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
    const groups = await ledger.aggregate({ filter: {}, groupBy: ['model'], calendar });
    expect(groups.map(({ key, totals }) => [key[0], totals.guessedTokens])).toEqual([
      ['gpt-5', 30],
      ['gpt-5-mini', 12],
    ]);
    const hours = await ledger.aggregate({ filter: {}, groupBy: ['hour', 'project'], calendar });
    expect(hours.map(({ totals }) => totals.guessedTokens)).toEqual([42]);
    const columns = await sql('SELECT usage_key, estimated_tokens FROM llm_spend.record ORDER BY 1');
    expect(columns.map((row) => row['estimated_tokens'])).toEqual(['30', '12', '0', '0']);
    expect((await open().verify()).problems).toEqual([]);
    expect(await version()).toBe(String(TABLES_VERSION));
  });

  it('get the summaries of all ledgers, by the first who writes', async () => {
    await makeVersion2();
    await open().track(call('e', { cost_usd: 2 }));
    for (const [ledger, records, nanos] of [
      ['main', 4, 3_500_000_000n],
      ['other', 1, 8_000_000_000n],
    ] as const) {
      expect(await open('postgres', ledger).summary()).toMatchObject({ records, recordedNanos: nanos });
      expect((await open('postgres', ledger).verify()).problems).toEqual([]);
    }
    expect(await version()).toBe(String(TABLES_VERSION));
  });

  it('can be used by those who could use them before, also whose names have quotation marks', async () => {
    await makeVersion2();
    const [reader, quoted] = [role('reader'), role('"quoted"')];
    const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
    for (const name of [reader, quoted]) {
      await sql(`CREATE ROLE ${quote(name)} LOGIN`);
      await sql(`GRANT USAGE ON SCHEMA llm_spend TO ${quote(name)}`);
    }
    await sql(
      `GRANT SELECT ON llm_spend.ledger, llm_spend.series, llm_spend.rollup, llm_spend.schema_version TO ${reader}`,
    );
    await sql(`GRANT SELECT, INSERT, UPDATE, DELETE ON llm_spend.usage_key TO ${quote(quoted)}`);
    await sql('GRANT SELECT ON llm_spend.rollup TO PUBLIC');
    // They may not update the tables themselves.
    await expect(open(reader).summary()).rejects.toThrow(
      `an older version of LLM Spend made the tables (2, this one needs ${TABLES_VERSION}), and only their owner can`,
    );
    expect(await version()).toBe('2');
    await open().summary();
    expect(await open(reader).summary()).toMatchObject({ records: 3 });
    const rights = (table: string): Promise<Record<string, unknown>[]> =>
      sql(`SELECT grantee, privilege_type AS may FROM information_schema.table_privileges
           WHERE table_name = '${table}' AND grantee <> 'postgres' ORDER BY 1, 2`);
    expect(await rights('crossing')).toEqual(['INSERT', 'SELECT', 'UPDATE'].map((may) => ({ grantee: quoted, may })));
    expect(await rights('summary_hour')).toEqual([
      { grantee: 'PUBLIC', may: 'SELECT' },
      { grantee: reader, may: 'SELECT' },
    ]);
    for (const name of [reader, quoted]) await sql(`DROP OWNED BY ${quote(name)}`);
  });

  it('of the version before get what that lacked, and keep their records', async () => {
    await open().track(call('e'));
    expect((await open().read()).map(({ usage_id: id }) => id)).toEqual(['a', 'b', 'c', 'e']);
    expect(await version()).toBe(String(TABLES_VERSION));
    expect(await sql('SELECT count(*) AS n FROM llm_spend.crossing')).toEqual([{ n: '0' }]);
  });
});
