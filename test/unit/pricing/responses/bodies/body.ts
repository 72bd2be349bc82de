/** A response of our own making, and what it must come to. */
export interface Body {
  name: string;
  /** An object, or the text as it would be pasted. */
  body: unknown;
  /** One for each call that is billed, in order. */
  expected: readonly Expected[];
}

/**
 * Written by hand from the vendor's rule, apart from the code under test. Counts that are not named are none.
 */
export interface Expected {
  provider: string | undefined;
  model: string | undefined;
  confidence?: 'certain' | 'likely' | 'guess';
  counts: Readonly<Record<string, number>>;
  /** USD, as `0.0125`; `unknown` where nobody can know it. */
  cost: string;
  /** The multiple of the list price in the `price_source`, as `x0.5 batch`. */
  factor?: string;
  id?: string;
}

/** As `curl -N` prints a stream. */
export function events(list: readonly object[]): string {
  return list.map((event) => `data: ${JSON.stringify(event)}`).join('\n\n');
}
