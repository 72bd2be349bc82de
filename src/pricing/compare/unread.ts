import type { Segment } from '../../columns/segment.ts';

/** Finds tokens that were written to the cache in vain. */

const FIRST_CALLS = 256;

/** The calls that used the cache, column by column: a ledger may have millions. */
export class CachedCalls {
  count = 0;
  /** Indexes of the calls' cells. */
  cell = new Uint32Array(FIRST_CALLS);
  time = new Float64Array(FIRST_CALLS);
  read = new Float64Array(FIRST_CALLS);
  written = new Float64Array(FIRST_CALLS);
  /** Part of `written`: kept for an hour. */
  written1h = new Float64Array(FIRST_CALLS);

  /** @param at the call's offset in the segment. */
  add(cell: number, segment: Segment, at: number): void {
    const read = segment.cacheRead[at]!;
    const written1h = segment.write1h[at]!;
    const written = segment.cacheWrite[at]! || written1h;
    if (read === 0 && written === 0) return;
    this.#reserve(this.count + 1);
    const next = this.count++;
    this.cell[next] = cell;
    this.time[next] = segment.time[at]!;
    this.read[next] = read;
    this.written[next] = written;
    this.written1h[next] = written1h;
  }

  /** @param cells number of cells before those of the calls. */
  addAll(calls: CachedCalls, cells: number): void {
    this.#reserve(this.count + calls.count);
    for (const name of ['time', 'read', 'written', 'written1h'] as const) {
      this[name].set(calls[name].subarray(0, calls.count), this.count);
    }
    for (let i = 0; i < calls.count; i++) this.cell[this.count + i] = calls.cell[i]! + cells;
    this.count += calls.count;
  }

  #reserve(count: number): void {
    const room = this.cell.length;
    if (count <= room) return;
    const larger = Math.max(count, room * 2);
    const cells = new Uint32Array(larger);
    cells.set(this.cell);
    this.cell = cells;
    for (const name of ['time', 'read', 'written', 'written1h'] as const) {
      const column = new Float64Array(larger);
      column.set(this[name]);
      this[name] = column;
    }
  }
}

/** By cell. */
export interface Unread {
  /** Tokens written for five minutes that no later call read. */
  short: Float64Array;
  /** Tokens written for an hour that no later call read. */
  hour: Float64Array;
  /** Calls that wrote but name no session. */
  withoutSession: Float64Array;
}

/**
 * A call reads a prefix of its session that earlier calls wrote, so the tokens of a call beyond the longest prefix that any later
 * call reads were never read.
 * @param chains for each cell the number of its session and model, whose calls read what others of them wrote; -1: no session.
 */
export function unreadTokens(calls: CachedCalls, chains: Int32Array): Unread {
  const unread: Unread = {
    short: new Float64Array(chains.length),
    hour: new Float64Array(chains.length),
    withoutSession: new Float64Array(chains.length),
  };
  for (let i = 0; i < calls.count; i++) {
    const cell = calls.cell[i]!;
    if (chains[cell] === -1 && calls.written[i]! > 0) unread.withoutSession[cell]!++;
  }
  const { order, starts } = byChain(calls, chains);
  for (let chain = 0; chain + 1 < starts.length; chain++) {
    addUnread(unread, calls, inTime(order.subarray(starts[chain], starts[chain + 1]), calls.time));
  }
  return unread;
}

/** @param order the calls of a chain, ascending by time. */
function addUnread(unread: Unread, { cell, read, written, written1h }: CachedCalls, order: Uint32Array): void {
  let longestRead = 0;
  for (let i = order.length - 1; i >= 0; i--) {
    const at = order[i]!;
    const tokens = Math.min(written[at]!, Math.max(0, read[at]! + written[at]! - longestRead));
    if (tokens > 0) {
      const hour = Math.round((tokens * written1h[at]!) / written[at]!);
      unread.hour[cell[at]!]! += hour;
      unread.short[cell[at]!]! += tokens - hour;
    }
    if (read[at]! > longestRead) longestRead = read[at]!;
  }
}

/** The calls by chain, otherwise in their order; and where each chain starts. */
function byChain({ cell, count }: CachedCalls, chains: Int32Array): { order: Uint32Array; starts: Uint32Array } {
  let chainCount = 0;
  for (const chain of chains) chainCount = Math.max(chainCount, chain + 1);
  const starts = new Uint32Array(chainCount + 1);
  for (let i = 0; i < count; i++) {
    const chain = chains[cell[i]!]!;
    if (chain >= 0) starts[chain + 1]!++;
  }
  for (let chain = 0; chain < chainCount; chain++) starts[chain + 1]! += starts[chain]!;
  const next = starts.slice();
  const order = new Uint32Array(starts[chainCount]!);
  for (let i = 0; i < count; i++) {
    const chain = chains[cell[i]!]!;
    if (chain >= 0) order[next[chain]!++] = i;
  }
  return { order, starts };
}

/** Sorts calls by time, if they are not yet: ledgers are nearly always written in time order. */
function inTime(order: Uint32Array, time: Float64Array): Uint32Array {
  for (let i = 1; i < order.length; i++) {
    if (time[order[i]!]! < time[order[i - 1]!]!) {
      return Uint32Array.from(Array.from(order).sort((a, b) => time[a]! - time[b]!));
    }
  }
  return order;
}
