import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseAddress } from '../../../../src/ledger/postgres/server/address.ts';
import {
  PostgresConnection,
  type RepeatableWrite,
  type Sql,
} from '../../../../src/ledger/postgres/server/connection.ts';
import { hasPostgres, query, sharedDatabase } from '../../../fixtures/postgres.ts';
import { failure } from '../faults/faultDisk.ts';

/** Statements of a connection that is lost, refused or in conflict with others: what is repeated, and what is not. */

const table = `connection_${process.pid}_${Date.now()}`;

describe.skipIf(!hasPostgres())('a connection to PostgreSQL', () => {
  let connection: PostgresConnection;
  beforeEach(async () => {
    await query(sharedDatabase(), `CREATE TABLE IF NOT EXISTS ${table} (id TEXT PRIMARY KEY)`);
    await query(sharedDatabase(), `DELETE FROM ${table}`);
    connection = new PostgresConnection(parseAddress(sharedDatabase()));
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await connection.close();
  });
  afterAll(() => query(sharedDatabase(), `DROP TABLE IF EXISTS ${table}`));

  const stored = async (): Promise<unknown[]> =>
    (await query(sharedDatabase(), `SELECT id FROM ${table} ORDER BY id`)).map(({ id }) => id);
  const insert = (sql: Sql, id: string) => sql(`INSERT INTO ${table} (id) VALUES ($1)`, [id]);
  const writing = (work: RepeatableWrite<string>['work'], more: Partial<RepeatableWrite<string>> = {}) =>
    connection.write({
      lock: async () => undefined,
      work,
      note: async () => undefined,
      isNoted: async () => false,
      ...more,
    });

  it('gives all values as text, and arrays as arrays', async () => {
    const values = [1, 2n ** 60n, 'a', null, true, ['x"\\', null, ','], [1n, -2]];
    const text =
      'SELECT $1::BIGINT a, $2::NUMERIC b, $3::TEXT c, $4::TEXT d, $5::BOOLEAN e, ($6::TEXT[])[1] f, $7::BIGINT[] g';
    expect(await connection.read(text, values)).toEqual([
      { a: '1', b: String(2n ** 60n), c: 'a', d: null, e: 't', f: 'x"\\', g: '{1,-2}' },
    ]);
    expect(await connection.change('SELECT 1 AS one')).toEqual([{ one: '1' }]);
  });

  it('repeats a read whose connection the server ended, over a new one', async () => {
    const [row] = await connection.read('SELECT pg_backend_pid() AS pid');
    await query(sharedDatabase(), 'SELECT pg_terminate_backend($1)', [Number(row!['pid'])]);
    const [after] = await connection.read('SELECT pg_backend_pid() AS pid');
    expect(after!['pid']).not.toBe(row!['pid']);
  });

  it('keeps its connection after an error of a statement, and does not repeat it', async () => {
    const [before] = await connection.read('SELECT pg_backend_pid() AS pid');
    let tries = 0;
    const wrong = connection.snapshot((sql) => {
      tries++;
      return sql('SELECT no_such_column');
    });
    await expect(wrong).rejects.toMatchObject({ code: '42703' });
    expect(tries).toBe(1);
    expect(await connection.read('SELECT pg_backend_pid() AS pid')).toEqual([before]);
  });

  it('takes another connection after an error of ours, since nobody knows the state of the old one', async () => {
    const [before] = await connection.read('SELECT pg_backend_pid() AS pid');
    await expect(connection.snapshot(() => Promise.reject(new Error('ours')))).rejects.toThrow('ours');
    expect(await connection.read('SELECT pg_backend_pid() AS pid')).not.toEqual([before]);
  });

  it('reads one state in a snapshot, and changes nothing there', async () => {
    const counts = await connection.snapshot(async (sql) => {
      const count = async (): Promise<unknown> => (await sql(`SELECT count(*) AS n FROM ${table}`))[0]!['n'];
      const first = await count();
      await query(sharedDatabase(), `INSERT INTO ${table} VALUES ('meanwhile')`);
      return [first, await count()];
    });
    expect(counts).toEqual(['0', '0']);
    await expect(connection.snapshot((sql) => insert(sql, 'a'))).rejects.toMatchObject({ code: '25006' });
    expect(await stored()).toEqual(['meanwhile']);
  });

  it.each(['40001', '40P01', 'ECONNRESET', '57P01'])(
    'repeats a write that fails with %s, from its beginning',
    async (code) => {
      await connection.read('SELECT 1');
      let tries = 0;
      const result = await writing(async (sql) => {
        await insert(sql, 'a');
        if (++tries < 3) throw failure(code);
        return 'done';
      });
      expect([result, tries, await stored()]).toEqual(['done', 3, ['a']]);
    },
  );

  it('does not repeat a write that fails otherwise, and undoes what it did', async () => {
    let tries = 0;
    const work = async (sql: Sql): Promise<string> => {
      tries++;
      await insert(sql, 'a');
      throw failure('23514');
    };
    await expect(writing(work)).rejects.toMatchObject({ code: '23514' });
    expect([tries, await stored()]).toEqual([1, []]);
  });

  it('gives up after 15 seconds for a write and three for a read', async () => {
    await connection.read('SELECT 1');
    const tries = async (run: (attempt: () => Promise<never>) => Promise<unknown>): Promise<number> => {
      let [clock, count] = [0, 0];
      vi.spyOn(performance, 'now').mockImplementation(() => clock);
      // Without the pauses between the tries.
      vi.spyOn(Math, 'random').mockReturnValue(-0.5);
      const attempt = (): Promise<never> => {
        count++;
        clock += 1_000;
        return Promise.reject(failure('40001'));
      };
      await expect(run(attempt)).rejects.toMatchObject({ code: '40001' });
      vi.restoreAllMocks();
      return count;
    };
    expect(await tries((attempt) => connection.snapshot(attempt))).toBe(4);
    expect(await tries((attempt) => writing(attempt))).toBe(16);
  });

  it('asks whether a write was noted before it repeats one whose commit may have been done', async () => {
    const asked: [string, string][] = [];
    let notes = '';
    let isFirst = true;
    const result = await writing(
      async (sql) => {
        await insert(sql, 'a');
        return 'of the first';
      },
      {
        note: async (sql, id) => {
          notes = id;
          if (!isFirst) return;
          isFirst = false;
          // As if the answer to COMMIT were lost.
          await sql('COMMIT');
          throw failure('ECONNRESET');
        },
        isNoted: async (_, id) => {
          asked.push([id, notes]);
          return true;
        },
      },
    ).catch((error: unknown) => error);
    // The note itself failed, so the write was not known to be complete, and was tried again.
    expect(asked).toEqual([]);
    expect(result).toMatchObject({ code: '23505' });
    expect(notes).toMatch(/^[\da-f]{32}$/);
  });

  it('runs steps together or one by one', async () => {
    const steps = [
      `INSERT INTO ${table} VALUES ('a')`,
      (sql: Sql) => insert(sql, 'b').then(() => undefined),
      'SELECT 1/0',
    ];
    await expect(connection.each(steps, true)).rejects.toMatchObject({ code: '22012' });
    expect(await stored()).toEqual([]);
    await expect(connection.each(steps, false)).rejects.toMatchObject({ code: '22012' });
    expect(await stored()).toEqual(['a', 'b']);
    await connection.each(steps.slice(0, 0), true);
    await connection.each([`DELETE FROM ${table}`], true);
    expect(await stored()).toEqual([]);
  });

  it('copies rows, until the server refuses that', async () => {
    const copy = (text: string) =>
      writing(async (sql) => {
        if (sql.copy === undefined) return 'inserted';
        await sql.copy(text, 'x\ny\n');
        return 'copied';
      });
    expect(await copy(`COPY ${table} (id) FROM STDIN`)).toBe('copied');
    expect(await stored()).toEqual(['x', 'y']);
    await expect(copy(`COPY ${table} (id) FROM STDIN`)).rejects.toMatchObject({ code: '23505' });
    expect(await copy('COPY no syntax')).toBe('inserted');
    expect(await copy(`COPY ${table} (id) FROM STDIN`)).toBe('inserted');
  });

  it('fails at once where no server was ever found, and after it was closed', async () => {
    const nobody = new PostgresConnection(parseAddress('postgres://me@127.0.0.1:1/costs'));
    const wait = vi.spyOn(Math, 'random');
    await expect(nobody.read('SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(wait).not.toHaveBeenCalled();
    await nobody.close();
    await connection.read('SELECT 1');
    await connection.close();
    await expect(connection.read('SELECT 1')).rejects.toThrow(/end/);
    expect(wait).not.toHaveBeenCalled();
  });
});
