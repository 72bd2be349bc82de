import { DIMENSIONS } from '../../usage/dimensions.ts';
import { PERIODS } from '../../usage/time/period.ts';
import { parseChoices } from '../../protocol/choices.ts';
import type { Choices } from '../../protocol/choices.ts';

/**
 * Reads the link to a view of the cost history: `/history?range=month&project=x&model=a&model=b&search=text`, or
 * `from=2026-01-01&to=2026-01-31`. Names that are not known, and values that are not valid, are ignored. Pure.
 * @returns undefined when the link leads elsewhere.
 */
export function choicesOfLink(path: string, query: string): Partial<Choices> | undefined {
  if (path !== '/history') return undefined;
  const parameters = new URLSearchParams(query);
  const values: Record<string, string[]> = {};
  for (const dimension of DIMENSIONS) {
    const given = [...new Set(parameters.getAll(dimension))].slice(0, MAX_VALUES);
    // Judged one by one: a value that is too long must not take the other filters with it.
    const valid = given.filter((value) => parseChoices({ values: { [dimension]: [value] } }).values[dimension]);
    if (valid.length > 0) values[dimension] = valid;
  }
  const [from, to, range] = ['from', 'to', 'range'].map((name) => parameters.get(name));
  const dates = from === null || from === undefined ? undefined : { kind: 'dates', from, to: to ?? from };
  const period = PERIODS.find((each) => each === range);
  const wanted = dates ?? (period && { kind: period });
  // The same judgement as of stored choices: what does not fit falls back to the default.
  const read = parseChoices({ values, search: parameters.get('search') ?? '', ...(wanted && { range: wanted }) });
  return { values: read.values, search: read.search, ...(wanted && { range: read.range }) };
}

const MAX_VALUES = 50;
