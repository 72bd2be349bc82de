import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Connection } from '../../../../src/ledger/sqlite/connection.ts';
import { SCHEMA_VERSION } from '../../../../src/ledger/sqlite/schema.ts';
import type { Disk } from '../../../../src/system/disk.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';
import { call } from '../../../contract/usages.ts';
import { failure, scratch } from './scratch.ts';

const place = scratch();
const pragma = (connection: Connection, name: string): unknown => Object.values(connection.first(`PRAGMA ${name}`)!)[0];
const epoch = (connection: Connection): unknown => connection.first('SELECT epoch FROM ledger')!['epoch'];
const count = (connection: Connection): unknown => connection.first('SELECT count(*) AS n FROM record')!['n'];
const set = (connection: Connection, value: number) => (): void => {
  connection.sql('UPDATE ledger SET epoch = ?').run(value);
};

async function withConnection<T>(disk: Disk, work: (connection: Connection) => T | Promise<T>): Promise<T> {
  const connection = await Connection.create(disk, place.path);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

describe('opening', () => {
  it('finds nothing where there is no file, or an empty one, and makes none', async () => {
    expect(await Connection.open(nodeDisk, place.path)).toBeUndefined();
    expect(await Connection.open(nodeDisk, join(place.path, 'below.db'))).toBeUndefined();
    writeFileSync(place.path, '');
    expect(await Connection.open(nodeDisk, place.path)).toBeUndefined();
    expect(await Connection.open(nodeDisk, join(place.path, 'below.db'))).toBeUndefined();
    expect(place.files()).toEqual(['costs.db']);
    expect(readFileSync(place.path, 'utf8')).toBe('');
  });

  it('passes on what the system says, apart from that', async () => {
    const refuse = (): never => {
      throw Object.assign(new Error('no'), { code: 'EACCES' });
    };
    await expect(Connection.open({ ...nodeDisk, statSync: refuse }, place.path)).rejects.toMatchObject({
      code: 'EACCES',
    });
  });

  it('keeps each commit on the disk, and its log small', async () => {
    const connection = await place.connection();
    expect(pragma(connection, 'journal_mode')).toBe('wal');
    // FULL
    expect(pragma(connection, 'synchronous')).toBe(2);
    expect(pragma(connection, 'journal_size_limit')).toBe(16 * 1024 * 1024);
    expect(pragma(connection, 'foreign_keys')).toBe(1);
    expect(pragma(connection, 'busy_timeout')).toBe(15);
    expect(pragma(connection, 'user_version')).toBe(SCHEMA_VERSION);
    expect(Number(pragma(connection, 'application_id')).toString(16)).toBe('4c4c4d24');
  });

  it('takes larger steps for many records', async () => {
    const connection = await place.connection();
    expect([pragma(connection, 'cache_size'), pragma(connection, 'wal_autocheckpoint')]).toEqual([-2000, 1000]);
    connection.expectMany();
    expect([pragma(connection, 'cache_size'), pragma(connection, 'wal_autocheckpoint')]).toEqual([-32768, 8192]);
    connection.db.exec('PRAGMA cache_size = -1000');
    connection.expectMany();
    expect(pragma(connection, 'cache_size')).toBe(-1000);
  });
});

describe('making a database', () => {
  it('leaves nothing else behind, and finds it again', async () => {
    const connection = await place.connection();
    expect(connection.isFrozen).toBe(false);
    expect(connection.location).toBe(place.path);
    await connection.write(set(connection, 3));
    await place.close();
    expect(place.files()).toEqual(['costs.db']);
    expect(epoch(await place.connection())).toBe(3);
  });

  it('makes its folder', async () => {
    const path = join(place.folder, 'a', 'b', 'costs.db');
    await (await Connection.create(nodeDisk, path)).close();
    expect(existsSync(path)).toBe(true);
  });

  it('leaves nothing behind where it fails', async () => {
    const fail = (): Promise<never> => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
    await expect(Connection.create({ ...nodeDisk, fsync: fail }, place.path)).rejects.toMatchObject({ code: 'ENOSPC' });
    await expect(Connection.create({ ...nodeDisk, link: fail }, place.path)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(place.files()).toEqual([]);
  });

  it('takes the one of another process that was faster', async () => {
    const link = async (from: string, to: string): Promise<void> => {
      await withConnection(nodeDisk, (other) => other.write(set(other, 5)));
      await nodeDisk.link(from, to);
    };
    expect(await withConnection({ ...nodeDisk, link }, epoch)).toBe(5);
    expect(place.files()).toEqual(['costs.db']);
  });

  it('turns an empty file into a ledger', async () => {
    writeFileSync(place.path, '');
    const connection = await place.connection();
    expect([pragma(connection, 'journal_mode'), pragma(connection, 'user_version')]).toEqual(['wal', SCHEMA_VERSION]);
    expect(count(connection)).toBe(0);
  });

  it('moves the log of a deleted database aside', async () => {
    await place.tracker().track(call('a'));
    const log = readFileSync(`${place.path}-wal`);
    expect(log.length).toBeGreaterThan(0);
    await place.close();
    rmSync(place.path);
    writeFileSync(`${place.path}-wal`, log);
    writeFileSync(`${place.path}-shm`, 'of the deleted one');
    expect(count(await place.connection())).toBe(0);
    const [aside, ...rest] = place.files('.corrupt.');
    expect(aside).toMatch(/^costs\.db\.corrupt\.\d+-[0-9a-f]{6}-wal$/);
    expect(rest).toEqual([]);
    expect(readFileSync(join(place.folder, aside!))).toEqual(log);
    expect(place.files('.lock')).toEqual([]);
  });

  it('leaves the log to another process that was faster', async () => {
    writeFileSync(`${place.path}-wal`, 'records');
    let made = false;
    // After the check and before the lock is held.
    const mkdirExclusive = async (path: string): Promise<void> => {
      await nodeDisk.mkdirExclusive(path);
      if (made) return;
      made = true;
      rmSync(`${place.path}-wal`);
      writeFileSync(place.path, '');
      writeFileSync(`${place.path}-wal`, 'of the new one');
    };
    await Connection.create({ ...nodeDisk, mkdirExclusive }, place.path).then((each) => each.close());
    expect(made).toBe(true);
    expect(place.files('.corrupt.')).toEqual([]);
  });
});

describe('transactions', () => {
  it('take turns, also after one that failed', async () => {
    const connection = await place.connection();
    const order: string[] = [];
    const wrote = await Promise.allSettled([
      connection.write(() => order.push('first')),
      connection.write(() => {
        order.push('second');
        set(connection, 9)();
        throw new Error('refused');
      }),
      connection.write(() => order.push(`third finds ${String(epoch(connection))}`)),
    ]);
    expect(wrote.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(order).toEqual(['first', 'second', 'third finds 0']);
    expect(connection.db.isTransaction).toBe(false);
  });

  it('return what the work returns, and are seen by others', async () => {
    const [one, two] = [await place.connection(), await place.connection()];
    expect(await one.write(() => (set(one, 4)(), 'done'))).toBe('done');
    expect(epoch(two)).toBe(4);
  });

  it('fail in a file that is no longer the ledger, and write nothing to it', async () => {
    const connection = await place.connection();
    rmSync(place.path);
    expect(connection.isCurrent).toBe(false);
    let runs = 0;
    await expect(connection.write(() => runs++)).rejects.toMatchObject({
      name: 'Replaced',
      message: 'the database file was replaced by another',
    });
    const other = await place.connection();
    expect([connection.isCurrent, other.isCurrent, runs]).toEqual([false, true, 0]);
    await expect(connection.write(() => runs++)).rejects.toMatchObject({ name: 'Replaced' });
  });

  it('fail on a closed connection in the same way', async () => {
    const connection = await place.connection();
    await connection.close();
    expect(connection.isOpen).toBe(false);
    await expect(connection.write(() => 1)).rejects.toMatchObject({ name: 'Replaced' });
    await connection.close();
  });

  it('are finished before the connection is closed', async () => {
    const connection = await place.connection();
    const written = connection.write(set(connection, 6));
    await Promise.all([connection.close(), written]);
    expect(epoch(await place.connection())).toBe(6);
  });

  it('pass on the error that ended the transaction by itself', async () => {
    const connection = await place.connection();
    const written = connection.write(() => {
      connection.db.exec('ROLLBACK');
      throw failure(13, 'database or disk is full');
    });
    await expect(written).rejects.toThrow('database or disk is full');
    expect(await connection.write(() => epoch(connection))).toBe(0);
  });
});

describe('reading', () => {
  it('sees one state, whatever others write meanwhile', async () => {
    const [one, two] = [await place.connection(), await place.connection()];
    const seen = one.reading(() => {
      const before = epoch(one);
      two.db.exec('UPDATE ledger SET epoch = 8');
      // A question inside another one sees the same state.
      return [before, one.reading(() => epoch(one)), epoch(one)];
    });
    expect(seen).toEqual([0, 0, 0]);
    expect(epoch(one)).toBe(8);
    expect(one.db.isTransaction).toBe(false);
  });

  it('ends when the work fails', async () => {
    const connection = await place.connection();
    expect(() =>
      connection.reading(() => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(connection.db.isTransaction).toBe(false);
    expect(connection.reading(() => epoch(connection))).toBe(0);
  });

  it('within a transaction is part of it', async () => {
    const connection = await place.connection();
    const seen = await connection.write(() => {
      set(connection, 2)();
      return connection.reading(() => epoch(connection));
    });
    expect([seen, epoch(connection)]).toEqual([2, 2]);
  });

  it('prepares each statement once', async () => {
    const connection = await place.connection();
    expect(connection.sql('SELECT 1 AS one')).toBe(connection.sql('SELECT 1 AS one'));
    expect(connection.rows('SELECT ? AS a, ? AS b', 1, 'x').map((row) => ({ ...row }))).toEqual([{ a: 1, b: 'x' }]);
    expect(connection.first('SELECT 1 WHERE 0')).toBeUndefined();
  });
});
