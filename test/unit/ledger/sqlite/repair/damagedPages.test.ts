import { readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { PAGE_BYTES, Pages } from '../../../../../src/ledger/sqlite/repair/pages.ts';
import type { DamagedRow } from '../../../../../src/ledger/sqlite/repair/rescue.ts';
import { runs } from '../../../../long.ts';
import { call } from '../../../../contract/usages.ts';
import { scratch } from '../scratch.ts';

/** A damaged byte costs the rows that it is part of, and no other. */

const place = scratch();
const NONE: ReadonlySet<number> = new Set();
const TABLE_LEAF = 0x0d;
let sound: Buffer;
/** The page with the rows, and the one with their ids. */
let leaf: number;
let index: number;

async function rowsIn(bytes: Buffer): Promise<DamagedRow[]> {
  writeFileSync(place.path, bytes);
  const pages = new Pages(place.path);
  const rows: DamagedRow[] = [];
  try {
    for await (const some of pages.rows(NONE)) rows.push(...some);
    return rows;
  } finally {
    pages.close();
  }
}
async function indexedIn(bytes: Buffer): Promise<string[]> {
  writeFileSync(place.path, bytes);
  const pages = new Pages(place.path);
  const ids: string[] = [];
  try {
    for await (const some of pages.indexed(NONE)) ids.push(...some.map(({ usage_id }) => usage_id));
    return ids;
  } finally {
    pages.close();
  }
}
const changed = (at: number, value: number): Buffer => {
  const bytes = Buffer.from(sound);
  bytes[at] = value;
  return bytes;
};
/** Where the cell of a row begins: the cells point into the page. */
const cellAt = (page: number, i: number): number => page + sound.readUInt16BE(page + 8 + 2 * i);
const numbers = (rows: readonly DamagedRow[]): unknown[] => rows.flatMap(({ seq }) => (seq === 0 ? [] : [seq]));

beforeEach(async () => {
  await place.tracker().trackAll(['id-1', 'id-2', 'id-3', 'id-4'].map((id) => call(id)));
  await place.close();
  sound = readFileSync(place.path);
  const pageOf = (text: string): number => {
    const at = sound.indexOf(text);
    return at - (at % PAGE_BYTES);
  };
  leaf = pageOf('"usage_id":"id-3"');
  index = Array.from({ length: sound.length / PAGE_BYTES }, (_, i) => i * PAGE_BYTES).find(
    (at) => sound[at] === 0x0a && sound.subarray(at, at + PAGE_BYTES).includes('id-3'),
  )!;
});

describe('a damaged byte', () => {
  it('costs at most the row that it is part of', async () => {
    expect(sound[leaf]).toBe(TABLE_LEAF);
    const starts = [0, 1, 2, 3].map((i) => cellAt(leaf, i));
    // The last row stands first.
    const ends = [leaf + PAGE_BYTES, ...starts.slice(0, 3)];
    const whole = new Map((await rowsIn(sound)).filter(({ seq }) => seq !== 0).map((row) => [row.seq, row]));
    expect([...whole.keys()]).toEqual([1, 2, 3, 4]);
    let state = 7;
    for (let i = 0; i < runs(150, 2_000); i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      const row = i % 4;
      const at = starts[row]! + (state % (ends[row]! - starts[row]!));
      const found = await rowsIn(changed(at, sound[at]! ^ (1 << ((state >>> 24) % 8))));
      const rest = [1, 2, 3, 4].filter((seq) => seq !== row + 1);
      const sames = found.filter((each) => rest.includes(Number(each.seq)) && each.text === whole.get(each.seq)?.text);
      expect(numbers(sames)).toEqual(rest);
    }
  });

  it('in a pointer costs its row, whose text is found by itself', async () => {
    for (const value of [0, 0x0f, 0xff]) {
      const found = await rowsIn(changed(leaf + 8 + 2, value));
      expect(numbers(found).filter((seq) => seq !== 2)).toEqual([1, 3, 4]);
      expect(found.map(({ text }) => (JSON.parse(String(text)) as { usage_id: string }).usage_id)).toContain('id-2');
    }
  });

  it('in the number of cells costs no other', async () => {
    expect(numbers(await rowsIn(changed(leaf + 4, 2)))).toEqual([1, 2]);
    expect(numbers(await rowsIn(changed(leaf + 3, 0xff))).slice(0, 4)).toEqual([1, 2, 3, 4]);
  });

  it('in the type of a page leaves the page to others', async () => {
    for (const type of [0x00, 0x02, 0x05, 0x0a]) expect(numbers(await rowsIn(changed(leaf, type)))).toEqual([]);
  });

  it('in the head of a row leaves its text', async () => {
    // The size of the payload, the number, the size of the head, the types of its columns.
    const cell = cellAt(leaf, 1);
    for (let i = 0; i < 8; i++) {
      const found = await rowsIn(changed(cell + i, 0x7f));
      const texts = found.map(({ text }) => String(text)).filter((text) => text.includes('"usage_id":"id-2"'));
      expect(texts.length).toBeGreaterThan(0);
      expect(numbers(found)).toEqual(expect.arrayContaining([1, 3, 4]));
    }
  });

  it('of the index costs the entry that it is part of', async () => {
    expect((await indexedIn(sound)).toSorted()).toEqual(['id-1', 'id-2', 'id-3', 'id-4']);
    const entry = sound.indexOf('id-3', index);
    const rest = (ids: readonly string[]): string[] => ids.filter((id) => id !== 'id-3').toSorted();
    for (let at = entry - 4; at < entry + 5; at++) {
      for (const value of [0, 0x7f, 0xff]) {
        expect(rest(await indexedIn(changed(at, value))).filter((id) => /^id-\d$/.test(id))).toEqual([
          'id-1',
          'id-2',
          'id-4',
        ]);
      }
    }
    // Its size, the size of its head and the types of its two columns come before the id.
    for (let at = entry - 4; at < entry - 1; at++) {
      expect(await indexedIn(changed(at, sound[at]! + 1))).not.toContain('id-3');
    }
  });
});
