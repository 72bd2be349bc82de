import type { Choices } from '../../src/protocol/choices.ts';
import { valueNanos } from '../../src/usage/query.ts';
import type { Dimension, Group, Measure, Totals } from '../../src/usage/query.ts';
import { compareTokens } from '../../src/usage/tokenSum.ts';
import type { Series } from './series.ts';
import { seriesId } from './series.ts';
import { measured } from './totals.ts';

/** A node of the breakdown: the values of the outer levels, then its own value. */
export type NodePath = readonly (string | null)[];

/** The children of a node, from the host's answer. */
export interface Children {
  groups: readonly Group[];
  slots: ReadonlyMap<string, number>;
}

export interface BreakdownRow {
  id: string;
  path: NodePath;
  /** 0 is the outermost level. */
  level: number;
  dimension: Dimension;
  value: string | null;
  rest: number | undefined;
  slot: Series['slot'];
  totals: Totals;
  /** Share of the grand total, 0 to 1; undefined if unknown. */
  share: number | undefined;
  /** undefined: the node has no children. */
  expanded: boolean | undefined;
  /** 1-based position among its siblings, and their number. */
  position: number;
  siblings: number;
}

export function pathId(path: NodePath): string {
  return JSON.stringify(path);
}

export interface BreakdownContent {
  /** Keyed by {@link pathId}. */
  children: ReadonlyMap<string, Children>;
  /** Expanded nodes, by {@link pathId}. */
  expanded: ReadonlySet<string>;
  /** The grand total, for the shares. */
  grand: Totals;
}

/** The visible rows: an expanded node is followed by its children. */
export function breakdownRows(
  { levels, breakdownSort: sort, measure }: Pick<Choices, 'levels' | 'breakdownSort' | 'measure'>,
  { children, expanded, grand }: BreakdownContent,
  nameOf: (dimension: Dimension, value: string | null) => string,
): BreakdownRow[] {
  const rows: BreakdownRow[] = [];
  const whole = measured(grand, measure);
  const add = (outer: NodePath): void => {
    const level = outer.length;
    const dimension = levels[level];
    const found = children.get(pathId(outer));
    if (dimension === undefined || found === undefined) return;
    const sorted = found.groups.toSorted((a, b) => compareGroups(a, b, sort, (value) => nameOf(dimension, value)));
    for (const [index, group] of sorted.entries()) {
      const value = group.key[0] ?? null;
      const path = [...outer, value];
      const isRest = group.rest !== undefined;
      const open = isRest || level + 1 >= levels.length ? undefined : expanded.has(pathId(path));
      rows.push({
        id: `${pathId(outer)} ${seriesId(group)}`,
        path,
        level,
        dimension,
        value,
        rest: group.rest,
        slot: isRest ? 'rest' : value === null ? 'none' : (found.slots.get(value) ?? 'none'),
        totals: group.totals,
        share: shareOf(group.totals, measure, whole),
        expanded: open,
        position: index + 1,
        siblings: sorted.length,
      });
      if (open === true) add(path);
    }
  };
  add([]);
  return rows;
}

function shareOf(totals: Totals, measure: Measure, whole: number): number | undefined {
  const isUnknown = measure === 'cost' && totals.unpriced > 0 && totals.unpriced === totals.records;
  if (isUnknown) return undefined;
  return whole === 0 ? 0 : measured(totals, measure) / whole;
}

/** The folded rest comes last in any order. */
function compareGroups(
  a: Group,
  b: Group,
  { by, descending }: Choices['breakdownSort'],
  nameOf: (value: string | null) => string,
): number {
  const rest = Number(a.rest !== undefined) - Number(b.rest !== undefined);
  if (rest !== 0) return rest;
  const names = nameOf(a.key[0] ?? null).localeCompare(nameOf(b.key[0] ?? null));
  if (by === 'name') return descending ? -names : names;
  const order = compareTotals(a.totals, b.totals, by);
  return (descending ? -order : order) || names;
}

function compareTotals(a: Totals, b: Totals, by: 'cost' | 'tokens' | 'records'): number {
  if (by === 'records') return a.records - b.records;
  if (by === 'tokens') return compareTokens(a.totalTokens, b.totalTokens);
  const [x, y] = [valueNanos(a), valueNanos(b)];
  return x < y ? -1 : x > y ? 1 : a.unpriced - b.unpriced || compareTokens(a.totalTokens, b.totalTokens);
}
