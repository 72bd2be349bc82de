/** Fewer of them than places, so that an empty one is soon found. */
const FULLEST = 0.6;

/**
 * Ids that came already, in 14 bytes each instead of a hundred. Two ids count as the same when 64 bits of a hash are:
 * among a million, once in thirty million times.
 */
export class IdSet {
  /** Two words for each place: the hash; both 0: nobody. */
  #words = new Uint32Array(2 * 1024);
  #size = 0;

  /** @returns whether it is new. */
  add(id: string): boolean {
    if (this.#size >= FULLEST * (this.#words.length / 2)) this.#grow();
    let high = 0x2545f491;
    let low = 0x4f6cdd1d;
    for (let i = 0; i < id.length; i++) {
      const unit = id.charCodeAt(i);
      high = Math.imul(high ^ unit, 0x9e3779b1);
      low = Math.imul(low ^ unit, 0x85ebca6b);
      high ^= low >>> 15;
      low ^= high >>> 13;
    }
    const isNew = put(this.#words, high >>> 0, low >>> 0 || 1);
    if (isNew) this.#size++;
    return isNew;
  }

  #grow(): void {
    const words = new Uint32Array(2 * this.#words.length);
    for (let i = 0; i < this.#words.length; i += 2) {
      if (this.#words[i + 1] !== 0) put(words, this.#words[i]!, this.#words[i + 1]!);
    }
    this.#words = words;
  }
}

function put(words: Uint32Array, high: number, low: number): boolean {
  const mask = words.length - 2;
  for (let at = (low << 1) & mask; ; at = (at + 2) & mask) {
    if (words[at + 1] === 0) {
      words[at] = high;
      words[at + 1] = low;
      return true;
    }
    if (words[at] === high && words[at + 1] === low) return false;
  }
}
