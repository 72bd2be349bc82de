import { describe, expect, it } from 'vitest';
import { Aggregation } from '../../../src/columns/aggregation.ts';
import { VISIBLE } from '../../../src/columns/segment.ts';
import { ColumnStore } from '../../../src/columns/columnStore.ts';
import { orderGroups } from '../../../src/columns/groupOrder.ts';
import type { Group } from '../../../src/usage/query.ts';
import { emptyTotals } from '../../../src/usage/query.ts';
import { usage } from '../usage/records.ts';

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

describe('groups that are given out while records come', () => {
  it.each([0, 1, 2, 3])('all have their names, after %i pauses', (pauses) => {
    const store = new ColumnStore();
    store.write(1, usage({ usage_id: 'a', timestamp: '2026-01-01T12:00:00Z' }), 1);
    const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
    const aggregation = new Aggregation(store, { filter: {}, groupBy: ['day', 'model'], calendar });
    const segment = store.segments[0]!;
    segment.state.fill(VISIBLE, 0, 2);
    aggregation.takeSegment(segment);
    const steps = aggregation.groups();
    let step = steps.next();
    for (let i = 0; i < pauses && step.done !== true; i++) step = steps.next();
    store.write(1, usage({ usage_id: 'b', timestamp: '2026-01-02T12:00:00Z', model: 'another' }), 2);
    aggregation.takeRow(segment, 1);
    while (step.done !== true) step = steps.next();
    expect(step.value.flatMap(({ key }) => key)).not.toContain(null);
    expect(step.value.length).toBeGreaterThan(0);
  });
});
