import { describe, expect, it } from 'vitest';
import { ColumnStore } from '../../../src/columns/columnStore.ts';
import { ROW_MASK, Segment, SEGMENT_ROWS } from '../../../src/columns/segment.ts';
import { usage } from '../usage/records.ts';

describe('a segment', () => {
  it('begins small, and keeps every value of every column while it grows', () => {
    const store = new ColumnStore();
    const rows = SEGMENT_ROWS + 100;
    for (let i = 0; i < rows; i++) {
      // A count above 2^32 widens its column before the first growth.
      const input = i === 3 ? 2 ** 40 : i;
      store.write(i % 3, usage({ usage_id: `id-${i}`, model: `model-${i % 7}`, input_tokens: input }), i * 2);
      if (i === 0) expect(store.segment(0).room).toBeLessThan(1000);
    }
    expect(store.segments.map(({ used, room }) => [used, room])).toEqual([
      [SEGMENT_ROWS, SEGMENT_ROWS],
      [100, SEGMENT_ROWS],
    ]);
    const models = Array.from({ length: 7 }, (_, i) => store.dictionaries.model.encode(`model-${i}`));
    for (let i = 0; i < rows; i++) {
      const segment = store.segment(i);
      const at = i & ROW_MASK;
      const stored = [
        segment.ids[at],
        segment.input[at],
        segment.ledger[at],
        segment.codes('model')[at],
        segment.locator[at],
      ];
      const expected = [`id-${i}`, i === 3 ? 2 ** 40 : i, i % 3, models[i % 7], i * 2];
      if (String(stored) !== String(expected)) expect(stored).toEqual(expected);
    }
  });

  it('has room for no more than a whole segment', () => {
    const segment = new Segment(0);
    segment.reserve(10 * SEGMENT_ROWS);
    expect(segment.room).toBe(SEGMENT_ROWS);
    expect(new Set([segment.time, segment.tags, segment.reasoning].map(({ length }) => length))).toEqual(
      new Set([SEGMENT_ROWS]),
    );
  });
});
