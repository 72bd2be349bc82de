import type { ColumnPass } from '../../columns/columnPass.ts';
import type { Nanos } from '../../usage/money.ts';
import type { UsageFilter } from '../../usage/query.ts';
import type { Pricer } from '../price.ts';
import type { Rates } from '../rates.ts';
import { partOf, type Cell } from './cell.ts';
import { costOfSum, noneCompared, type NotCompared } from './comparison.ts';
import { quotesOf } from './quotes.ts';
import { tallyPass } from './tally.ts';

/** Computes the effect of the prompt cache in dollars, at list price: of reading from it, writing to it, and writing in vain. */

/** Sums over calls. `paid` + `savings` = `uncached`, exactly. */
export interface CacheCosts {
  records: number;
  inputTokens: bigint;
  readTokens: bigint;
  writtenTokens: bigint;
  /** List price of the calls if nothing had been read from or written to the cache. */
  uncached: Nanos;
  /** List price of the calls as they were made. */
  paid: Nanos;
  /** `uncached` - `paid`; negative if writing cost more than reading saved. */
  savings: Nanos;
  /** The difference between the prices of input and of reading, for all tokens read. */
  savedByReading: Nanos;
  /** The whole price of the tokens written. */
  paidForWriting: Nanos;
  /** The part of `paidForWriting` above the price of input: `savedByReading` - `savings`. */
  surcharge: Nanos;
  /** Tokens written that no later call of the same session and model read, as far as its counts show. */
  neverReadTokens: bigint;
  /** Paid for writing them. */
  neverRead: Nanos;
  /** Calls that wrote but name no session, so that it is not known whether the tokens were read. */
  withoutSession: number;
  notCompared: NotCompared;
}

export interface CacheGroup {
  key: string | null;
  costs: CacheCosts;
}

/** A call that used the cache. */
interface CachedCall {
  cell: Cell;
  time: number;
  read: number;
  written: number;
  /** Part of `written`: kept for an hour. */
  written1h: number;
}

export interface CacheTally {
  cells: readonly Cell[];
  calls: readonly CachedCall[];
}

const KEY = ['session', 'project', 'provider', 'model'] as const;
const [SESSION, PROJECT] = [0, 1];

/** The pass over a ledger's columns. Its calls are those that used the cache. */
export function cachePass(pricer: Pricer, filter: UsageFilter): ColumnPass<CacheTally> {
  const plan = { pricer, filter, groupBy: KEY, models: [], quotes: quotesOf.bind(undefined, pricer, []) };
  const { dimensions } = tallyPass(plan);
  return {
    filter,
    dimensions,
    start: (store) => {
      const calls: CachedCall[] = [];
      const taker = tallyPass({
        ...plan,
        onCall: (cell, segment, at) => {
          const read = segment.cacheRead[at]!;
          const written1h = segment.write1h[at]!;
          const written = segment.cacheWrite[at]! || written1h;
          if (read > 0 || written > 0) calls.push({ cell, time: segment.time[at]!, read, written, written1h });
        },
      }).start(store);
      return { take: (segment) => taker.take(segment), result: () => ({ cells: taker.result(), calls }) };
    },
  };
}

/** Adds up what the passes over all ledgers found. */
export function cacheCosts(tallies: readonly CacheTally[]): {
  all: CacheCosts;
  bySession: CacheGroup[];
  byProject: CacheGroup[];
} {
  const unread = unreadTokens(tallies.flatMap(({ calls }) => calls));
  const all = noCacheCosts();
  const bySession = new Map<string | null, CacheCosts>();
  const byProject = new Map<string | null, CacheCosts>();
  for (const cell of tallies.flatMap(({ cells }) => cells)) {
    const tokens = unread.get(cell);
    for (const sum of [all, costsOf(bySession, cell.key[SESSION]!), costsOf(byProject, cell.key[PROJECT]!)]) {
      addCacheCosts(sum, cell, tokens);
    }
  }
  return { all, bySession: sorted(bySession), byProject: sorted(byProject) };
}

interface Unread {
  short: number;
  hour: number;
  withoutSession: number;
}

/**
 * The tokens that were written in vain. A call reads a prefix of its session that earlier calls wrote, so the tokens of a call
 * beyond the longest prefix that any later call reads were never read.
 */
