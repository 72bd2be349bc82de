import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { backUpIfDue, copyDatabase, previousPath } from '../../../../../src/ledger/sqlite/repair/backup.ts';
import { holdWriters } from '../../../../../src/ledger/sqlite/repair/holdWriters.ts';
import { removeLeftovers, withSideFile } from '../../../../../src/ledger/sqlite/repair/leftovers.ts';
import { Connection } from '../../../../../src/ledger/sqlite/connection.ts';
import { touch } from '../../../../../src/ledger/sqlite/columns/segments.ts';
import { insertRow } from '../../../../../src/ledger/sqlite/rows.ts';
import type { Disk } from '../../../../../src/system/disk.ts';
import { nodeDisk } from '../../../../../src/system/nodeDisk.ts';
import { ownerText, thisOwner } from '../../../../../src/system/owner.ts';
import { sideFileName } from '../../../../../src/system/sideFiles.ts';
import { call, stored } from '../../../../contract/usages.ts';
import { scratch } from '../scratch.ts';

/** Copies and temporary files beside a ledger. */

const place = scratch();
const at = (name: string): string => join(place.folder, name);
const DAY = 86_400_000;
const NOW = Date.parse('2026-11-05T00:00:00Z');

/** A database whose last record has this number. */
async function upTo(seq: number): Promise<Connection> {
  const connection = await place.connection();
  const { record, text } = stored(call(`id-${seq}`));
  await connection.write(() => insertRow(connection, seq, record, text));
  return connection;
}
const add = (connection: Connection, seq: number): Promise<void> =>
  connection.write(() => insertRow(connection, seq, stored(call(`id-${seq}`)).record, stored(call(`id-${seq}`)).text));
const countIn = (path: string): number => {
  const db = new DatabaseSync(path, { readOnly: true });
  const { n } = db.prepare('SELECT count(*) AS n FROM record').get() as { n: number };
  db.close();
  return n;
};
/** How many records the backup has; undefined where there is none. */
const backup = (): number | undefined => {
  const path = previousPath(place.path);
  return existsSync(path) ? countIn(path) : undefined;
};
const marks = (connection: Connection): unknown[] =>
  Object.values(connection.first('SELECT backup_ms, backup_seq, backup_epoch FROM ledger')!);

/** A disk that notes what makes names and contents durable. */
function logged(): { disk: Disk; seen: string[] } {
  const seen: string[] = [];
  const disk: Disk = {
    ...nodeDisk,
    fsync: async (fd) => {
      seen.push(`fsync ${(await nodeDisk.fstat(fd)).isDirectory() ? 'folder' : 'file'}`);
      await nodeDisk.fsync(fd);
    },
    rename: async (from, to) => {
      seen.push(`rename ${basename(to).replace(/\.corrupt\..*/, '.corrupt')}`);
      await nodeDisk.rename(from, to);
    },
    link: async (from, to) => {
      seen.push(`link ${basename(to)}`);
      await nodeDisk.link(from, to);
    },
  };
  return { disk, seen };
}

describe('a new database', () => {
  it('is on the disk before it has its name, and so is the name', async () => {
    const steps = logged();
    await (await Connection.create(steps.disk, place.path)).close();
    expect(steps.seen).toEqual(['fsync file', 'link costs.db', 'fsync folder']);
    steps.seen.length = 0;
    await (await Connection.create(steps.disk, place.path)).close();
    expect(steps.seen).toEqual([]);
  });

  it('of a repair is too, and has the mode of the old one', async () => {
    await place.tracker().track(call('a'));
    await place.close();
    const bytes = readFileSync(place.path).fill(0xa5, 0, 100);
    writeFileSync(place.path, bytes);
    chmodSync(place.path, 0o644);
    const steps = logged();
    await place.tracker({ disk: steps.disk }).repair();
    await place.close();
    expect(steps.seen.filter((step) => !step.endsWith('-wal')).slice(-4)).toEqual([
      'fsync file',
      'rename costs.db.corrupt',
      'link costs.db',
      'fsync folder',
    ]);
    expect(statSync(place.path).mode & 0o777).toBe(0o644);
  });
});

