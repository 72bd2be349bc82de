import { describe, expect, it } from 'vitest';
import { orderGroups } from '../../../src/usage/groupOrder.ts';
import type { Group } from '../../../src/usage/query.ts';
import { emptyTotals } from '../../../src/usage/query.ts';

function group(cost: number, ...key: (string | null)[]): Group {
  return { key, totals: { ...emptyTotals(), recordedNanos: BigInt(cost) } };
}
const keys = (groups: readonly Group[]): string[] => groups.map(({ key }) => key.join(' '));

describe('the order of groups', () => {
  it('is nothing of nothing', () => expect(orderGroups([], ['model'])).toEqual([]));

  it('puts the outer group with the highest sum first, and the inner ones within it', () => {
    const groups = [group(3, 'a', 'x'), group(5, 'b', 'x'), group(4, 'a', 'y')];
    expect(keys(orderGroups(groups, ['provider', 'model']))).toEqual(['a y', 'a x', 'b x']);
  });

  it('puts equal costs by their text, and none last', () => {
    expect(keys(orderGroups([group(1, null), group(1, 'b'), group(1, 'a')], ['project']))).toEqual(['a', 'b', '']);
  });

  it('puts the two equal hours of an autumn night by their instant', () => {
    const groups = [group(9, '2026-10-25T02+01:00'), group(1, '2026-10-25T02+02:00')];
    expect(keys(orderGroups(groups, ['hour']))).toEqual(['2026-10-25T02+02:00', '2026-10-25T02+01:00']);
  });
});
