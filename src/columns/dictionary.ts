/** Texts as small integers: a column holds codes, and each text is kept and matched once. Code 0 is "has none". */
export class Dictionary {
  readonly values: (string | null)[] = [null];
  readonly #codes = new Map<string, number>();

  get size(): number {
    return this.values.length;
  }

  /** The code of a text, a new one if need be. The empty text is "has none", as everything that is no text. */
  encode(text: unknown): number {
    if (typeof text !== 'string' || text === '') return 0;
    const known = this.#codes.get(text);
    if (known !== undefined) return known;
    const code = this.values.length;
    this.values.push(text);
    this.#codes.set(text, code);
    return code;
  }

  /** undefined: no record ever had it. */
  find(text: string | null): number | undefined {
    return text === null ? 0 : this.#codes.get(text);
  }
}

/** Sets of tags as small integers. Set 0 is the empty one, and stands in the group of "has none". */
export class TagSets {
  readonly tags = new Dictionary();
  /** For each set the codes of its tags; `[0]` for the empty one. */
  readonly sets: readonly (readonly number[])[];
  readonly #sets: (readonly number[])[] = [[0]];
  readonly #codes = new Map<string, number>();
  /** Of sets of one tag or two, which most are, by those. */
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

/** Codes below are told apart in pairs: the product of two is a safe integer. */
const PAIRED = 2 ** 26;

function ascending(a: number, b: number): number {
  return a - b;
}
