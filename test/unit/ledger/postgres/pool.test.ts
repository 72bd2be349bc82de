import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PoolClient } from 'pg';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseAddress } from '../../../../src/ledger/postgres/server/address.ts';
import type { PostgresConnection, Step } from '../../../../src/ledger/postgres/server/connection.ts';
import { LONG_STATEMENT_MS, openPool, runCopy, runSql } from '../../../../src/ledger/postgres/server/engine.ts';
import { createSchema, schemaStatements, upgradeSchema } from '../../../../src/ledger/postgres/schema.ts';
import { fastFolder } from '../../../fixtures/fastFolder.mts';
import { failure } from '../faults/faultDisk.ts';

/** The options and statements that the client gets, without a server. */

afterEach(() => void vi.unstubAllEnvs());

describe('the connections of a ledger', () => {
  it('go to its address, notice a silent server, and do not keep a command from ending', async () => {
    const pool = openPool(parseAddress('postgres://me:pw@localhost:7/costs?connect_timeout=3', {}));
    expect(pool.options).toMatchObject({
      host: 'localhost',
      port: 7,
      database: 'costs',
      user: 'me',
      password: 'pw',
      ssl: false,
      application_name: 'llm-spend',
      connectionTimeoutMillis: 3_000,
      query_timeout: 180_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      max: 4,
      idleTimeoutMillis: 30_000,
      allowExitOnIdle: true,
    });
    // A connection that is lost while nobody uses it is no error of anybody.
    expect(() => pool.emit('error', new Error('lost'), undefined as never)).not.toThrow();
    const client = { on: vi.fn() };
    pool.emit('connect', client);
    expect(client.on).toHaveBeenCalledWith('error', expect.any(Function));
    await pool.end();
  });

  it('are those of a verified server elsewhere', async () => {
    const pool = openPool(parseAddress('postgres://db.example.com/costs', {}));
    expect(pool.options.ssl).toEqual({ rejectUnauthorized: true });
    await pool.end();
  });

  it('take the password of the password file, when the server asks for it', async () => {
    const folder = mkdtempSync(join(fastFolder(), 'llm-spend-pool-'));
    const file = join(folder, 'pgpass');
    vi.stubEnv('PGPASSFILE', file);
    vi.stubEnv('USER', 'ann');
    const pools = [
      openPool(parseAddress('postgres://bob@localhost/costs', {})),
      openPool(parseAddress('postgres:///costs', {})),
    ];
    const passwords = () => pools.map(({ options }) => (options.password as () => unknown)());
    expect(passwords()).toEqual([undefined, undefined]);
    writeFileSync(file, 'localhost:5432:costs:bob:of bob\nlocalhost:5432:costs:ann:of ann\n', { mode: 0o600 });
    expect(passwords()).toEqual(['of bob', 'of ann']);
    await Promise.all(pools.map((pool) => pool.end()));
    rmSync(folder, { recursive: true });
  });
});

describe('a statement', () => {
  it('is sent with its values, arrays as a text, and a time after which the connection counts as lost', async () => {
    const query = vi.fn(async () => ({ rows: [{ a: '1' }] }));
    const client = { query } as unknown as PoolClient;
    expect(await runSql(client, 'SELECT 1')).toEqual([{ a: '1' }]);
    await runSql(client, 'SELECT $1, $2', [null, ['a', null]], LONG_STATEMENT_MS);
    expect(query.mock.calls).toEqual([
      [{ text: 'SELECT 1', values: [], query_timeout: 180_000 }],
      [{ text: 'SELECT $1, $2', values: [null, '{"a",NULL}'], query_timeout: 21_600_000 }],
    ]);
  });

  it('that copies ends when the client says so', async () => {
    const saying = (said: Error | null): PoolClient => {
      const query = (copy: { callback: (said: Error | null) => void }): void => copy.callback(said);
      return { query } as unknown as PoolClient;
    };
    expect(await runCopy(saying(null), 'COPY', 'a\n')).toBeUndefined();
    await expect(runCopy(saying(new Error('no')), 'COPY', 'a\n')).rejects.toThrow('no');
  });
});

