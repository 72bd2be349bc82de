import { describe, expect, it } from 'vitest';
import { SERIES_COLUMNS } from '../../../../src/ledger/postgres/columns.ts';
import { decodeText, makeSeries } from '../../../../src/ledger/postgres/rows.ts';
import { FACETS, facetOf, inFacets, summaryTable } from '../../../../src/ledger/postgres/sums/facets.ts';

/** Which table of sums answers a question: the smallest that knows the dimensions. */

describe('the facet of a question', () => {
  it.each([
    [[], 24, 'all'],
    [[], 1, 'all'],
    [['model'], 24, 'call'],
    [['provider', 'model', 'operation', 'source', 'charge', 'agent', 'tier'], 1, 'call'],
    [['project'], 24, 'project'],
    [['project'], 1, undefined],
    [['user', 'machine', 'account'], 24, 'person'],
    [['user'], 1, undefined],
    [['user', 'model'], 24, undefined],
    [['project', 'user'], 24, undefined],
    [[], 7, undefined],
  ])('about %j in slots of %i hours is %s', (dimensions, hours, expected) => {
    expect(facetOf(dimensions, hours)?.name).toBe(expected);
  });

  it('is in the table of its days or hours', () => {
    expect([summaryTable(24), summaryTable(1)]).toEqual(['summary_day', 'summary_hour']);
  });
});

describe('a series', () => {
  const texts = SERIES_COLUMNS.map(({ dimension }) => `the ${dimension}\n`);
  const series = makeSeries('estimated', true, texts);

  it('has one in each facet, with the values of that alone', () => {
    const valuesOf = (place: number): Record<string, string> =>
      Object.fromEntries(
        inFacets(series)[place]!.values.flatMap((value, i) =>
          value === '' ? [] : [[SERIES_COLUMNS[i]!.dimension, decodeText(value)]],
        ),
      );
    expect(FACETS.map((_, i) => Object.keys(valuesOf(i)).toSorted())).toEqual(
      FACETS.map(({ dimensions }) => dimensions.toSorted()),
    );
    expect(valuesOf(2)).toEqual({ project: 'the project\n' });
    expect(inFacets(series).map(({ kind, covered }) => [kind, covered])).toEqual(FACETS.map(() => ['estimated', true]));
  });

  it('is the same for the same values, and another for each difference', () => {
    expect(inFacets(series)).toBe(inFacets(series));
    expect(makeSeries('estimated', true, texts)).toBe(series);
    const others = [
      makeSeries('recorded', true, texts),
      makeSeries('estimated', false, texts),
      makeSeries('estimated', true, texts.with(0, 'other')),
    ];
    expect(new Set([series, ...others].map(({ id }) => id)).size).toBe(4);
    expect(series.id).toMatch(/^[\da-f]{32}$/);
    // Two series that differ in their model alone have the same place in the facet of projects, and another one in that of calls.
    const model = SERIES_COLUMNS.findIndex(({ dimension }) => dimension === 'model');
    const other = inFacets(makeSeries('estimated', true, texts.with(model, 'other')));
    expect(inFacets(series).map(({ id }, i) => id === other[i]!.id)).toEqual([true, false, true, true]);
  });
});
