import { describe, expect, it, vi } from 'vitest';
import { LazyStore } from '../../../../src/ledger/postgres/lazyStore.ts';
import type { Store } from '../../../../src/ledger/store.ts';

/** A store whose code is loaded late answers as that store does. */

/** A store that notes each call, and answers with its name. */
function noting(): { calls: unknown[][]; store: Store } {
  const calls: unknown[][] = [];
  const store = new Proxy({} as Store, {
    get: (_, name) =>
      name === 'then'
        ? undefined
        : (...args: unknown[]) => {
            calls.push([name, ...args]);
            if (name === 'watch') return { dispose: () => calls.push(['dispose']) };
            if (name === 'elements') return [['an element']].values();
            return Promise.resolve(`the answer of ${String(name)}`);
          },
  });
  return { calls, store };
}

describe('a store that is loaded late', () => {
  it('is loaded once, by the first call', async () => {
    const { store } = noting();
    const load = vi.fn(async () => store);
    const lazy = new LazyStore('its name', load);
    expect(lazy.name).toBe('its name');
    expect(load).not.toHaveBeenCalled();
    await Promise.all([lazy.look(), lazy.look(), lazy.flush(1)]);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it.each<[keyof LazyStore, unknown[]]>([
    ['look', []],
    ['append', [['an addition'], 'each']],
    ['replace', ['a plan', true]],
    ['remove', [['id'], true]],
    ['clear', []],
    ['undo', [true]],
    ['flush', [7]],
    ['aggregate', [{ groupBy: [] }]],
    ['page', [{ limit: 1 }]],
    ['holds', [['id']]],
    ['changesSince', ['1/2/3']],
    ['verify', []],
    ['repair', [false]],
    ['close', []],
  ])('passes %s on, with its answer', async (name, args) => {
    const { calls, store } = noting();
    const lazy = new LazyStore('name', async () => store);
    const answer: unknown = await (lazy[name] as (...args: unknown[]) => Promise<unknown>)(...args);
    expect(calls).toEqual([[name, ...args]]);
    expect(answer).toBe(name === 'close' ? undefined : `the answer of ${name}`);
  });

  it('passes on what it excludes, what it contains, and those who watch', async () => {
    const { calls, store } = noting();
    const lazy = new LazyStore('name', async () => store);
    const onChange = (): void => undefined;
    const watching = lazy.watch(onChange);
    await vi.waitFor(() => expect(calls).toEqual([['watch', onChange]]));
    watching.dispose();
    await vi.waitFor(() => expect(calls.at(-1)).toEqual(['dispose']));
    const excluded = new Set(['a']);
    await lazy.exclude(excluded);
    expect(calls.at(-1)).toEqual(['exclude', excluded]);
    const elements: unknown[] = [];
    for await (const each of lazy.elements()) elements.push(each);
    expect(elements).toEqual([['an element']]);
  });
});