/** A connection that notes steps, and fails some of its tries. */
function noting(version: string, failures: Error[] = []) {
  const tries: { steps: readonly Step[]; together: boolean }[] = [];
  const connection = {
    read: async () => [{ version }],
    each: async (steps: readonly Step[], together: boolean) => {
      tries.push({ steps, together });
      const error = failures.shift();
      if (error) throw error;
    },
  };
  return { tries, connection: connection as unknown as PostgresConnection };
}
const NOW = Date.UTC(2026, 10, 27);
const OLD = 'PostgreSQL 15.3 on x86_64';

describe('the tables of a ledger', () => {
  it('are made at once, with partitions, where the engine has them', async () => {
    const { tries, connection } = noting(OLD);
    await createSchema(connection, NOW);
    expect(tries).toEqual([{ steps: schemaStatements(NOW, true), together: true }]);
    const cockroach = noting('CockroachDB CCL v23.1');
    await createSchema(cockroach.connection, NOW);
    expect(cockroach.tries).toEqual([{ steps: schemaStatements(NOW, false), together: false }]);
  });

  it.each(['23505', '42P07', '42P06', '42710', '40P01', '40001', 'XX000'])(
    'are made again when another program made them at the same moment: %s',
    async (code) => {
      const seven = noting(
        OLD,
        Array.from({ length: 7 }, () => failure(code)),
      );
      await createSchema(seven.connection, NOW);
      expect(seven.tries).toHaveLength(8);
      const eight = noting(
        OLD,
        Array.from({ length: 8 }, () => failure(code)),
      );
      await expect(createSchema(eight.connection, NOW)).rejects.toMatchObject({ code });
      expect(eight.tries).toHaveLength(8);
    },
  );

  it('are not tried again after another error', async () => {
    const { tries, connection } = noting(OLD, [failure('42501')]);
    await expect(createSchema(connection, NOW)).rejects.toMatchObject({ code: '42501' });
    expect(tries).toHaveLength(1);
  });

  it('are updated from their version on, in one step, while writers wait', async () => {
    const texts = async (version: number): Promise<string> => {
      const { tries, connection } = noting(OLD);
      await upgradeSchema(connection, version, 'there');
      expect(tries).toHaveLength(1);
      expect(tries[0]!.together).toBe(true);
      const [first, ...rest] = tries[0]!.steps;
      expect(first).toContain('ALTER TABLE llm_spend.ledger');
      expect(rest.at(-1)).toContain('INSERT INTO llm_spend.schema_version');
      return rest.map((step) => (typeof step === 'string' ? step : step.name)).join('\n');
    };
    expect(await texts(1)).toMatch(/ADD COLUMN[^]*UPDATE[^]*grantSummaries\nfillSummaries\ngrantCrossings/);
    expect(await texts(2)).toMatch(/grantSummaries\nfillSummaries\ngrantCrossings/);
    expect(await texts(2)).not.toContain('ADD COLUMN');
    expect(await texts(3)).toContain('grantCrossings');
    expect(await texts(3)).not.toContain('Summaries');
    const { connection } = noting(OLD, [failure('22012')]);
    await expect(upgradeSchema(connection, 1, 'there')).rejects.toMatchObject({ code: '22012' });
  });

  it('have a partition for each of 49 months, one after another', () => {
    const months = schemaStatements(NOW, true).flatMap((each) => {
      const [, name, from, to] =
        /llm_spend\.(record_\d+_\d+) PARTITION.*FROM \((-?\d+)\) TO \((-?\d+)\)/.exec(each) ?? [];
      return name === undefined ? [] : [{ name, from: Number(from), to: Number(to) }];
    });
    expect([months[0], months.at(-1)]).toEqual([
      { name: 'record_2024_11', from: Date.UTC(2024, 10), to: Date.UTC(2024, 11) },
      { name: 'record_2028_11', from: Date.UTC(2028, 10), to: Date.UTC(2028, 11) },
    ]);
    expect(months.slice(1).every(({ from }, i) => from === months[i]!.to)).toBe(true);
    expect(months.filter(({ name }) => name === 'record_2026_11')).toHaveLength(1);
  });
});
