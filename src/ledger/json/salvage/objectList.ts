/** The end of an object that does not end. */
export const NO_END = 0;

const BACKSLASH = 0x5c;
const FIRST_CAPACITY = 64;

/**
 * The objects that a scan passes, in order of their start, in 13 bytes each: a file of 30 MB may open six million objects within
 * one another. The innermost open object leads to those around it.
 */
export class ObjectList {
  count = 0;
  /** Open arrays since the innermost open object began. */
  #arrays = 0;
  /** The innermost open object, counted from 1; 0: none. */
  #current = 0;
  #starts: Uint32Array | Float64Array = new Uint32Array(FIRST_CAPACITY);
  /** Of an open object: the one around it, counted from 1. */
  #ends: Uint32Array | Float64Array = new Uint32Array(FIRST_CAPACITY);
  /** Open arrays of the object around it when it began. */
  #arraysAround = new Uint32Array(FIRST_CAPACITY);
  #members = new Uint8Array(FIRST_CAPACITY);

  clear(): void {
    this.count = 0;
    this.#arrays = 0;
    this.#current = 0;
  }

  get isOpen(): boolean {
    return this.#current > 0;
  }

  get isInArray(): boolean {
    return this.#arrays > 0;
  }

  open(start: number): void {
    const index = this.count++;
    if (index === this.#starts.length || start > 0xffff_fff0) this.#grow(index);
    this.#starts[index] = start;
    this.#ends[index] = this.#current;
    this.#arraysAround[index] = this.#arrays;
    this.#members[index] = 0;
    this.#arrays = 0;
    this.#current = index + 1;
  }

  openArray(): void {
    this.#arrays++;
  }

  /** Closes the innermost array or object. */
  close(end: number): void {
    if (this.#arrays > 0) this.#arrays--;
    else this.#close(end);
  }

  /** The innermost open object has a member. */
  addMember(bit: number): void {
    this.#members[this.#current - 1]! |= bit;
  }

  /** The objects that are open do not end. */
  leaveOpen(): void {
    while (this.#current > 0) this.#close(NO_END);
  }

  startOf(index: number): number {
    return this.#starts[index]!;
  }

  endOf(index: number): number {
    return this.#ends[index]!;
  }

  /** The members of {@link MemberNames} that it has, one bit for each. */
  membersOf(index: number): number {
    return this.#members[index]!;
  }

  #close(end: number): void {
    const index = this.#current - 1;
    this.#current = this.#ends[index]!;
    this.#arrays = this.#arraysAround[index]!;
    this.#ends[index] = end;
  }

  #grow(needed: number): void {
    const capacity = Math.max(this.#starts.length, needed + 1) * 2;
    const copyOf = <T extends Uint8Array | Uint32Array | Float64Array>(copy: T, from: ArrayLike<number>): T => {
      copy.set(from);
      return copy;
    };
    // Offsets beyond 4 GB need more bits.
    const Offsets = this.#starts instanceof Float64Array || needed < this.#starts.length ? Float64Array : Uint32Array;
    this.#starts = copyOf(new Offsets(capacity), this.#starts);
    this.#ends = copyOf(new Offsets(capacity), this.#ends);
    this.#arraysAround = copyOf(new Uint32Array(capacity), this.#arraysAround);
    this.#members = copyOf(new Uint8Array(capacity), this.#members);
  }
}

/** Finds out whether an object has certain members, without parsing it. */
export class MemberNames {
  /** The bits of all members. */
  readonly all: number;
  readonly #names: readonly Uint8Array[];

  /** @param names at most 8. */
  constructor(names: readonly string[]) {
    this.#names = names.map((name) => new TextEncoder().encode(name));
    this.all = 2 ** names.length - 1;
  }

  /** The bit of the member whose key, with its quotes, has this range; all bits if the key has escapes, because it may be any. */
  bitOf(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start - 2;
    for (let i = 0; i < this.#names.length; i++) {
      const name = this.#names[i]!;
      if (name.length !== length) continue;
      let at = 0;
      while (at < length && bytes[start + 1 + at] === name[at]) at++;
      if (at === length) return 1 << i;
    }
    for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return this.all;
    return 0;
  }
}
