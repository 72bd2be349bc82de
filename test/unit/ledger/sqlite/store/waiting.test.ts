import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Access } from '../../../../../src/ledger/sqlite/access.ts';
import type { Connection } from '../../../../../src/ledger/sqlite/connection.ts';
import type { Database } from '../../../../../src/ledger/sqlite/engine.ts';
import { renewView } from '../../../../../src/ledger/sqlite/schema.ts';
import { Sealing } from '../../../../../src/ledger/sqlite/sealing.ts';
import { failure, scratch } from '../scratch.ts';

/** A database that others have locked: how long who waits, with SQLite's refusals given by the test. */

const BUSY = 5;
const LOCKED = 6;
const CORRUPT = 11;
const place = scratch();
afterEach(() => vi.restoreAllMocks());

/** Refuses the first `times` uses of each statement. @returns how often one was used. */
function refusing(connection: Connection, times: number, code = BUSY): { uses: number } {
  const seen = { uses: 0 };
  const sql = connection.sql.bind(connection);
  const refuse = <T>(work: () => T): T => {
    if (seen.uses++ < times) throw failure(code);
    return work();
  };
  Object.defineProperty(connection, 'sql', {
    configurable: true,
    value: (text: string) => ({
      get: (...parameters: never[]) => refuse(() => sql(text).get(...parameters)),
      all: (...parameters: never[]) => refuse(() => sql(text).all(...parameters)),
      run: (...parameters: never[]) => refuse(() => sql(text).run(...parameters)),
    }),
  });
  return seen;
}

/** Makes the clock go on by so much with each look at it. */
function fastClock(ms: number): void {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (now += ms));
}

describe('a read', () => {
  it.each([BUSY, LOCKED, 517])('waits for whoever recovers or closes the database (%i)', async (code) => {
    const connection = await place.connection();
    const seen = refusing(connection, 3, code);
    expect({ ...connection.first('SELECT epoch FROM ledger') }).toEqual({ epoch: 0 });
    expect(seen.uses).toBe(4);
    expect(connection.rows('SELECT epoch FROM ledger')).toHaveLength(1);
  });

  it('waits for two seconds', async () => {
    const connection = await place.connection();
    const seen = refusing(connection, 100);
    fastClock(500);
    expect(() => connection.first('SELECT 1')).toThrow(expect.objectContaining({ errcode: BUSY }) as Error);
    // The clock says 500 when it begins, and 3000 after the fifth refusal.
    expect(seen.uses).toBe(5);
  });

  it('fails at once for any other reason, and within a transaction', async () => {
    const connection = await place.connection();
    const damaged = refusing(connection, 1, CORRUPT);
    expect(() => connection.first('SELECT 1')).toThrow(expect.objectContaining({ errcode: CORRUPT }) as Error);
    expect(damaged.uses).toBe(1);
    const second = await place.connection();
    await second.write(() => {
      const seen = refusing(second, 1);
      expect(() => second.first('SELECT 1')).toThrow(expect.objectContaining({ errcode: BUSY }) as Error);
      expect(seen.uses).toBe(1);
    });
  });

  it('after a write sees one state again', async () => {
    const [one, two] = [await place.connection(), await place.connection()];
    await one.write(() => undefined);
    await one.write(() => Promise.reject(new Error('later')).catch(() => undefined));
    const seen = one.reading(() => {
      const before = one.first('SELECT epoch FROM ledger')!['epoch'];
      two.db.exec('UPDATE ledger SET epoch = epoch + 1');
      return [before, one.first('SELECT epoch FROM ledger')!['epoch']];
    });
    expect(seen).toEqual([0, 0]);
  });
});

