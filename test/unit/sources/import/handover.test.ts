import { describe, expect, test } from 'vitest';
import { Handover, type Told } from '../../../../src/sources/import/handover.ts';
import type { Part } from '../../../../src/sources/import/readerThread.ts';
import type { SourceFile } from '../../../../src/sources/source.ts';

/** Parts of files that another thread reads, on their way into an import. */

const file = (path: string): SourceFile => ({ path, relative: path, modifiedAt: 0, size: 0, version: '' });
const part = (seen: number): Part => ({
  records: [],
  repeats: [],
  skips: [{ reason: 'not-json', file: 'x', line: seen }],
  seen,
  bytes: 10 * seen,
});

class Consumer {
  readonly added: string[] = [];
  readonly removed: [string, Told][] = [];
  stored = 0;
  isLong = false;
  onStore = (): void => undefined;
  add(path: string, { seen }: Part, isLast: boolean): void {
    this.added.push(`${path} ${seen}${isLast ? ' last' : ''}`);
  }
  remove(path: string, told: Told): void {
    this.removed.push([path, told]);
  }
  isFull(): boolean {
    return this.isLong;
  }
  async store(): Promise<void> {
    this.stored++;
    this.isLong = false;
    this.onStore();
  }
}

describe('a handover', () => {
  test('takes back what was told of a file that was not read to its end, and nothing of the others', async () => {
    const consumer = new Consumer();
    const handover = new Handover(consumer);
    await handover.take(file('a'), part(1), false);
    await handover.take(file('a'), part(2), false);
    await handover.take(file('b'), part(4), false);
    await handover.take(file('b'), part(8), true);
    expect(consumer.added).toEqual(['a 1', 'a 2', 'b 4', 'b 8 last']);
    for (const name of ['a', 'b', 'a']) handover.takeBack(file(name));
    const nothing = { bytes: 0, seen: 0, skips: [] };
    expect(consumer.removed).toEqual([
      ['a', { bytes: 30, seen: 3, skips: [...part(1).skips, ...part(2).skips] }],
      ['b', nothing],
      ['a', nothing],
    ]);
  });

  test('lets its reader wait while there is no room, and stores to make some', async () => {
    const consumer = new Consumer();
    const handover = new Handover(consumer);
    consumer.onStore = () => handover.resume();
    const order: string[] = [];
    const done = (async () => {
      consumer.isLong = true;
      await handover.take(file('a'), part(1), false);
      order.push(`first after ${consumer.stored}`);
      consumer.isLong = true;
      await handover.take(file('a'), part(1), true);
      order.push(`second after ${consumer.stored}`);
      return 'done';
    })();
    expect(await handover.until(done, undefined)).toBe('done');
    expect(order).toEqual(['first after 1', 'second after 2']);
  });

  test('has the failure of its reader', async () => {
    await expect(new Handover(new Consumer()).until(Promise.reject(new Error('lost')), undefined)).rejects.toThrow(
      'lost',
    );
  });

  test('waits no longer than until it is cancelled', async () => {
    const cancel = new AbortController();
    const waiting = new Handover(new Consumer()).until(new Promise(() => undefined), cancel.signal);
    cancel.abort();
    await expect(waiting).rejects.toThrow(/abort/i);
    const already = new Handover(new Consumer()).until(Promise.resolve(1), cancel.signal);
    await expect(already).rejects.toThrow(/abort/i);
  });
});
