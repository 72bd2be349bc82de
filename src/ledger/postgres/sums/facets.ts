import type { TextDimension } from '../../../usage/dimensions.ts';
import { SERIES_COLUMNS } from '../columns.ts';
import { decodeText, makeSeries, type Series } from '../rows.ts';

/**
 * The tables `summary_day` and `summary_hour` have the sums of `rollup` with fewer dimensions, so that a question about all people
 * reads a hundredth of the rows. Each facet is one choice of dimensions; its series have no value in the others.
 */
export interface Facet {
  name: string;
  dimensions: readonly TextDimension[];
  /** Lengths of its slots, in hours. */
  hours: readonly number[];
}

const DAYS_AND_HOURS = [24, 1];

/** From the smallest to the largest. A facet whose hours were no fewer rows than those of `rollup` has days only. */
export const FACETS: readonly Facet[] = [
  { name: 'all', dimensions: [], hours: DAYS_AND_HOURS },
  {
    name: 'call',
    dimensions: ['provider', 'model', 'operation', 'source', 'charge', 'agent', 'tier'],
    hours: DAYS_AND_HOURS,
  },
  { name: 'project', dimensions: ['project'], hours: [24] },
  { name: 'person', dimensions: ['account', 'user', 'machine'], hours: [24] },
];

export function summaryTable(hours: number): string {
  return hours === 24 ? 'summary_day' : 'summary_hour';
}

/** The smallest facet that knows these dimensions; undefined if only `rollup` does. */
export function facetOf(dimensions: Iterable<string>, hours: number): Facet | undefined {
  const wanted = [...dimensions];
  return FACETS.find(
    (facet) => facet.hours.includes(hours) && wanted.every((each) => facet.dimensions.some((name) => name === each)),
  );
}

/** A series in each facet, in the order of {@link FACETS}. */
const facetsOfSeries = new Map<string, readonly Series[]>();
const MOST_KNOWN = 20_000;

export function inFacets(series: Series): readonly Series[] {
  const found = facetsOfSeries.get(series.id);
  if (found !== undefined) return found;
  if (facetsOfSeries.size >= MOST_KNOWN) facetsOfSeries.clear();
  const made = FACETS.map(({ dimensions }) => {
    const texts = SERIES_COLUMNS.map(({ dimension }, i) =>
      dimensions.includes(dimension) ? decodeText(series.values[i]!) : '',
    );
    return makeSeries(series.kind, series.covered, texts);
  });
  facetsOfSeries.set(series.id, made);
  return made;
}
