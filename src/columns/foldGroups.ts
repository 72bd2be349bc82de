import { compareTexts } from './groupOrder.ts';
import { valueNanos } from '../usage/query.ts';
import type { Group, Measure, Top, Totals } from '../usage/query.ts';
import { addTotals } from '../usage/totals.ts';

/**
 * Keeps the `count` largest values of the last key part, measured over all groups (ties by text, null last), and folds the
 * others into one group per remaining key, at the position of the first of them. So a chart by session over a year needs only
 * some hundred numbers, whatever the size of the ledger. A single remaining value is kept, because folding it would only
 * replace its name.
 */
export function foldTop(groups: readonly Group[], { count, by }: Top): Group[] {
  const sizes = new Map<string | null, bigint>();
  for (const { key, totals } of groups) {
    const value = key.at(-1) ?? null;
    sizes.set(value, (sizes.get(value) ?? 0n) + sizeOf(totals, by));
  }
  const kept = keptValues([...sizes.keys()], [...sizes.values()], count, compareTexts);
  if (kept === undefined) return [...groups];
  const result: Group[] = [];
  const folded = new Map<string, Group>();
  for (const group of groups) {
    if (kept.has(group.key.at(-1) ?? null)) {
      result.push(group);
      continue;
    }
    const outer = group.key.slice(0, -1);
    const name = JSON.stringify(outer);
    const sum = folded.get(name);
    if (sum === undefined) {
      const fresh = { key: [...outer, null], totals: { ...group.totals }, rest: sizes.size - count };
      folded.set(name, fresh);
      result.push(fresh);
    } else addTotals(sum.totals, group.totals);
  }
  return result;
}

/**
 * Returns the `count` largest of the values; undefined when all are kept.
 * @param sizes the sizes of the values, in the same order: all numbers, or all bigints.
 * @param compare orders values of equal size.
 */
export function keptValues<T>(
  values: readonly T[],
  sizes: readonly number[] | readonly bigint[],
  count: number,
  compare: (a: T, b: T) => number,
): Set<T> | undefined {
  if (values.length <= count + 1) return undefined;
  // Typed arrays sort several times faster than ordinary arrays.
  const ascending =
    typeof sizes[0] === 'bigint' ? [...sizes].sort(bySize) : Float64Array.from(sizes as number[]).sort();
  const least = ascending[ascending.length - count] as number | bigint;
  const kept = new Set<T>();
  const equal: T[] = [];
  for (const [i, value] of values.entries()) {
    const size = sizes[i] as number | bigint;
    if (size > least) kept.add(value);
    else if (size === least) equal.push(value);
  }
  for (const value of equal.sort(compare).slice(0, count - kept.size)) kept.add(value);
  return kept;
}

function bySize(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sizeOf(totals: Totals, by: Measure): bigint {
  return by === 'cost' ? valueNanos(totals) : BigInt(totals.totalTokens);
}
