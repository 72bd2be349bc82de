import { valueNanos, type Group } from '../query.ts';
import { mergeGroups } from '../totals.ts';

/**
 * Blocks: five-hour spans in which plans of coding agents count usage. A block begins with the hour (UTC) of the first usage
 * that no earlier block covers.
 *
 * Blocks begin on the hour, so the hour of a usage determines its block, and hourly sums are sufficient.
 */

export const BLOCK_MS = 5 * 3_600_000;

export interface Block {
  /** ms since the epoch. */
  start: number;
  /** Exclusive. */
  end: number;
}

/**
 * @param hours starts of the hours with usage, ms since the epoch, ascending.
 * @returns the block of each hour.
 */
export function blocksOf(hours: readonly number[]): Block[] {
  let block: Block | undefined;
  return hours.map((hour) => {
    if (block === undefined || hour >= block.end) block = { start: hour, end: hour + BLOCK_MS };
    return block;
  });
}

/**
 * Merges hourly sums into sums by block.
 * @param groups groups whose first key is the hour, in UTC.
 * @returns groups whose first key is the start of the block, ISO 8601.
 */
export function groupByBlock(groups: readonly Group[]): Group[] {
  const hourOf = ({ key }: Group): number => Date.parse(`${key[0]?.slice(0, 13)}:00:00Z`);
  const hours = [...new Set(groups.map(hourOf))].sort((a, b) => a - b);
  const blocks = new Map(blocksOf(hours).map((block, i) => [hours[i], block]));
  const inTime = [...groups].sort((a, b) => hourOf(a) - hourOf(b));
  const ofBlocks = inTime.map((group) => ({
    key: [new Date(blocks.get(hourOf(group))!.start).toISOString(), ...group.key.slice(1)],
    totals: group.totals,
  }));
  return mergeGroups(ofBlocks).sort((a, b) => {
    if (a.key[0] !== b.key[0]) return a.key[0]! < b.key[0]! ? -1 : 1;
    // Most expensive first within a block, as in every other grouping.
    const [left, right] = [valueNanos(a.totals), valueNanos(b.totals)];
    return left === right ? 0 : left > right ? -1 : 1;
  });
}
