import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SyncTimer } from '../../../../src/host/team/syncTimer.ts';

describe('the timer of synchronisations', () => {
  let runs = 0;
  let timer: SyncTimer;

  beforeEach(() => {
    vi.useFakeTimers();
    // The longest jitter.
    vi.spyOn(Math, 'random').mockReturnValue(1);
    runs = 0;
    timer = new SyncTimer(() => runs++);
  });
  afterEach(() => {
    timer.dispose();
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  /** Seconds until the next run. */
  function untilNext(): number {
    const before = runs;
    for (let seconds = 1; ; seconds++) {
      vi.advanceTimersByTime(1000);
      if (runs > before) return seconds;
    }
  }

  it('runs every minute', () => {
    expect(untilNext()).toBe(60);
    timer.succeeded();
    expect(untilNext()).toBe(60);
    expect(timer.isPaused).toBe(false);
  });

  it('tries again after pauses that grow to a minute while the server cannot be reached', () => {
    const pauses = [1, 2, 3, 4, 5, 6].map(() => {
      timer.failed(true);
      expect(timer.isPaused).toBe(true);
      return untilNext();
    });
    expect(pauses).toEqual([5, 10, 20, 40, 60, 60]);
    expect(timer.isPaused).toBe(false);
    timer.succeeded();
    timer.failed(true);
    expect(untilNext()).toBe(5);
  });

  it('tries again after ten minutes at most while the server refuses', () => {
    const pauses = Array.from({ length: 9 }, () => {
      timer.failed(false);
      return untilNext();
    });
    expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600]);
  });

  it('ends a pause at once when asked, and then runs every minute', () => {
    timer.failed(false);
    timer.resume();
    expect([runs, timer.isPaused]).toEqual([1, false]);
    expect(untilNext()).toBe(60);
  });

  it('ends', () => {
    timer.failed(true);
    timer.dispose();
    vi.advanceTimersByTime(3_600_000);
    expect(runs).toBe(0);
  });
});
