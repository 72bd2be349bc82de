import { describe, expect, test } from 'vitest';
import { offerMenu, placeOfPage } from '../../../media/model/menuRow.ts';
import { bucketNames, dimensionName, dimensionValueName } from '../../../media/model/names.ts';
import { LoadedPages, pagesOf, Slots, visibleRows } from '../../../media/model/pages.ts';
import { labelled, textWidth } from '../../../media/model/scale.ts';
import type { LedgerInfo, RecordRow } from '../../../src/protocol/messages.ts';
import type { MenuRow } from '../../../src/protocol/row.ts';

describe('rows of a list', () => {
  const rows = (...ids: string[]): RecordRow[] => ids.map((usage_id) => ({ record: { usage_id } }) as RecordRow);

  test('are found by their place, whatever the order in which pages came', () => {
    const pages = new LoadedPages(200, [
      [2, rows('c', 'd')],
      [0, rows('a', 'b')],
    ]);
    expect([0, 1, 2, 60, 120, 121].map((at) => pages.row(at)?.record.usage_id)).toEqual([
      'a',
      'b',
      undefined,
      undefined,
      'c',
      'd',
    ]);
    expect(pages.loaded().map(({ record }) => record.usage_id)).toEqual(['a', 'b', 'c', 'd']);
    expect(['a', 'd', 'x'].map((id) => pages.indexOf(id))).toEqual([0, 121, undefined]);
    expect(pages.missing(0, 1000)).toEqual([1, 3]);
    expect(pages.missing(60, 119)).toEqual([1]);
    expect(pages.with(0, rows('new')).row(0)?.record.usage_id).toBe('new');
    expect(pages.with(0, rows('new')).total).toBe(200);
  });

  test('far from the last page are given up, twenty pages stay', () => {
    let pages = new LoadedPages(6000);
    for (let page = 0; page < 30; page++) pages = pages.with(page, rows(`r${page}`));
    expect(pages.missing(0, 1799)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('that are seen have four more above and below', () => {
    expect(visibleRows(0, 100, 20, 1000)).toEqual({ first: 0, last: 9 });
    expect(visibleRows(200, 100, 20, 1000)).toEqual({ first: 6, last: 19 });
    expect(visibleRows(205, 100, 20, 1000)).toEqual({ first: 6, last: 20 });
    expect(visibleRows(200, 100, 20, 12)).toEqual({ first: 6, last: 11 });
    expect([pagesOf(-5, 59), pagesOf(59, 60), pagesOf(120, 100)]).toEqual([[0], [0, 1], []]);
  });

  test('that go leave their element to the next ones, the first first', () => {
    const slots = new Slots();
    expect(slots.take(['a', 'b', 'c'])).toEqual([0, 1, 2]);
    expect(slots.take(['x', 'b', 'y', 'z'])).toEqual([0, 1, 2, 3]);
    expect(slots.take([])).toEqual([]);
  });
});

test('a text of an axis is as wide as its letters, and its labels do not touch', () => {
  expect([textWidth(''), textWidth('12345')]).toEqual([0, 31]);
  const shown = (count: number, pixels: number): number[] =>
    Array.from({ length: count }, (_, i) => i).filter(labelled(count, pixels, 50));
  expect(shown(24, 400)).toEqual([2, 5, 8, 11, 14, 17, 20, 23]);
  expect(shown(31, 260)).toEqual([2, 9, 16, 23, 30]);
  expect(shown(5, 10)).toEqual([4]);
});

describe('names', () => {
  const ledgers = [{ path: '/a/costs.json', label: 'a\u202E' }] as LedgerInfo[];

  test('of buckets, dimensions and their values', () => {
    expect(bucketNames()).toEqual({ hour: 'Hour', day: 'Day', week: 'Week', month: 'Month' });
    expect(dimensionName('project')).toBe('Project');
    expect(dimensionValueName('ledger', '/a/costs.json', ledgers)).toBe('a\uFFFD');
    expect(dimensionValueName('ledger', '/b', ledgers)).toBe('/b');
    expect(dimensionValueName('model', '/a/costs.json', ledgers)).toBe('/a/costs.json');
    expect(['recorded', 'estimated', 'unknown'].map((kind) => dimensionValueName('cost', kind, []))).toEqual([
      'Recorded',
      'Estimated',
      'Price unknown',
    ]);
    expect(dimensionValueName('model', 'recorded', [])).toBe('recorded');
  });
});

describe('the menu of a row', () => {
  const element = (): { dataset: Record<string, string | undefined> } => ({ dataset: {} });
  const row: MenuRow = { place: 'panel', kind: 'record' } as unknown as MenuRow;

  test('is named for the editor, without its own entries, and taken back', () => {
    const place = element();
    offerMenu(place, row, { section: 'record', unpriced: true });
    expect(JSON.parse(place.dataset['vscodeContext'] ?? '')).toEqual({
      webviewSection: 'llmSpendRecord',
      spendUnpriced: true,
      preventDefaultContextMenuItems: true,
      spendRow: row,
    });
    offerMenu(place, undefined, { section: 'record', unpriced: true });
    expect(place.dataset).toEqual({});
  });

  test.each([
    ['sidebar', 'sidebar'],
    ['panel', 'panel'],
    [undefined, 'panel'],
  ])('in a page of %s is that of the %s', (place, expected) => {
    expect(placeOfPage({ dataset: { place } })).toBe(expected);
  });
});
