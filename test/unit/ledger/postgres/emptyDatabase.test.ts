import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../../../src/ledger/ledger.ts';
import { PostgresStore } from '../../../../src/ledger/postgres/store.ts';
import { TeamLedger } from '../../../../src/ledger/postgres/team/team.ts';
import { hasPostgres, query, sharedDatabase } from '../../../fixtures/postgres.ts';
import { call } from '../../../contract/usages.ts';

/** A database without tables answers as a ledger without records, and the first record makes the tables. */

const isGiven = process.env['LLM_SPEND_TEST_PG_URL'] !== undefined;
const made: string[] = [];
const opened: { close: () => Promise<void> }[] = [];
let url: URL;

describe.skipIf(!hasPostgres() || isGiven)('a database without tables', () => {
  const keep = <T extends { close: () => Promise<void> }>(each: T): T => {
    opened.push(each);
    return each;
  };
  const open = (): Ledger => keep(new Ledger(new PostgresStore({ path: url.href })));
  const tables = async (): Promise<number> =>
    (await query(url.href, "SELECT 1 FROM information_schema.tables WHERE table_schema = 'llm_spend'")).length;

  beforeEach(async () => {
    const name = `empty_${process.pid}_${Date.now()}`;
    await query(sharedDatabase(), `CREATE DATABASE ${name}`);
    made.push(name);
    url = new URL(sharedDatabase());
    url.pathname = name;
  });
  afterAll(async () => {
    await Promise.all(opened.map((each) => each.close()));
    for (const name of made) await query(sharedDatabase(), `DROP DATABASE ${name} WITH (FORCE)`);
  });

  it('is a ledger without records, and stays one whatever is asked of it', async () => {
    const ledger = open();
    const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
    expect(await ledger.refresh()).toMatchObject({ health: 'missing', records: 0, problems: [] });
    expect(await ledger.summary()).toMatchObject({ records: 0, recordedNanos: 0n });
    expect(await ledger.aggregate({ filter: {}, groupBy: ['model'], calendar })).toEqual([]);
    const page = { filter: {}, sort: 'time', descending: true, offset: 0, limit: 9 } as const;
    expect(await ledger.page(page)).toEqual({ total: 0, rows: [] });
    expect(await ledger.read()).toEqual([]);
    expect([await ledger.has('a'), await ledger.holds(['a', 'b'])]).toEqual([false, new Set()]);
    expect(await ledger.remove(['a', 'a'])).toEqual({ removed: [], missing: ['a'] });
    expect(await ledger.clear()).toEqual({ removed: 0, keptIn: undefined });
    expect([await ledger.undo(), await ledger.undo({ dryRun: true })]).toEqual([undefined, undefined]);
    expect(await ledger.setCosts([{ usageId: 'a', fields: { cost_usd: 1 } }])).toMatchObject({ missing: ['a'] });
    expect(await ledger.verify()).toMatchObject({ health: 'missing', problems: [] });
    expect(await ledger.repair()).toMatchObject({ actions: [], records: 0 });
    const team = keep(new TeamLedger(url.href, 'machine'));
    expect([await team.digests(), await team.rowsOf([1, 2]), await team.claim()]).toEqual([new Map(), new Map(), 0]);
    expect(await tables()).toBe(0);
  });

  it('takes the first records of several programs at the same moment, each once', async () => {
    const ids = ['a', 'b', 'c', 'd'];
    await Promise.all(ids.map((id) => open().track(call(id))));
    expect((await open().read()).map(({ usage_id: id }) => id).toSorted()).toEqual(ids);
    expect(await open().refresh()).toMatchObject({ health: 'ok', records: 4 });
    expect((await open().verify()).problems).toEqual([]);
    expect(await tables()).toBeGreaterThan(49);
  });

  it('is no ledger for those who may not make the tables, who are told so', async () => {
    const role = `guest_${process.pid}_${Date.now()}`;
    await query(url.href, `CREATE ROLE ${role} LOGIN`);
    url.username = role;
    await expect(open().track(call('a'))).rejects.toMatchObject({
      code: 'no-access',
      message: expect.stringContaining(`the user ${role} may not do this.`) as string,
    });
    expect(await open().refresh()).toMatchObject({ health: 'missing', records: 0 });
    await query(sharedDatabase(), `DROP ROLE ${role}`);
  });
});
