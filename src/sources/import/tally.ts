import type { Telling } from '../source.ts';

/** Fewer keys than places, so that an empty one is soon found. */
const FULLEST = 0.6;
/** Words of a place: a hash of the key in two (the second is never 0: nobody), and what stands with it. */
const WORDS = 3;
/** Stands with a usage that was told in a way that any other replaces. */
const REPLACEABLE = 0;

/**
 * Counts usages that are not kept, as a dry run finds them: 20 to 40 bytes for each, instead of a record. Keys are told
 * apart by 64 bits of a hash: among a million, two are taken for one in one of thirty million runs.
 */
export class Tally {
  readonly #usages = new HashMap();
  /** Of usages that were told in several ways, all ways but the first. */
  readonly #others = new HashMap();

  /** @returns whether it is one more. */
  add({ usage, way }: Telling): boolean {
    const mark = way === undefined ? REPLACEABLE : (hashOf(way)[0] | 1) >>> 0;
    const first = this.#usages.get(usage);
    if (first === undefined || (first === REPLACEABLE && mark !== REPLACEABLE)) this.#usages.set(usage, mark);
    if (first === undefined) return true;
    if (mark === first || mark === REPLACEABLE || first === REPLACEABLE) return false;
    const key = `${usage}\0${way}`;
    if (this.#others.get(key) !== undefined) return false;
    this.#others.set(key, mark);
    return true;
  }
}

/** From a text to 32 bits. */
class HashMap {
  #words = new Uint32Array(WORDS * 1024);
  #size = 0;

  get(key: string): number | undefined {
    const at = placeOf(this.#words, ...hashOf(key));
    return this.#words[at + 1] === 0 ? undefined : this.#words[at + 2];
  }

  set(key: string, value: number): void {
    if (this.#size >= (FULLEST * this.#words.length) / WORDS) this.#grow();
    const [high, low] = hashOf(key);
    const at = placeOf(this.#words, high, low);
    if (this.#words[at + 1] === 0) this.#size++;
    this.#words[at] = high;
    this.#words[at + 1] = low;
    this.#words[at + 2] = value;
  }

  #grow(): void {
    const old = this.#words;
    this.#words = new Uint32Array(2 * old.length);
    for (let i = 0; i < old.length; i += WORDS) {
      if (old[i + 1] !== 0) this.#words.set(old.subarray(i, i + WORDS), placeOf(this.#words, old[i]!, old[i + 1]!));
    }
  }
}

/** Where a key stands, or would. */
function placeOf(words: Uint32Array, high: number, low: number): number {
  const places = words.length / WORDS;
  for (let place = low % places; ; place = (place + 1) % places) {
    const at = WORDS * place;
    if (words[at + 1] === 0 || (words[at] === high && words[at + 1] === low)) return at;
  }
}

/** Two words, of which the second is not 0. */
function hashOf(text: string): [high: number, low: number] {
  let high = 0x2545f491;
  let low = 0x4f6cdd1d;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x85ebca6b);
    high ^= low >>> 15;
    low ^= high >>> 13;
  }
  return [high >>> 0, low >>> 0 || 1];
}
