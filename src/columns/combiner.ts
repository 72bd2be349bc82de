/** Above this many entries (16 MB) a flat table would waste memory, so a map replaces it. */
const LARGEST_TABLE = 2 ** 22;

/**
 * Numbers the occurring pairs (group so far, code of the next grouping) densely from 0. A key with n parts takes n - 1 of these
 * in a row, so no text is built per row.
 */
export class Combiner {
  /** For each new group, the group that it extends. */
  readonly parents: number[] = [];
  /** For each new group, the code that it adds. */
  readonly codes: number[] = [];
  #radix = 16;
  #table: Int32Array | undefined = new Int32Array(16);
  #map = new Map<number, number>();

  /** Replaces each group by its combination with the code at the same index. */
  combine(groups: Uint32Array, codes: Uint32Array, count: number): void {
    let at = this.#combineKnown(groups, codes, 0, count);
    while (at < count) {
      groups[at] = this.#find(groups[at] as number, codes[at] as number);
      at = this.#combineKnown(groups, codes, at + 1, count);
    }
  }

  /** Replaces groups from `from` on by combinations in the table. Returns the position of the first one that is not there. */
  #combineKnown(groups: Uint32Array, codes: Uint32Array, from: number, count: number): number {
    const table = this.#table;
    const radix = this.#radix;
    if (table === undefined) return from;
    for (let i = from; i < count; i++) {
      const code = codes[i] as number;
      const key = (groups[i] as number) * radix + code;
      const known = code < radix && key < table.length ? (table[key] as number) : 0;
      if (known === 0) return i;
      groups[i] = known - 1;
    }
    return count;
  }

  #find(group: number, code: number): number {
    const known = code < this.#radix ? this.#map.get(group * this.#radix + code) : undefined;
    return known === undefined ? this.#add(group, code) : known - 1;
  }

  #add(group: number, code: number): number {
    const combined = this.parents.length;
    this.parents.push(group);
    this.codes.push(code);
    if (code >= this.#radix) {
      while (code >= this.#radix) this.#radix *= 2;
      this.#rebuild();
    } else {
      this.#put(group * this.#radix + code, combined);
    }
    return combined;
  }

  #put(key: number, combined: number): void {
    if (this.#table !== undefined && key >= this.#table.length) this.#grow(key);
    if (this.#table === undefined) this.#map.set(key, combined + 1);
    else this.#table[key] = combined + 1;
  }

  #grow(key: number): void {
    let size = (this.#table as Int32Array).length;
    while (size <= key) size *= 2;
    if (size > LARGEST_TABLE) {
      this.#rebuild(true);
      return;
    }
    const table = new Int32Array(size);
    table.set(this.#table as Int32Array);
    this.#table = table;
  }

  #rebuild(asMap = this.#table === undefined): void {
    this.#map = new Map();
    this.#table = asMap || this.#radix > LARGEST_TABLE ? undefined : new Int32Array(this.#radix);
    for (let i = 0; i < this.parents.length; i++) {
      this.#put((this.parents[i] as number) * this.#radix + (this.codes[i] as number), i);
    }
  }
}
