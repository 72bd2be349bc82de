/** A hand-written response, and the expected result. */
export interface Body {
  name: string;
  /** An object, or the text as a user would paste it. */
  body: unknown;
  /** One for each billed call, in order. */
  expected: readonly Expected[];
}

/** Written by hand from the vendor's rules, independently of the code under test. Missing counts are 0. */
export interface Expected {
  provider: string | undefined;
  model: string | undefined;
  confidence?: 'certain' | 'likely' | 'guess';
  counts: Readonly<Record<string, number>>;
  /** USD, such as `0.0125`; `unknown` if it cannot be known. */
  cost: string;
  /** The factor in the `price_source`, such as `x0.5 batch`. */
  factor?: string;
  id?: string;
  /** Tools used whose fee is unknown. */
  unpricedTools?: readonly string[];
  /** Seconds of audio that is billed by its length. */
  audioSeconds?: number;
}

/** As `curl -N` prints a stream. */
export function events(list: readonly object[]): string {
  return list.map((event) => `data: ${JSON.stringify(event)}`).join('\n\n');
}
