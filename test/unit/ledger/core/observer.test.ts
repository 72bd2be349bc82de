import { beforeEach, describe, expect, it } from 'vitest';
import { Observer } from '../../../../src/ledger/observer.ts';
import type { LedgerState, Problem } from '../../../../src/ledger/results.ts';
import type { Look } from '../../../../src/ledger/store.ts';
import { MemoryContents, MemoryStore } from '../../../contract/memoryStore.ts';

/** A store whose looks are those that a test gives, and which counts what it is asked. */
class GivenStore extends MemoryStore {
  next: Look = lookOf({});
  looks = 0;
  /** Until it is resolved, a look does not end. */
  gate: Promise<void> = Promise.resolve();
  readonly watching: (() => void)[] = [];
  watched = 0;

  override async look(): Promise<Look> {
    this.looks++;
    const found = this.next;
    await this.gate;
    if (found.cursor === 'unreadable') throw new Error('unreadable');
    return found;
  }

  override watch(onChange: () => void): { dispose(): void } {
    this.watched++;
    this.watching.push(onChange);
    return { dispose: () => void this.watching.splice(this.watching.indexOf(onChange), 1) };
  }
}

const SOUND: Look['state'] = {
  health: 'ok',
  problems: [],
  records: 1,
  pending: 0,
  unreadable: 0,
  bytes: 10,
  modifiedAt: 5,
};
const lookOf = (state: Partial<Look['state']>, cursor = 'c'): Look => ({ state: { ...SOUND, ...state }, cursor });
const problem = (message: string): Problem => ({ code: 'kept-aside', severity: 'warning', message });

let store: GivenStore;
let observer: Observer;
beforeEach(() => {
  store = new GivenStore('memory://observed', new MemoryContents(), Date.now);
  observer = new Observer(store);
});

describe('the state of a ledger', () => {
  it('is that of an empty one until somebody looks, once', async () => {
    expect(observer.cursor).toBe('');
    expect(observer.state).toEqual({
      version: 0,
      health: 'missing',
      problems: [],
      records: 0,
      pending: 0,
      unreadable: 0,
      bytes: 0,
      modifiedAt: undefined,
    });
    await observer.looked();
    await observer.looked();
    expect(store.looks).toBe(1);
    expect(observer.state).toEqual({ ...SOUND, version: 1 });
    expect(observer.cursor).toBe('c');
    expect(await observer.refresh()).toBe(observer.state);
    expect(store.looks).toBe(2);
  });

  it('keeps its version while a look finds nothing new, and is not told', async () => {
    const told: LedgerState[] = [];
    observer.watch((state) => told.push(state));
    store.next = lookOf({ problems: [problem('a'), problem('b')] });
    await observer.refresh();
    // A file may be written again with the same content.
    store.next = lookOf({ problems: [problem('a'), problem('b')], bytes: 10, modifiedAt: 9 });
    expect(await observer.refresh()).toMatchObject({ version: 1, modifiedAt: 9 });
    expect(told).toHaveLength(1);
  });

  it.each<[string, Look]>([
    ['its contents', lookOf({ problems: [problem('a')] }, 'd')],
    ['its health', lookOf({ problems: [problem('a')], health: 'damaged' })],
    ['the number of records', lookOf({ problems: [problem('a')], records: 2 })],
    ['the number of those that wait', lookOf({ problems: [problem('a')], pending: 1 })],
    ['the number of elements that are no records', lookOf({ problems: [problem('a')], unreadable: 1 })],
    ['the text of a problem', lookOf({ problems: [problem('b')] })],
    ['one problem more', lookOf({ problems: [problem('a'), problem('b')] })],
    ['no problem any more', lookOf({ problems: [] })],
  ])('has another version, and is told, after a change of %s', async (_, changed) => {
    const told: LedgerState[] = [];
    store.next = lookOf({ problems: [problem('a')] });
    await observer.refresh();
    observer.watch((state) => told.push(state));
    store.next = changed;
    expect(await observer.refresh()).toEqual({ ...changed.state, version: 2 });
    expect(told).toEqual([{ ...changed.state, version: 2 }]);
    expect(observer.cursor).toBe(changed.cursor);
  });
});

describe('those who watch a ledger', () => {
  it('share one watcher of the store, which is there as long as one of them is', async () => {
    const told: string[] = [];
    const first = observer.watch(() => told.push('first'));
    const second = observer.watch(() => told.push('second'));
    expect([store.watched, store.watching.length]).toEqual([1, 1]);
    await observer.refresh();
    expect(told).toEqual(['first', 'second']);
    first.dispose();
    expect(store.watching).toHaveLength(1);
    store.next = lookOf({ records: 2 });
    store.watching[0]!();
    await expect.poll(() => told).toEqual(['first', 'second', 'second']);
    second.dispose();
    expect(store.watching).toEqual([]);
    // A second call changes nothing for those who come later.
    observer.watch(() => told.push('third'));
    expect([store.watched, store.watching.length]).toEqual([2, 1]);
  });

  it('are told of the next state after one that could not be read', async () => {
    const told: number[] = [];
    observer.watch(({ records }) => told.push(records));
    store.next = lookOf({}, 'unreadable');
    store.watching[0]!();
    await expect.poll(() => store.looks).toBe(1);
    await expect(observer.refresh()).rejects.toThrow('unreadable');
    store.next = lookOf({ records: 3 });
    store.watching[0]!();
    await expect.poll(() => told).toEqual([3]);
  });

  it('hear nothing once it is closed, which waits for the look under way', async () => {
    const told: unknown[] = [];
    let open = (): void => undefined;
    store.gate = new Promise((resolve) => (open = resolve));
    observer.watch((state) => told.push(state));
    let isClosed = false;
    const looking = observer.refresh();
    const closing = observer.close().then(() => (isClosed = true));
    expect(store.watching).toEqual([]);
    await new Promise(setImmediate);
    expect(isClosed).toBe(false);
    open();
    await Promise.all([looking, closing]);
    expect(told).toEqual([]);
    expect(observer.state.records).toBe(1);
  });
});
