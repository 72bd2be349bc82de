import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Access } from '../../../../src/ledger/sqlite/access.ts';
import { Replaced, type Connection } from '../../../../src/ledger/sqlite/connection.ts';
import { UsageError } from '../../../../src/usage/record.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';
import { call } from '../../../contract/usages.ts';
import { failure, scratch } from './scratch.ts';

const CORRUPT = 11;
const BUSY = 5;
const place = scratch();
let access: Access;
/** How often earlier knowledge became invalid. */
let others: number;
beforeEach(() => {
  others = 0;
  access = new Access(nodeDisk, place.path, Date.now, () => others++);
});
afterEach(() => access.release());

const count = (connection: Connection): number => Number(connection.first('SELECT count(*) AS n FROM record')!['n']);
const epoch = (connection: Connection): unknown => connection.first('SELECT epoch FROM ledger')!['epoch'];

describe('reading', () => {
  it('makes no database', async () => {
    expect(await access.opened()).toBeUndefined();
    expect(await access.use(async () => 1)).toBeUndefined();
    expect(access.current).toBeUndefined();
    expect(place.files()).toEqual([]);
  });

  it('opens the database once, also for several questions at once', async () => {
    await place.record('a');
    const [one, two] = await Promise.all([access.opened(), access.opened()]);
    expect(one).toBe(two);
    expect(await access.opened()).toBe(one);
    expect(access.current).toBe(one);
    expect([access.count, others]).toEqual([1, 1]);
  });

  it('begins again where the database is replaced meanwhile', async () => {
    await place.record('a');
    let runs = 0;
    const found = await access.use(async (connection) => {
      if (runs++ === 0) throw new Replaced();
      return count(connection);
    });
    expect([found, runs, access.count]).toEqual([1, 2, 2]);
  });

  it('explains why it failed', async () => {
    await place.record('a');
    const used = access.use(() => Promise.reject(failure(BUSY)));
    await expect(used).rejects.toMatchObject({
      code: 'busy',
      message: `${place.path} is locked by another program. Close that program and try again.`,
    });
    expect(access.count).toBe(1);
  });

  it('opens the file that has the name now', async () => {
    await place.record('a');
    const first = await access.opened();
    renameSync(place.path, join(place.folder, 'elsewhere.db'));
    rmSync(`${place.path}.prev`);
    await place.record('b', 'c');
    const second = await access.opened();
    expect([count(second!), access.count, first!.isOpen]).toEqual([2, 2, false]);
    // Once for each database, and once for the one that was let go.
    expect(others).toBe(3);
  });

  it('passes on errors of ours as they are', async () => {
    const ours = new UsageError('model', 1, 'is no text');
    await expect(access.attempt(() => Promise.reject(ours))).rejects.toBe(ours);
    await expect(access.attempt(() => Promise.reject(new Error('x')))).rejects.toMatchObject({
      name: 'LedgerError',
      message: `${place.path}: x`,
    });
  });
});

