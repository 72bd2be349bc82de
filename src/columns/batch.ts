import { SEGMENT_ROWS, type Segment } from './segment.ts';

/** Scratch space for the rows of one segment; it grows when records have several tags. */
export class Batch {
  rows: Uint32Array = new Uint32Array(SEGMENT_ROWS);
  groups: Uint32Array = new Uint32Array(SEGMENT_ROWS);
  codes: Uint32Array = new Uint32Array(SEGMENT_ROWS);
  count = 0;

  /** Fills `codes` with the values of the rows in a column. */
  gather(column: ArrayLike<number>): void {
    const { rows, codes, count } = this;
    for (let i = 0; i < count; i++) codes[i] = column[rows[i] as number] as number;
  }

  /** Replaces each row by one entry per tag, with the tag as its code. */
  expandTags({ tags }: Segment, sets: readonly (readonly number[])[]): void {
    const { count } = this;
    const rows = this.rows.slice(0, count);
    const groups = this.groups.slice(0, count);
    let size = 0;
    for (let i = 0; i < count; i++) size += sets[tags[rows[i] as number] as number]?.length ?? 0;
    this.#reserve(size);
    const { rows: intoRows, groups: intoGroups, codes } = this;
    let next = 0;
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number;
      const set = sets[tags[row] as number] ?? [];
      for (let k = 0; k < set.length; k++) {
        intoRows[next] = row;
        intoGroups[next] = groups[i] as number;
        codes[next++] = set[k] as number;
      }
    }
    this.count = size;
  }

  #reserve(size: number): void {
    if (size <= this.rows.length) return;
    this.rows = grown(this.rows, size);
    this.groups = grown(this.groups, size);
    this.codes = grown(this.codes, size);
  }
}

function grown(from: Uint32Array, size: number): Uint32Array {
  const into = new Uint32Array(Math.max(size, from.length * 2));
  into.set(from);
  return into;
}
