import type { Measure } from '../protocol/choices.ts';
import type { FoldedGroup } from '../protocol/wire.ts';
import { costNanos } from '../usage/query.ts';
import type { Group, Totals } from '../usage/query.ts';
import { addTotals } from '../usage/totals.ts';

/**
 * Keeps the `count` largest values of the last key part, measured over all groups, and folds the others into one group
 * per remaining key, so that a chart by session over a year stays some hundred numbers whatever the ledger's size.
 */
export function foldTop(groups: readonly Group[], count: number, by: Measure): FoldedGroup[] {
  const sizes = new Map<string | null, bigint>();
  for (const { key, totals } of groups) {
    const value = key.at(-1) ?? null;
    sizes.set(value, (sizes.get(value) ?? 0n) + sizeOf(totals, by));
  }
  // One value alone is not worth folding: it would take the place of its own name.
  if (sizes.size <= count + 1) return [...groups];
  const largest = [...sizes].sort(([, a], [, b]) => (a < b ? 1 : a > b ? -1 : 0));
  const kept = new Set(largest.slice(0, count).map(([value]) => value));
  const result: FoldedGroup[] = [];
  const folded = new Map<string, FoldedGroup>();
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

function sizeOf(totals: Totals, by: Measure): bigint {
  return by === 'cost' ? costNanos(totals) : BigInt(totals.totalTokens);
}
