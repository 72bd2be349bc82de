import { beforeEach, describe, expect, it } from 'vitest';
import { Additions, type Batch, type Outcome } from '../../../../src/ledger/additions.ts';
import type { Addition, Appended } from '../../../../src/ledger/store.ts';
import { call, stored } from '../../../contract/usages.ts';

/** Additions that arrive together share a transaction: SQLite and PostgreSQL record this way. */

const addition = (id: string): Addition => stored(call(id));
const batch = (...ids: string[]): Batch => ({ additions: ids.map(addition), mode: 'all' });
const idsOf = ({ additions }: Batch): string => additions.map(({ record }) => record.usage_id).join('');
const appended = ({ additions }: Batch): Appended[] => additions.map(({ record }) => ({ status: 'recorded', record }));

/** The batches of each transaction, by their ids. */
let transactions: string[][];
let done: number;
/** Writes the batches that a transaction takes. */
let write: (take: () => readonly Batch[]) => Promise<Outcome[]>;
let additions: Additions;

beforeEach(() => {
  transactions = [];
  done = 0;
  write = async (take) => {
    const batches = take();
    transactions.push(batches.map(idsOf));
    return batches.map((each) => ({ appended: appended(each) }));
  };
  additions = new Additions(
    (take) => write(take),
    () => done++,
  );
});

/** Holds transactions until it is called. */
function held(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  const inner = write;
  write = async (take) => {
    const outcomes = await inner(take);
    await promise;
    return outcomes;
  };
  return () => {
    write = inner;
    resolve();
  };
}

describe('additions', () => {
  it('of one turn share a transaction, and each caller gets its own records', async () => {
    const all = await Promise.all([additions.add(batch('a', 'b')), additions.add(batch('c'))]);
    expect(transactions).toEqual([['ab', 'c']]);
    expect(all.map((each) => each.map(({ record }) => record.usage_id))).toEqual([['a', 'b'], ['c']]);
    expect(done).toBe(1);
    await additions.add(batch('d'));
    expect(transactions).toEqual([['ab', 'c'], ['d']]);
    expect(done).toBe(2);
  });

  it('of nothing need no transaction', async () => {
    expect(await additions.add(batch())).toEqual([]);
    await new Promise(setImmediate);
    expect([transactions, done]).toEqual([[], 0]);
  });

  it('that arrive during a transaction are in the next one, all together', async () => {
    const release = held();
    const first = additions.add(batch('a'));
    await expect.poll(() => transactions).toEqual([['a']]);
    const later = [additions.add(batch('b')), additions.add(batch('c'))];
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    expect(transactions).toEqual([['a']]);
    release();
    await Promise.all([first, ...later]);
    expect(transactions).toEqual([['a'], ['b', 'c']]);
  });

  it('are the same ones when a transaction is repeated, whatever came meanwhile', async () => {
    const once = write;
    let later: Promise<unknown> | undefined;
    write = async (take) => {
      const before = take().map(idsOf);
      later ??= additions.add(batch('late'));
      expect(take().map(idsOf)).toEqual(before);
      return once(take);
    };
    await additions.add(batch('a'));
    await later;
    expect(transactions).toEqual([['a'], ['late']]);
  });

  it('that are refused do not stand in the way of the others of their transaction', async () => {
    write = async (take) =>
      take().map((each) =>
        idsOf(each) === 'b' ? { refused: new Error('b is refused') } : { appended: appended(each) },
      );
    const all = await Promise.allSettled(['a', 'b', 'c'].map((id) => additions.add(batch(id))));
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(all[1]).toMatchObject({ reason: { message: 'b is refused' } });
    expect(done).toBe(1);
  });

  it('fail with their transaction, and so do those that wait behind it, but none that come later', async () => {
    const works = write;
    let behind: Promise<unknown> | undefined;
    write = async (take) => {
      take();
      behind = additions.add(batch('behind'));
      throw new Error('the disk is full');
    };
    await expect(additions.add(batch('a'))).rejects.toThrow('the disk is full');
    await expect(behind).rejects.toThrow('the disk is full');
    expect(done).toBe(0);
    write = works;
    await additions.add(batch('b'));
    expect(transactions).toEqual([['b']]);
  });

  it('that fail before any was taken fail, too', async () => {
    write = () => Promise.reject(new Error('no connection'));
    await expect(additions.add(batch('a'))).rejects.toThrow('no connection');
    expect(await additions.flush(1_000)).toBe(true);
  });

  it('are waited for, as long as the caller likes', async () => {
    expect(await additions.flush(0)).toBe(true);
    const release = held();
    const adding = additions.add(batch('a'));
    expect(await additions.flush(1)).toBe(false);
    const flushed = additions.flush(Infinity);
    release();
    expect(await flushed).toBe(true);
    expect(done).toBe(1);
    await adding;
  });
});
