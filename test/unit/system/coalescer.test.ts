import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Coalescer } from '../../../src/system/coalescer.ts';
import type { CoalescerTiming } from '../../../src/system/coalescer.ts';

const TIMING = { quietMs: 50, maxWaitMs: 200 };

/** A run that ends when the test says so. */
function controlled(): {
  run: () => Promise<void>;
  started: () => number;
  finish: () => Promise<void>;
  overlap: () => number;
} {
  let started = 0;
  let active = 0;
  let most = 0;
  let end: (() => void) | undefined;
  return {
    run: async () => {
      started += 1;
      active += 1;
      most = Math.max(most, active);
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      active -= 1;
    },
    started: () => started,
    finish: async () => {
      end?.();
      await vi.advanceTimersByTimeAsync(0);
    },
    overlap: () => most,
  };
}

describe('a coalescer', () => {
  const errors: unknown[] = [];
  const open: Coalescer[] = [];
  const refresher = (run: () => Promise<void>, timing: CoalescerTiming = TIMING): Coalescer => {
    const made = new Coalescer(run, { timing, onError: (error) => errors.push(error) });
    open.push(made);
    return made;
  };

  beforeEach(() => {
    vi.useFakeTimers();
    errors.length = 0;
  });
  afterEach(() => {
    for (const each of open.splice(0)) each.dispose();
    vi.useRealTimers();
  });

  it('does nothing unless asked', async () => {
    const run = vi.fn(async () => {});
    refresher(run);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(run).not.toHaveBeenCalled();
  });

  it('makes one run of a burst, after it', async () => {
    const run = vi.fn(async () => {});
    const it = refresher(run);
    for (let i = 0; i < 100; i += 1) it.request();
    await vi.advanceTimersByTimeAsync(49);
    expect(run).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(run).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('does not let an endless burst put it off for longer than the longest wait', async () => {
    const run = vi.fn(async () => {});
    const it = refresher(run);
    for (let t = 0; t < 1000; t += 20) {
      it.request();
      await vi.advanceTimersByTimeAsync(20);
    }
    expect(run.mock.calls.length).toBeGreaterThanOrEqual(4);
    expect(run.mock.calls.length).toBeLessThanOrEqual(6);
  });

  it('never overlaps, and looks again when asked during a run', async () => {
    const work = controlled();
    const it = refresher(work.run);
    it.request();
    await vi.advanceTimersByTimeAsync(50);
    expect(work.started()).toBe(1);
    it.request();
    it.request();
    await vi.advanceTimersByTimeAsync(5000);
    expect(work.started()).toBe(1);
    await work.finish();
    await vi.advanceTimersByTimeAsync(50);
    expect(work.started()).toBe(2);
    await work.finish();
    await vi.advanceTimersByTimeAsync(5000);
    expect(work.started()).toBe(2);
    expect(work.overlap()).toBe(1);
  });

  it('answers now() with a run that began after the call', async () => {
    const work = controlled();
    const it = refresher(work.run);
    const first = it.now();
    expect(work.started()).toBe(1);
    let secondDone = false;
    const second = Promise.all([it.now(), it.now()]).then(() => {
      secondDone = true;
    });
    await work.finish();
    await first;
    expect(work.started()).toBe(2);
    expect(secondDone).toBe(false);
    await work.finish();
    await second;
    expect(work.started()).toBe(2);
    expect(work.overlap()).toBe(1);
  });

  it('tells of a failed run, and runs again', async () => {
    let fail = true;
    const run = vi.fn(async () => {
      if (fail) throw new Error('no disk');
    });
    const it = refresher(run);
    await expect(it.now()).rejects.toThrow('no disk');
    expect(errors).toEqual([]);
    it.request();
    await vi.advanceTimersByTimeAsync(50);
    expect(errors).toEqual([new Error('no disk')]);
    fail = false;
    it.request();
    await vi.advanceTimersByTimeAsync(50);
    expect(run).toHaveBeenCalledTimes(3);
    expect(errors).toHaveLength(1);
  });

  it('stays quiet once disposed', async () => {
    const run = vi.fn(async () => {});
    const it = refresher(run);
    it.request();
    it.dispose();
    it.request();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(run).not.toHaveBeenCalled();
  });

  it('answers now() with a later run when the current one fails', async () => {
    let runs = 0;
    const it = new Coalescer(() => {
      runs += 1;
      return runs === 1 ? Promise.reject(new Error('no disk')) : Promise.resolve(runs);
    });
    const first = it.now();
    const second = it.now();
    await expect(first).rejects.toThrow('no disk');
    expect(await second).toBe(2);
    expect(await it.now()).toBe(3);
  });

  it('keeps the interval between requested runs, the first of which is at once', async () => {
    const starts: number[] = [];
    const run = (): Promise<void> => Promise.resolve(void starts.push(performance.now()));
    const it = refresher(run, { quietMs: 0, maxWaitMs: 0, intervalMs: 100 });
    for (let t = 0; t < 290; t += 10) {
      it.request();
      await vi.advanceTimersByTimeAsync(10);
    }
    const [first = 0] = starts;
    expect(starts.map((at) => Math.round(at - first))).toEqual([0, 100, 200]);
  });

  it('is idle once the current run has ended', async () => {
    const work = controlled();
    const it = refresher(work.run);
    await it.idle();
    const run = it.now();
    let idle = false;
    const waiting = it.idle().then(() => {
      idle = true;
    });
    await vi.advanceTimersByTimeAsync(1000);
    expect(idle).toBe(false);
    await work.finish();
    await Promise.all([run, waiting]);
    expect(idle).toBe(true);
  });
});