describe('the backup', () => {
  it('has its name as that of a JSON ledger, beside the ledger', () => {
    expect(previousPath('/a/b/costs.db')).toBe(join('/a/b', 'costs.db.prev'));
  });

  it('is made of the first records, and not of none', async () => {
    const connection = await place.connection();
    await backUpIfDue(connection, nodeDisk, NOW);
    expect(backup()).toBeUndefined();
    await add(connection, 1);
    await backUpIfDue(connection, nodeDisk, NOW);
    expect([backup(), marks(connection)]).toEqual([1, [NOW, 1, 0]]);
    expect(place.files('.tmp')).toEqual([]);
  });

  it('is made once a day, if anything changed', async () => {
    const connection = await upTo(1);
    await backUpIfDue(connection, nodeDisk, NOW);
    await backUpIfDue(connection, nodeDisk, NOW + 5 * DAY);
    expect(marks(connection)).toEqual([NOW, 1, 0]);
    await add(connection, 2);
    await backUpIfDue(connection, nodeDisk, NOW + DAY - 1);
    expect(backup()).toBe(1);
    await backUpIfDue(connection, nodeDisk, NOW + DAY);
    expect([backup(), marks(connection)]).toEqual([2, [NOW + DAY, 2, 0]]);
    // A removal is a change, too.
    await connection.write(() => {
      connection.db.exec('DELETE FROM record WHERE seq = 1');
      touch(connection, [1]);
    });
    await backUpIfDue(connection, nodeDisk, NOW + 2 * DAY);
    expect([backup(), marks(connection)]).toEqual([1, [NOW + 2 * DAY, 2, 1]]);
  });

  it('is made if the clock was set back by a day', async () => {
    const connection = await upTo(1);
    await backUpIfDue(connection, nodeDisk, NOW);
    await add(connection, 2);
    await backUpIfDue(connection, nodeDisk, NOW - DAY);
    expect(backup()).toBe(2);
  });

  it('is made earlier after 10,000 more records, and of a large ledger after half as many again', async () => {
    const connection = await upTo(5);
    await backUpIfDue(connection, nodeDisk, NOW);
    await add(connection, 10_004);
    await backUpIfDue(connection, nodeDisk, NOW + 1);
    expect(marks(connection)).toEqual([NOW, 5, 0]);
    await add(connection, 10_005);
    await backUpIfDue(connection, nodeDisk, NOW + 2);
    expect(marks(connection)).toEqual([NOW + 2, 10_005, 0]);
    await add(connection, 100_000);
    await backUpIfDue(connection, nodeDisk, NOW + 3);
    await add(connection, 149_999);
    await backUpIfDue(connection, nodeDisk, NOW + 4);
    expect(marks(connection)).toEqual([NOW + 3, 100_000, 0]);
    await add(connection, 150_000);
    await backUpIfDue(connection, nodeDisk, NOW + 5);
    expect(marks(connection)).toEqual([NOW + 5, 150_000, 0]);
  });

  it('that is gone is made again, a minute after the last one at the earliest', async () => {
    const connection = await upTo(1);
    await backUpIfDue(connection, nodeDisk, NOW);
    rmSync(previousPath(place.path));
    await add(connection, 2);
    await backUpIfDue(connection, nodeDisk, NOW + 60_000);
    expect(backup()).toBeUndefined();
    await backUpIfDue(connection, nodeDisk, NOW + 60_001);
    expect(backup()).toBe(2);
  });

  it('is made by one of several that close at once', async () => {
    const [one, two] = [await upTo(1), await place.connection()];
    let copies = 0;
    const disk = {
      ...nodeDisk,
      rename: (from: string, to: string): Promise<void> => (copies++, nodeDisk.rename(from, to)),
    };
    await Promise.all([backUpIfDue(one, disk, NOW), backUpIfDue(two, disk, NOW)]);
    expect([copies, backup()]).toEqual([1, 1]);
  });

  it('is not made of a file that is no longer the ledger', async () => {
    const connection = await upTo(1);
    rmSync(place.path);
    await backUpIfDue(connection, nodeDisk, NOW);
    expect(backup()).toBeUndefined();
  });

  it('takes away what a process that was killed left behind', async () => {
    const connection = await upTo(1);
    const dead = `.costs.db.${ownerText({ ...thisOwner(), start: '1' })}-abc123.tmp`;
    writeFileSync(at(dead), 'half');
    await backUpIfDue(connection, nodeDisk, NOW);
    expect(place.files(dead)).toEqual([]);
  });
});

