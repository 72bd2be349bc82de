import { mkdtempSync, rmSync, writeFileSync, chmodSync, copyFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.ts';
import { TABLES_VERSION } from '../../../src/ledger/postgres/schema.ts';
import { PostgresStore } from '../../../src/ledger/postgres/store.ts';
import { LedgerError } from '../../../src/ledger/results.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { hasServerPrograms, query, TestServer } from '../../fixtures/postgres.ts';
import { call } from '../../contract/usages.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');

/** Servers that refuse, and records that are odd: a clear message without a password, and nothing lost. */
describe.skipIf(!hasServerPrograms())('a ledger in PostgreSQL that cannot be used', () => {
  let server: TestServer;
  let secrets: string;
  const opened: Ledger[] = [];

  beforeAll(async () => {
    server = TestServer.make();
    for (const [file, name] of [
      ['localhost.crt', 'server.crt'],
      ['localhost.key', 'server.key'],
    ] as const) {
      copyFileSync(join(FIXTURES, file), join(server.folder, name));
      if (process.getuid?.() === 0) execFileSync('chown', ['postgres', join(server.folder, name)]);
      chmodSync(join(server.folder, name), 0o600);
    }
    const access =
      'host all secret 127.0.0.1/32 scram-sha-256\nhost all nobody 127.0.0.1/32 reject\nhost all all 127.0.0.1/32 trust\n';
    writeFileSync(join(server.folder, 'data', 'pg_hba.conf'), access);
    server.configure([
      'ssl=on',
      `ssl_cert_file=${server.folder}/server.crt`,
      `ssl_key_file=${server.folder}/server.key`,
    ]);
    await server.start();
    await server.query("CREATE ROLE secret LOGIN PASSWORD 'right:word'");
    await server.query('CREATE DATABASE owned OWNER secret');
    secrets = mkdtempSync('/tmp/llm-spend-secrets-');
  });
  afterAll(async () => {
    for (const ledger of opened) await ledger.close();
    server.dispose();
    rmSync(secrets, { recursive: true });
  });

  const open = (url: string): Ledger => {
    const ledger = new Ledger(new PostgresStore({ path: url }));
    opened.push(ledger);
    return ledger;
  };
  const at = (rest: string, user = 'postgres'): string => `postgres://${user}@127.0.0.1:${server.port}${rest}`;
  const failure = async (url: string): Promise<LedgerError> => {
    const error: unknown = await open(url)
      .track(call('a'))
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LedgerError);
    const { health, problems } = await open(url).refresh();
    expect([health, problems[0]?.message]).toEqual(['unavailable', (error as LedgerError).message]);
    return error as LedgerError;
  };

  it.each([
    [
      'a wrong password',
      () => at('/owned', 'secret:wrong-word'),
      'password',
      'refused the password of the user secret',
    ],
    ['no password', () => at('/owned', 'secret'), 'password', 'wants a password of the user secret'],
    [
      'a user who may not connect',
      () => at('/owned', 'nobody:wrong-word'),
      'no-access',
      'does not admit the user nobody',
    ],
    ['a database that does not exist', () => at('/nowhere'), 'no-access', 'no database of this name'],
    ['a port without a server', () => 'postgres://me:wrong-word@127.0.0.1:1/costs', 'io', 'no server answers there'],
    [
      'a host that does not exist',
      () => 'postgres://me:wrong-word@nowhere.invalid/costs',
      'io',
      'no machine of this name',
    ],
  ])('says so for %s', async (_, url, code, message) => {
    const error = await failure(url());
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('wrong-word');
  });

  it('takes the password from the password file', async () => {
    const file = join(secrets, 'pgpass');
    writeFileSync(file, `127.0.0.1:${server.port}:owned:secret:right\\:word\n`, { mode: 0o600 });
    process.env['PGPASSFILE'] = file;
    try {
      await open(at('/owned', 'secret')).track(call('a'));
      expect((await open(at('/owned', 'secret')).read()).length).toBe(1);
    } finally {
      delete process.env['PGPASSFILE'];
    }
  });

  it('speaks TLS with a server whose certificate it can verify, and with no other', async () => {
    const trusted = at(`/postgres?ledger=tls&sslmode=verify-full&sslrootcert=${FIXTURES}/localhost.crt`);
    await open(trusted).track(call('a'));
    expect((await open(trusted).summary()).records).toBe(1);
    const error = await failure(at('/postgres?ledger=tls&sslmode=verify-full'));
    expect([error.code, error.message]).toEqual(['no-access', expect.stringContaining('certificate is not trusted')]);
  });

  it('refuses tables that a newer version made, and leaves them alone', async () => {
    await server.query('CREATE DATABASE newer');
    await open(at('/newer')).track(call('a'));
    await query(server.url('newer'), 'INSERT INTO llm_spend.schema_version (version) VALUES ($1)', [
      TABLES_VERSION + 1,
    ]);
    const error = await failure(at('/newer'));
    expect([error.code, error.message]).toEqual(['unsupported', expect.stringContaining('Update LLM Spend')]);
    expect(await query(server.url('newer'), 'SELECT count(*) FROM llm_spend.record')).toEqual([{ count: '1' }]);
  });

  it('keeps texts and ids that TEXT cannot contain', async () => {
    const ledger = open(at('/postgres?ledger=odd'));
    const long = 'x'.repeat(10_000);
    const ids = ['nul\0', 'lone\ud800', 'line\nfeed', '\u0001"x"', `${long}1`, `${long}2`];
    const records = ids.map((id): UsageRecord => {
      const input = {
        ...call(id, { project: `p${id}`, tags: [id, 'a\nb'], note: id }),
        cost_known: true,
        total_tokens: 1200,
      };
      return input as UsageRecord;
    });
    const elements = records.map((record) => ({ record, text: JSON.stringify(record) }));
    expect(await ledger.adopt(elements)).toMatchObject({ adopted: ids.length, refused: [] });
    expect(await ledger.adopt(elements)).toMatchObject({ adopted: 0, present: ids.length, differing: [] });
    const other = open(at('/postgres?ledger=odd'));
    expect((await other.read()).map(({ usage_id: id, project, tags }) => [id, project, tags])).toEqual(
      ids.map((id) => [id, `p${id}`, [id, 'a\nb']]),
    );
    expect([...(await other.holds(ids))].toSorted()).toEqual(ids.toSorted());
    const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
    for (const dimension of ['project', 'tag'] as const) {
      const groups = await other.aggregate({ filter: {}, groupBy: [dimension], calendar });
      const expected = dimension === 'project' ? ids.map((id) => `p${id}`) : [...ids, 'a\nb'];
      expect(groups.map(({ key }) => String(key[0])).toSorted()).toEqual(expected.toSorted());
    }
    expect((await other.remove(ids)).removed.map(({ usage_id: id }) => id)).toEqual(ids);
    expect(await other.undo()).toMatchObject({ undone: 'remove', records: ids.length });
    expect((await other.verify()).problems).toEqual([]);
  });
});
