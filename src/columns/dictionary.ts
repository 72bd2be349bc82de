/** Maps texts to small integers: a column contains codes, and each text is stored and matched once. Code 0 means "has none". */
export class Dictionary {
  readonly values: (string | null)[] = [null];
  readonly #codes = new Map<string, number>();

  get size(): number {
    return this.values.length;
  }

  /** Returns the code of a text, adding it if necessary. The empty text and non-texts count as "has none". */
  encode(text: unknown): number {
    if (typeof text !== 'string' || text === '') return 0;
    const known = this.#codes.get(text);
    if (known !== undefined) return known;
    const code = this.values.length;
    this.values.push(text);
    this.#codes.set(text, code);
    return code;
  }

  /** Returns undefined if no record ever had the text. */
  find(text: string | null): number | undefined {
    return text === null ? 0 : this.#codes.get(text);
  }
}

/** Maps sets of tags to small integers. Set 0 is the empty set, which belongs to the group "has none". */
export class TagSets {
  readonly tags = new Dictionary();
  /** For each set, the codes of its tags; `[0]` for the empty set. */
  readonly sets: readonly (readonly number[])[];
  readonly #sets: (readonly number[])[] = [[0]];
  readonly #codes = new Map<string, number>();
  /** Sets of one or two tags, the most frequent ones, by a number made of their codes. */
  readonly #small = new Map<number, number>();

  constructor() {
    this.sets = this.#sets;
  }

  encode(tags: readonly string[] | undefined): number {
    if (tags === undefined || tags.length === 0) return 0;
    if (tags.length <= 2) {
      const first = this.tags.encode(tags[0]);
      const second = this.tags.encode(tags[1] ?? tags[0]);
      const [low, high] = first < second ? [first, second] : [second, first];
      if (high < PAIRED) {
        const key = low * PAIRED + high;
        let code = this.#small.get(key);
        if (code === undefined) this.#small.set(key, (code = this.#encode([low, high])));
        return code;
      }
    }
    return this.#encode(tags.map((tag) => this.tags.encode(tag)));
  }

  #encode(all: readonly number[]): number {
    const codes = [...new Set(all)].filter((code) => code !== 0).sort(ascending);
    if (codes.length === 0) return 0;
    const key = codes.join();
    const known = this.#codes.get(key);
    if (known !== undefined) return known;
    const code = this.#sets.length;
    this.#sets.push(codes);
    this.#codes.set(key, code);
    return code;
  }
}

/** Codes below this are combined in pairs: the product of two is a safe integer. */
const PAIRED = 2 ** 26;

function ascending(a: number, b: number): number {
  return a - b;
}