describe('a copy', () => {
  it('is a whole database, has the mode of the ledger and replaces what was there', async () => {
    const connection = await upTo(1);
    writeFileSync(at('copy.db'), 'former');
    await copyDatabase(nodeDisk, place.path, at('copy.db'));
    expect(countIn(at('copy.db'))).toBe(1);
    expect(statSync(at('copy.db')).mode).toBe(statSync(place.path).mode);
    expect(connection.isCurrent).toBe(true);
    expect(place.files('.tmp')).toEqual([]);
  });

  it('is on the disk before it has its name, and so is the name', async () => {
    await upTo(1);
    chmodSync(place.path, 0o640);
    const steps = logged();
    await copyDatabase(steps.disk, place.path, at('copy.db'));
    expect(steps.seen).toEqual(['fsync file', 'rename copy.db', 'fsync folder']);
    expect(statSync(at('copy.db')).mode & 0o777).toBe(0o640);
  });

  it('that fails leaves nothing behind, and what was there as it was', async () => {
    await upTo(1);
    writeFileSync(at('copy.db'), 'former');
    const fsync = (): Promise<never> => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
    await expect(copyDatabase({ ...nodeDisk, fsync }, place.path, at('copy.db'))).rejects.toMatchObject({
      code: 'ENOSPC',
    });
    expect(readFileSync(at('copy.db'), 'utf8')).toBe('former');
    expect(place.files('.tmp')).toEqual([]);
  });
});

describe('a temporary database', () => {
  it('is there while the work runs, and gone with its log afterwards', async () => {
    const ledger = { folder: place.folder, base: 'costs.db' };
    const result = await withSideFile(nodeDisk, ledger, 'tmp', async (path) => {
      expect(basename(path)).toMatch(/^\.costs\.db\..*\.tmp$/);
      expect([statSync(path).size, statSync(path).mode & 0o777]).toEqual([0, 0o600]);
      for (const ending of ['-wal', '-shm']) writeFileSync(`${path}${ending}`, 'x');
      return 5;
    });
    expect(result).toBe(5);
    const failed = withSideFile(nodeDisk, ledger, 'tok', async () => {
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(place.files()).toEqual([]);
  });

  it('of a process that is gone is removed, and no other file', async () => {
    const dead = ownerText({ ...thisOwner(), start: '1' });
    const names = [
      `.costs.db.${dead}-a1.tmp`,
      `.costs.db.${dead}-a2.tok`,
      `.costs.db.${dead}-a1.tmp-wal`,
      `.costs.db.${dead}-a1.tmp-shm`,
      `.costs.db.${dead}-a1.tmp-journal`,
    ];
    const kept = [
      sideFileName('costs.db', 'tmp'),
      `.other.db.${dead}-a1.tmp`,
      `.costs.db.${ownerText({ ...thisOwner(), start: '1', namespace: '1' })}-a1.tmp`,
      'costs.db-wal',
      '.costs.db.notes',
    ];
    for (const name of [...names, ...kept]) writeFileSync(at(name), 'x');
    await removeLeftovers(nodeDisk, place.folder, 'costs.db');
    expect(place.files()).toEqual(kept.toSorted());
    await removeLeftovers(nodeDisk, at('none'), 'costs.db');
  });
});

describe('writers that are held', () => {
  it('wait until the lock is lifted', async () => {
    const connection = await upTo(1);
    const release = (await holdWriters(place.path))!;
    let written = false;
    const writing = add(connection, 2).then(() => (written = true));
    const other = new DatabaseSync(place.path, { timeout: 0 });
    expect(() => other.exec('BEGIN IMMEDIATE')).toThrow(/locked/);
    expect(written).toBe(false);
    release();
    await writing;
    other.close();
    expect(countIn(place.path)).toBe(2);
  });

  it('are waited for in the middle of a transaction', async () => {
    await upTo(1);
    const other = new DatabaseSync(place.path);
    other.exec('BEGIN IMMEDIATE');
    let held = false;
    const holding = holdWriters(place.path).then((release) => {
      held = true;
      release?.();
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(held).toBe(false);
    other.exec('COMMIT');
    other.close();
    await holding;
    expect(held).toBe(true);
  });

  it('cannot be held in a file that is no database', async () => {
    writeFileSync(place.path, 'no database '.repeat(1_000));
    expect(await holdWriters(place.path)).toBeUndefined();
    await expect(holdWriters(join(place.path, 'below'))).rejects.toMatchObject({ errcode: 14 });
  });
});