describe('writing', () => {
  it('makes the database, and keeps it open', async () => {
    expect(await access.write(count)).toBe(0);
    expect(await access.write(epoch)).toBe(0);
    expect([access.count, access.current?.isOpen]).toEqual([1, true]);
    expect(place.files()).toContain('costs.db');
  });

  it('makes one where a reader has just found none', async () => {
    const [read, written] = await Promise.all([access.opened(), access.write(count)]);
    expect([read, written]).toEqual([undefined, 0]);
  });

  it('takes everything back where it fails, and passes on errors of ours', async () => {
    const ours = new UsageError('model', 1, 'is no text');
    const written = access.write((connection) => {
      connection.sql('UPDATE ledger SET epoch = 99').run();
      throw ours;
    });
    await expect(written).rejects.toBe(ours);
    expect(await access.write(epoch)).toBe(0);
    expect(access.count).toBe(1);
  });

  it('begins again in the new database where it is replaced meanwhile', async () => {
    await place.record('a');
    let runs = 0;
    const found = await access.write((connection) => {
      if (runs++ === 0) throw new Replaced();
      return count(connection);
    });
    expect([found, runs, access.count]).toEqual([1, 2, 2]);
    expect(place.files('corrupt')).toEqual([]);
  });

  it('mends nothing where the database is merely another one', async () => {
    await place.record('a', 'odd');
    place.prompt((db) => db.exec("UPDATE record SET text = '[]' WHERE usage_id = 'odd'"));
    let runs = 0;
    const found = await access.write((connection) => {
      if (runs++ === 0) throw new Replaced();
      return count(connection);
    });
    // A repair would take the row out.
    expect([found, place.files('.rows')]).toEqual([2, []]);
  });

  it('mends a damaged database once and tries again', async () => {
    await place.record('a', 'b');
    let runs = 0;
    const found = await access.write((connection) => {
      if (runs++ === 0) throw failure(CORRUPT);
      return count(connection);
    });
    expect([found, runs]).toEqual([2, 2]);
  });

  it('gives up where the database stays damaged', async () => {
    await place.record('a');
    let runs = 0;
    const written = access.write(() => {
      runs++;
      throw failure(CORRUPT, 'database disk image is malformed');
    });
    await expect(written).rejects.toMatchObject({
      code: 'damaged',
      message: `${place.path} cannot be read as a database (database disk image is malformed). See: llm-spend repair --dry-run`,
    });
    expect(runs).toBe(2);
  });

  it('mends no file that never was a ledger', async () => {
    writeFileSync(place.path, 'Dear diary, '.repeat(1_000));
    await expect(access.write(count)).rejects.toMatchObject({ code: 'unsupported' });
    expect(place.files()).toEqual(['costs.db']);
  });

  it('restores a database that is gone before anything is written', async () => {
    await place.record('a', 'b');
    rmSync(place.path);
    expect(await access.write(count)).toBe(2);
  });
});

describe('a database whose log cannot be made', () => {
  const shared = (): string => `${place.path}-shm`;

  it('is read without a log, and is not written to', async () => {
    await place.record('a');
    // SQLite follows no link to its shared memory, so that it can make none, as in the folder of another user.
    symlinkSync('nowhere', shared());
    const connection = await access.opened();
    expect(connection).toMatchObject({ isFrozen: true, isCurrent: true });
    expect(connection!.location).toBe(`file://${place.path}?immutable=1`);
    expect(count(connection!)).toBe(1);
    await access.opened();
    expect(access.count).toBe(1);
    const written = access.write(({ db }) => db.exec('UPDATE ledger SET epoch = 7'));
    await expect(written).rejects.toMatchObject({ code: 'no-access' });
    expect(epoch((await access.opened())!)).toBe(0);
  });

  it('is written to once a log can be made', async () => {
    await place.record('a');
    symlinkSync('nowhere', shared());
    expect((await access.opened())!.isFrozen).toBe(true);
    rmSync(shared());
    expect(await access.write(count)).toBe(1);
    expect([access.current!.isFrozen, access.count]).toEqual([false, 2]);
    // Reading again does not lose the log.
    expect((await access.opened())!.isFrozen).toBe(false);
  });

  it('is opened again when others have written', async () => {
    await place.record('a');
    symlinkSync('nowhere', shared());
    const frozen = await access.opened();
    rmSync(shared());
    const other = new DatabaseSync(place.path);
    other.exec('UPDATE ledger SET epoch = 7');
    // Its change is in the log.
    expect(frozen!.isCurrent).toBe(false);
    other.close();
    expect(frozen!.isCurrent).toBe(false);
    const again = await access.opened();
    expect([again!.isFrozen, epoch(again!), access.count]).toEqual([false, 7, 2]);
  });

  it('fails where there is a log that cannot be read', async () => {
    await place.record('a');
    symlinkSync('nowhere', shared());
    writeFileSync(`${place.path}-wal`, 'records');
    await expect(access.opened()).rejects.toMatchObject({ code: 'no-access' });
  });
});

it('a ledger answers from a database without a log, and covers what others write later', async () => {
  await place.record('a');
  symlinkSync('nowhere', `${place.path}-shm`);
  const reader = place.tracker();
  expect(await reader.refresh()).toMatchObject({ health: 'ok', records: 1 });
  rmSync(`${place.path}-shm`);
  const writer = place.tracker();
  await writer.track(call('b', { cost_usd: 2 }));
  // The file under it has changed, so the sum is made of the new one.
  expect(await reader.summary()).toMatchObject({ records: 2, recordedNanos: 2_500_000_000n });
  expect((await reader.page({ filter: {}, sort: 'time', descending: false, offset: 0, limit: 5 })).total).toBe(2);
});
