import type { ColumnPass } from '../../columns/columnPass.ts';
import type { Nanos } from '../../usage/money.ts';
import type { UsageFilter } from '../../usage/query.ts';
import type { Pricer } from '../price.ts';
import type { Rate, Rates } from '../rates.ts';
import { costOfSum, partOf, type Cell } from './cell.ts';
import { noneCompared, type NotCompared } from './comparison.ts';
import { ExactSums, minus, plus, type Whole } from './exactSums.ts';
import { quotesOf } from './quotes.ts';
import { tallyPass } from './tally.ts';
import { CachedCalls, unreadTokens, type Unread } from './unread.ts';

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

export interface CacheTally {
  cells: readonly Cell[];
  calls: CachedCalls;
}

const KEY = ['session', 'project', 'provider', 'model'] as const;
const [SESSION, PROJECT, PROVIDER, MODEL] = [0, 1, 2, 3];

/** The pass over a ledger's columns. Its calls are those that used the cache. */
export function cachePass(pricer: Pricer, filter: UsageFilter): ColumnPass<CacheTally> {
  const plan = { pricer, filter, groupBy: KEY, models: [], quotes: quotesOf.bind(undefined, pricer, []) };
  const { dimensions } = tallyPass(plan);
  return {
    filter,
    dimensions,
    start: (store) => {
      const calls = new CachedCalls();
      const taker = tallyPass({ ...plan, onCall: (cell, segment, at) => calls.add(cell, segment, at) }).start(store);
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
  const cells = tallies.flatMap((tally) => tally.cells);
  const calls = new CachedCalls();
  let before = 0;
  for (const tally of tallies) {
    calls.addAll(tally.calls, before);
    before += tally.cells.length;
  }
  const unread = unreadTokens(calls, chainsOf(cells));
  const all = new CacheSums();
  const bySession = new CacheSums();
  const byProject = new CacheSums();
  for (const [i, cell] of cells.entries()) {
    const costs = cellCosts(cell, unread, i);
    all.add(null, cell, costs);
    bySession.add(cell.key[SESSION]!, cell, costs);
    byProject.add(cell.key[PROJECT]!, cell, costs);
  }
  return {
    all: all.sorted()[0]?.costs ?? cacheCostsOf([], noneCompared()),
    bySession: bySession.sorted(),
    byProject: byProject.sorted(),
  };
}

/** For each cell the number of its session and model; -1: it has no session. */
function chainsOf(cells: readonly Cell[]): Int32Array {
  const numbers = new Map<string | null, Map<string | null, Map<string | null, number>>>();
  let next = 0;
  return Int32Array.from(cells, ({ key }) => {
    const session = key[SESSION] ?? null;
    if (session === null) return -1;
    const models = childOf(childOf(numbers, session), key[PROVIDER] ?? null);
    const model = key[MODEL] ?? null;
    let number = models.get(model);
    if (number === undefined) models.set(model, (number = next++));
    return number;
  });
}

function childOf<K, V>(map: Map<K, Map<K, V>>, key: K): Map<K, V> {
  let child = map.get(key);
  if (child === undefined) map.set(key, (child = new Map()));
  return child;
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
const [READ, AUDIO_READ, IMAGE_READ] = (['cacheRead', 'cacheAudioRead', 'cacheImageRead'] as const).map(partOf) as [
  number,
  number,
  number,
];
const [WRITE, WRITE_1H] = (['cacheWrite5m', 'cacheWrite1h'] as const).map(partOf) as [number, number];

/** The fields of {@link CacheCosts} that are sums, in the order of their columns. */
const FIELDS = [
  'records',
  'inputTokens',
  'readTokens',
  'writtenTokens',
  'uncached',
  'paid',
  'savedByReading',
  'paidForWriting',
  'neverReadTokens',
  'neverRead',
  'withoutSession',
] as const;

/** The sums of a cell in the order of {@link FIELDS}; undefined if its calls have no price. */
function cellCosts(cell: Cell, unread: Unread, at: number): Whole[] | undefined {
  if (cell.counted === 0) return undefined;
  const [paid, uncached] = [cell.cost(0), cell.cost(0, true)];
  const { rates } = cell.quotes[0]!;
  if (paid === undefined || uncached === undefined || rates === undefined) return undefined;
  const [short, hour] = [cell.quantity(WRITE), cell.quantity(WRITE_1H)];
  const [unreadShort, unreadHour] = [unread.short[at]!, unread.hour[at]!];
  const saved = [
    savedByReading(cell.quantity(READ), rates.input, rates.cacheRead),
    savedByReading(cell.quantity(AUDIO_READ), rates.inputAudio, rates.cacheAudioRead),
    savedByReading(cell.quantity(IMAGE_READ), rates.inputImage, rates.cacheImageRead),
  ];
  return [
    cell.counted,
    sumOf(INPUT_PARTS.map((part) => cell.quantity(part))),
    sumOf([READ, AUDIO_READ, IMAGE_READ].map((part) => cell.quantity(part))),
    plus(short, hour),
    uncached,
    paid,
    sumOf(saved),
    writeCost(rates, short, hour),
    plus(unreadShort, unreadHour),
    writeCost(rates, unreadShort, unreadHour),
    unread.withoutSession[at]!,
  ];
}

function sumOf(amounts: readonly Whole[]): Whole {
  return amounts.reduce(plus, 0);
}

function savedByReading(quantity: Whole, input: Rate | undefined, read: Rate | undefined): Whole {
  return quantity === 0 ? 0 : minus(costOfSum(quantity, input), costOfSum(quantity, read));
}

function writeCost(rates: Rates, short: Whole, hour: Whole): Whole {
  return plus(costOfSum(short, rates.cacheWrite5m), costOfSum(hour, rates.cacheWrite1h));
}

/** Sums of groups of cells. */
class CacheSums {
  readonly #rows = new Map<string | null, number>();
  readonly #notCompared: NotCompared[] = [];
  readonly #sums = new ExactSums(FIELDS.length);

  add(key: string | null, cell: Cell, costs: readonly Whole[] | undefined): void {
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = this.#notCompared.push(noneCompared()) - 1;
      this.#rows.set(key, row);
    }
    const notCompared = this.#notCompared[row]!;
    notCompared.withoutTokens += cell.withoutTokens;
    notCompared.invalid += cell.invalid;
    if (costs === undefined) notCompared.withoutPrice += cell.counted;
    else for (let field = 0; field < costs.length; field++) this.#sums.add(row, field, costs[field]!);
  }

  /** Largest paid first. */
  sorted(): CacheGroup[] {
    const groups = [...this.#rows].map(([key, row]) => ({ key, costs: this.#costsOf(row) }));
    return groups.sort((a, b) => (a.costs.paid === b.costs.paid ? 0 : a.costs.paid > b.costs.paid ? -1 : 1));
  }

  #costsOf(row: number): CacheCosts {
    const sums = FIELDS.map((_, field) => BigInt(this.#sums.get(row, field)));
    return cacheCostsOf(sums, this.#notCompared[row]!);
  }
}

/** @param sums in the order of {@link FIELDS}. */
function cacheCostsOf(sums: readonly bigint[], notCompared: NotCompared): CacheCosts {
  const sum = (field: (typeof FIELDS)[number]): bigint => sums[FIELDS.indexOf(field)] ?? 0n;
  const savings = sum('uncached') - sum('paid');
  return {
    records: Number(sum('records')),
    inputTokens: sum('inputTokens'),
    readTokens: sum('readTokens'),
    writtenTokens: sum('writtenTokens'),
    uncached: sum('uncached'),
    paid: sum('paid'),
    savings,
    savedByReading: sum('savedByReading'),
    paidForWriting: sum('paidForWriting'),
    surcharge: sum('savedByReading') - savings,
    neverReadTokens: sum('neverReadTokens'),
    neverRead: sum('neverRead'),
    withoutSession: Number(sum('withoutSession')),
    notCompared,
  };
}
