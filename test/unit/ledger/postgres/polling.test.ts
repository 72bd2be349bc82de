import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Polling } from '../../../../src/ledger/postgres/polling.ts';

/** How often those who watch a ledger in PostgreSQL are called. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('those who watch', () => {
  it('are called twice a second, from their first half of a second on', () => {
    const polling = new Polling();
    const [first, second] = [vi.fn(), vi.fn()];
    polling.add(first);
    vi.advanceTimersByTime(499);
    expect(first).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(first).toHaveBeenCalledTimes(1);
    polling.add(second);
    vi.advanceTimersByTime(1_500);
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([4, 3]);
    polling.close();
  });

  it('are called every 15 seconds while the server cannot be reached', () => {
    const polling = new Polling();
    const called = vi.fn();
    polling.isReachable = false;
    polling.add(called);
    vi.advanceTimersByTime(14_999);
    expect(called).not.toHaveBeenCalled();
    polling.isReachable = true;
    vi.advanceTimersByTime(1);
    expect(called).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(500);
    expect(called).toHaveBeenCalledTimes(2);
    polling.close();
  });

  it('are called at once after a change of this process', () => {
    const polling = new Polling();
    const called = vi.fn();
    polling.add(called);
    polling.notify();
    expect(called).toHaveBeenCalledTimes(1);
    polling.close();
  });

  it('are not called after they have ended, and nothing runs on for nobody', () => {
    const polling = new Polling();
    const [first, second] = [vi.fn(), vi.fn()];
    const watching = polling.add(first);
    const other = polling.add(second);
    watching.dispose();
    vi.advanceTimersByTime(500);
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 1]);
    other.dispose();
    expect(vi.getTimerCount()).toBe(0);
    polling.add(first);
    vi.advanceTimersByTime(500);
    expect(first).toHaveBeenCalledTimes(1);
    polling.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('may end while they are called, and then nothing is scheduled', () => {
    const polling = new Polling();
    const watching = polling.add(() => watching.dispose());
    vi.advanceTimersByTime(500);
    expect(vi.getTimerCount()).toBe(0);
  });
});