function unreadTokens(calls: readonly CachedCall[]): Map<Cell, Unread> {
  const unread = new Map<Cell, Unread>();
  const sessions = new Map<string, CachedCall[]>();
  for (const call of calls) {
    const [session, , provider, model] = call.cell.key;
    if (session === null || session === undefined) {
      if (call.written > 0) unreadOf(unread, call.cell).withoutSession++;
      continue;
    }
    const name = JSON.stringify([session, provider, model]);
    const known = sessions.get(name);
    if (known === undefined) sessions.set(name, [call]);
    else known.push(call);
  }
  for (const session of sessions.values()) {
    session.sort((a, b) => a.time - b.time);
    let longestRead = 0;
    for (const { cell, read, written, written1h } of session.toReversed()) {
      const tokens = Math.min(written, Math.max(0, read + written - longestRead));
      if (tokens > 0) {
        const hour = Math.round((tokens * written1h) / written);
        const sum = unreadOf(unread, cell);
        sum.hour += hour;
        sum.short += tokens - hour;
      }
      longestRead = Math.max(longestRead, read);
    }
  }
  return unread;
}

function unreadOf(unread: Map<Cell, Unread>, cell: Cell): Unread {
  let sum = unread.get(cell);
  if (sum === undefined) unread.set(cell, (sum = { short: 0, hour: 0, withoutSession: 0 }));
  return sum;
}

function addCacheCosts(sum: CacheCosts, cell: Cell, unread: Unread | undefined): void {
  sum.notCompared.withoutTokens += cell.withoutTokens;
  sum.notCompared.invalid += cell.invalid;
  if (cell.counted === 0) return;
  const [paid, uncached] = [cell.cost(0), cell.cost(0, true)];
  if (paid === undefined || uncached === undefined) {
    sum.notCompared.withoutPrice += cell.counted;
    return;
  }
  const rates = cell.quotes[0]!.rates!;
  const [read, short, hour] = (['cacheRead', 'cacheWrite5m', 'cacheWrite1h'] as const).map((kind) => {
    return cell.quantity(partOf(kind));
  }) as [bigint, bigint, bigint];
  const audioRead = cell.quantity(partOf('cacheAudioRead'));
  const imageRead = cell.quantity(partOf('cacheImageRead'));
  const saved =
    costOfSum(read, rates.input) -
    costOfSum(read, rates.cacheRead) +
    (costOfSum(audioRead, rates.inputAudio) - costOfSum(audioRead, rates.cacheAudioRead)) +
    (costOfSum(imageRead, rates.inputImage) - costOfSum(imageRead, rates.cacheImageRead));
  sum.records += cell.counted;
  sum.inputTokens += INPUT_PARTS.reduce((tokens, part) => tokens + cell.quantity(part), 0n);
  sum.readTokens += read + audioRead + imageRead;
  sum.writtenTokens += short + hour;
  sum.uncached += uncached;
  sum.paid += paid;
  sum.savings += uncached - paid;
  sum.savedByReading += saved;
  sum.paidForWriting += writeCost(rates, short, hour);
  sum.surcharge += saved - (uncached - paid);
  sum.withoutSession += unread?.withoutSession ?? 0;
  sum.neverReadTokens += BigInt((unread?.short ?? 0) + (unread?.hour ?? 0));
  sum.neverRead += writeCost(rates, BigInt(unread?.short ?? 0), BigInt(unread?.hour ?? 0));
}

const INPUT_PARTS = (
  [
    'input',
    'cacheRead',
    'cacheWrite5m',
    'cacheWrite1h',
    'inputAudio',
    'cacheAudioRead',
    'inputImage',
    'cacheImageRead',
    'inputVideo',
  ] as const
).map(partOf);

function writeCost(rates: Rates, short: bigint, hour: bigint): Nanos {
  return costOfSum(short, rates.cacheWrite5m) + costOfSum(hour, rates.cacheWrite1h);
}

function costsOf(groups: Map<string | null, CacheCosts>, key: string | null): CacheCosts {
  let costs = groups.get(key);
  if (costs === undefined) groups.set(key, (costs = noCacheCosts()));
  return costs;
}

/** Largest paid first. */
function sorted(groups: Map<string | null, CacheCosts>): CacheGroup[] {
  return [...groups]
    .map(([key, costs]) => ({ key, costs }))
    .sort((a, b) => (a.costs.paid === b.costs.paid ? 0 : a.costs.paid > b.costs.paid ? -1 : 1));
}

function noCacheCosts(): CacheCosts {
  return {
    records: 0,
    inputTokens: 0n,
    readTokens: 0n,
    writtenTokens: 0n,
    uncached: 0n,
    paid: 0n,
    savings: 0n,
    savedByReading: 0n,
    paidForWriting: 0n,
    surcharge: 0n,
    neverReadTokens: 0n,
    neverRead: 0n,
    withoutSession: 0,
    notCompared: noneCompared(),
  };
}
