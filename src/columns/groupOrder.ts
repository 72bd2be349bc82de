import type { Bucket, Group, QueryGrouping } from '../usage/query.ts';
import { valueNanos, isBucket } from '../usage/query.ts';

/**
 * Sorts groups into the order in which every ledger returns them: level by level, buckets by time, values by their total cost
 * (highest first), then by text in UTF-16 units, with null last.
 */
export function orderGroups(groups: readonly Group[], groupBy: readonly QueryGrouping[], level = 0): Group[] {
  const grouping = groupBy[level];
  if (grouping === undefined || groups.length < 2) return [...groups];
  const branches = new Map<string | null, { key: string | null; groups: Group[]; cost: bigint }>();
  for (const group of groups) {
    const key = group.key[level] ?? null;
    let branch = branches.get(key);
    if (!branch) branches.set(key, (branch = { key, groups: [], cost: 0n }));
    branch.groups.push(group);
    branch.cost += valueNanos(group.totals);
  }
  const ordered = [...branches.values()];
  if (grouping === 'interval') {
    ordered.sort((a, b) => Number(a.key) - Number(b.key));
  } else if (isBucket(grouping)) {
    ordered.sort((a, b) => compareBucketKeys(grouping, a.key ?? '', b.key ?? ''));
  } else {
    ordered.sort((a, b) => compare(b.cost, a.cost) || compareTexts(a.key, b.key));
  }
  return ordered.flatMap((branch) => orderGroups(branch.groups, groupBy, level + 1));
}

/** Keys of hours include the offset, because on an autumn night one hour occurs twice; they are compared by instant. */
function compareBucketKeys(bucket: Bucket, a: string, b: string): number {
  if (bucket !== 'hour') return compare(a, b);
  const instant = (key: string): number => Date.parse(`${key.slice(0, 13)}:00${key.slice(13)}`);
  return instant(a) - instant(b) || compare(a, b);
}

/** Compares by UTF-16 units, null last. */
export function compareTexts(a: string | null, b: string | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return compare(a, b);
}

function compare<T extends string | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
