import { costNanos } from './query.ts';
import type { Group, Measure, Top, Totals } from './query.ts';
import { addTotals } from './totals.ts';

/**
 * Keeps the `count` largest values of the last key part, measured over all groups (of equals those that come first), and
 * folds the others into one group per remaining key, which stands where the first of them stood: a chart by session over
 * a year stays some hundred numbers whatever the ledger's size. A single value is not worth folding: it would take the
 * place of its own name.
 */
export function foldTop(groups: readonly Group[], { count, by }: Top): Group[] {
  const sizes = new Map<string | null, bigint>();
  for (const { key, totals } of groups) {
    const value = key.at(-1) ?? null;
    sizes.set(value, (sizes.get(value) ?? 0n) + sizeOf(totals, by));
  }
  const kept = keptValues(sizes, count);
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
 * The `count` largest; undefined when all are kept.
 * @param sizes all of them numbers, or all bigints, in the order in which equals are taken.
 */
export function keptValues<T>(sizes: ReadonlyMap<T, number | bigint>, count: number): Set<T> | undefined {
  if (sizes.size <= count + 1) return undefined;
  const largest = [...sizes].sort(([, a], [, b]) => (a < b ? 1 : a > b ? -1 : 0));
  return new Set(largest.slice(0, count).map(([value]) => value));
}

function sizeOf(totals: Totals, by: Measure): bigint {
  return by === 'cost' ? costNanos(totals) : BigInt(totals.totalTokens);
}