describe('a write', () => {
  it('waits for its turn, and lets other work run meanwhile', async () => {
    const connection = await place.connection();
    const seen = refusing(connection, 3);
    let turns = 0;
    const counting = setInterval(() => turns++, 1);
    expect(await connection.write(() => 'done')).toBe('done');
    clearInterval(counting);
    expect(seen.uses).toBeGreaterThan(3);
    expect(turns).toBeGreaterThan(0);
  });

  it('waits for a minute', async () => {
    const connection = await place.connection();
    const seen = refusing(connection, 100);
    fastClock(25_000);
    await expect(connection.write(() => 1)).rejects.toMatchObject({ errcode: BUSY });
    // The clock says 25 s when it begins, and 100 s after the third refusal.
    expect(seen.uses).toBe(3);
  });

  it('fails at once for any other reason', async () => {
    const connection = await place.connection();
    const seen = refusing(connection, 1, CORRUPT);
    await expect(connection.write(() => 1)).rejects.toMatchObject({ errcode: CORRUPT });
    expect(seen.uses).toBe(1);
  });
});

describe('the view of a database', () => {
  const failing = (error: Error): Database =>
    ({
      prepare: () => {
        throw error;
      },
    }) as unknown as Database;

  it('that is locked or damaged is not made anew', () => {
    expect(() => renewView(failing(failure(BUSY, 'database is locked')))).toThrow('database is locked');
    expect(() => renewView(failing(failure(CORRUPT, 'malformed')))).toThrow('malformed');
  });
});

describe('sealing in the background', () => {
  /** An access to a database of which `left` segments need sealing. */
  function world(left: number, meanwhile: () => void = () => undefined) {
    const seen = { writes: 0, sealed: 0, done: 0 };
    const connection = {
      write: async (work: () => boolean) => {
        seen.writes++;
        meanwhile();
        return work();
      },
      first: () => (left-- > 0 ? { number: 0 } : undefined),
      rows: () => [],
      sql: () => ({ run: () => undefined }),
    } as unknown as Connection;
    const access = { current: connection as Connection | undefined };
    const sealing = new Sealing(
      access as Access,
      () => seen.sealed++,
      () => seen.done++,
    );
    return { seen, access, sealing };
  }

  it('tells of each segment, and once of the end', async () => {
    const { seen, sealing } = world(3);
    expect(sealing.running).toBeUndefined();
    sealing.start();
    const first = sealing.running;
    sealing.start();
    expect(sealing.running).toBe(first);
    await first;
    expect(seen).toEqual({ writes: 4, sealed: 3, done: 1 });
    expect(sealing.running).toBeUndefined();
    sealing.start();
    await sealing.running;
    expect(seen).toEqual({ writes: 5, sealed: 3, done: 2 });
  });

  it('lets the change be shown first, and other work run between segments', async () => {
    const { seen, sealing } = world(3);
    sealing.start();
    await Promise.resolve();
    expect(seen.writes).toBe(0);
    let turns = 0;
    const count = (): void => {
      turns++;
      if (seen.done === 0) setImmediate(count);
    };
    setImmediate(count);
    await sealing.running;
    expect(turns).toBeGreaterThanOrEqual(3);
  });

  it('ends when the database is closed', async () => {
    const { seen, access, sealing } = world(9, () => (access.current = undefined));
    sealing.start();
    await sealing.running;
    expect(seen).toEqual({ writes: 1, sealed: 1, done: 0 });
  });

  it('ends after a minute, and goes on when it is started again', async () => {
    const { seen, sealing } = world(9);
    fastClock(25_000);
    sealing.start();
    await sealing.running;
    expect(seen).toMatchObject({ sealed: 2, done: 0 });
    vi.restoreAllMocks();
    sealing.start();
    await sealing.running;
    expect(seen).toMatchObject({ sealed: 9, done: 1 });
  });

  it('that fails disturbs nobody, and can begin again', async () => {
    let fails = 1;
    const { seen, sealing } = world(1, () => {
      if (fails-- > 0) throw failure(CORRUPT);
    });
    sealing.start();
    await sealing.running;
    expect(seen).toEqual({ writes: 1, sealed: 0, done: 0 });
    sealing.start();
    await sealing.running;
    expect(seen).toEqual({ writes: 3, sealed: 1, done: 1 });
  });
});
