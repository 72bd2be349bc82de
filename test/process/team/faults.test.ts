import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.ts';
import { PostgresStore } from '../../../src/ledger/postgres/store.ts';
import { CutProxy } from '../../fixtures/cutProxy.ts';
import { hasServerPrograms, query, TestServer } from '../../fixtures/postgres.ts';
import { call } from '../../contract/usages.ts';

/** A ledger in PostgreSQL while the server and the network fail: every answer is true, and nothing is there twice. */
describe.skipIf(!hasServerPrograms())('a ledger in PostgreSQL', () => {
  let server: TestServer;
  let proxy: CutProxy;
  let next = 0;

  beforeAll(async () => {
    server = TestServer.make({ durable: true });
    await server.start();
    proxy = await CutProxy.open(server.port);
  });
  afterAll(() => {
    proxy.close();
    server.dispose();
  });

  const urlAt = (port: number, ledger: string): string =>
    `postgres://postgres@127.0.0.1:${port}/postgres?ledger=${ledger}`;
  const open = (port: number, ledger = `faults-${++next}`): Ledger =>
    new Ledger(new PostgresStore({ path: urlAt(port, ledger) }));

  async function idsOf(ledger: Ledger): Promise<string[]> {
    const other = new Ledger(new PostgresStore({ path: ledger.path.replace(`:${proxy.port}/`, `:${server.port}/`) }));
    const ids = (await other.read()).map(({ usage_id: id }) => id);
    const { problems } = await other.verify();
    expect(problems).toEqual([]);
    expect((await other.summary()).records).toBe(ids.length);
    await other.close();
    return ids;
  }

  it.each(['before', 'after'] as const)('records once when the connection is cut %s its commit', async (cut) => {
    const ledger = open(proxy.port);
    await ledger.track(call('a'));
    const { cuts } = proxy;
    proxy.cutNext('COMMIT', cut);
    expect(await ledger.trackWithStatus([call('b'), call('c')])).toMatchObject([
      { status: 'recorded' },
      { status: 'recorded' },
    ]);
    expect(proxy.cuts).toBe(cuts + 1);
    expect(await idsOf(ledger)).toEqual(['a', 'b', 'c']);
    await ledger.close();
  });

  it.each(['before', 'after'] as const)(
    'reports a removal truly when the connection is cut %s its commit',
    async (cut) => {
      const ledger = open(proxy.port);
      await ledger.trackAll([call('a'), call('b')]);
      proxy.cutNext('COMMIT', cut);
      const { removed, missing } = await ledger.remove(['a', 'never']);
      expect([removed.map(({ usage_id: id }) => id), missing]).toEqual([['a'], ['never']]);
      proxy.cutNext('COMMIT', cut);
      expect(await ledger.undo()).toMatchObject({ undone: 'remove', records: 1 });
      expect((await idsOf(ledger)).toSorted()).toEqual(['a', 'b']);
      await ledger.close();
    },
  );

  it('goes on over a new connection when all were cut', async () => {
    const ledger = open(proxy.port);
    await ledger.track(call('a'));
    proxy.cutAll();
    expect((await ledger.summary()).records).toBe(1);
    proxy.cutAll();
    await ledger.track(call('b'));
    expect(await idsOf(ledger)).toEqual(['a', 'b']);
    await ledger.close();
  });

  it('repeats a transaction that the server could not serialize, and leaves nothing of one that finds no space', async () => {
    const ledger = open(server.port, 'trouble');
    await ledger.track(call('a'));
    await server.query('CREATE SEQUENCE tries');
    const trouble = async (state: string, failures: number): Promise<void> => {
      await server.query("SELECT setval('tries', 1, false)");
      await server.query(`CREATE OR REPLACE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.ledger_id = 'trouble' AND nextval('tries') <= ${failures} THEN
          RAISE EXCEPTION 'made by the test' USING ERRCODE = '${state}'; END IF; RETURN NEW; END $$`);
    };
    await trouble('40001', 3);
    await server.query(
      'CREATE TRIGGER trouble BEFORE INSERT ON llm_spend.write_log FOR EACH ROW EXECUTE FUNCTION trouble()',
    );
    await ledger.track(call('b'));
    expect((await server.query('SELECT last_value FROM tries'))[0]).toEqual({ last_value: '4' });
    await trouble('53100', 1);
    await expect(ledger.track(call('c'))).rejects.toMatchObject({
      name: 'LedgerError',
      code: 'disk-full',
      message: expect.stringContaining('the server has no space left. Nothing was changed') as string,
    });
    await ledger.track(call('d'));
    expect(await idsOf(ledger)).toEqual(['a', 'b', 'd']);
    await ledger.close();
  });

  it('keeps every acknowledged record, once, while the server is killed', async () => {
    const ledger = open(server.port);
    await ledger.track(call('first'));
    const acknowledged: string[] = ['first'];
    const refused = new Set<string>();
    const stop = new AbortController();
    const writer = async (name: string): Promise<void> => {
      for (let i = 0; !stop.signal.aborted; i++) {
        const id = `${name}-${i}`;
        try {
          await ledger.track(call(id));
          acknowledged.push(id);
        } catch {
          refused.add(id);
        }
      }
    };
    const writers = ['x', 'y', 'z'].map(writer);
    for (let kill = 0; kill < 3; kill++) {
      const before = acknowledged.length;
      await expect.poll(() => acknowledged.length).toBeGreaterThan(before + 5);
      await server.kill();
      await server.start();
    }
    const before = acknowledged.length;
    await expect.poll(() => acknowledged.length).toBeGreaterThan(before);
    stop.abort();
    await Promise.all(writers);
    const ids = await idsOf(ledger);
    expect(new Set(ids).size).toBe(ids.length);
    expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
    // An answer can be lost with the server: such a record may be there, but only once.
    expect(ids.filter((id) => !acknowledged.includes(id) && !refused.has(id))).toEqual([]);
    await ledger.close();
  });

  it('can be on a server that takes all ledgers of a database', async () => {
    const [one, other] = [open(server.port, 'team-a'), open(server.port, 'team-b')];
    await one.track(call('a'));
    await other.trackAll([call('a'), call('b')]);
    expect([await idsOf(one), await idsOf(other)]).toEqual([['a'], ['a', 'b']]);
    expect(
      await query(
        server.url(),
        "SELECT ledger_id, records FROM llm_spend.ledger WHERE ledger_id LIKE 'team-%' ORDER BY 1",
      ),
    ).toEqual([
      { ledger_id: 'team-a', records: '1' },
      { ledger_id: 'team-b', records: '2' },
    ]);
    await Promise.all([one.close(), other.close()]);
  });
});
