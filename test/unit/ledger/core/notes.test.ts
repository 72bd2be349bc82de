import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { AdditionNotes } from '../../../../src/ledger/undo/additionNotes.ts';
import type { Disk } from '../../../../src/system/disk.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';
import { ownState } from './ownState.ts';

/** The notes of additions, one by one. */

const state = ownState();
let folder: string;
let notes: AdditionNotes;
beforeEach(() => {
  folder = state.notes;
  notes = new AdditionNotes('costs.json', nodeDisk);
});

const AT = '2026-11-01T12:34:56.789Z';
const day = (n: number): string => `2026-11-0${n}T00:00:00.000Z`;
const days = (): string =>
  readdirSync(folder)
    .map((name) => name[7])
    .join('');
const write = (n: number, note: unknown): void => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `2026110${n}000000000-0123456789ab.json`), JSON.stringify(note));
};

describe('a note', () => {
  it('is a file of the time, for this user alone, with the ledger and the ids', async () => {
    const note = await notes.add({ at: AT, ids: ['a', 'b'] });
    const [name, ...others] = readdirSync(folder);
    expect(others).toEqual([]);
    expect(name).toMatch(/^20261101123456789-[0-9a-f]{12}\.json$/);
    const file = join(folder, name!);
    expect(note).toEqual({ at: AT, ids: ['a', 'b'], file });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ ledger: 'costs.json', at: AT, ids: ['a', 'b'] });
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await notes.last()).toEqual({ ...note, op: undefined, updated: undefined });
    await notes.drop(note!);
    await notes.drop(note!);
    expect(await notes.last()).toBeUndefined();
  });

  it('says what an import did', async () => {
    const note = await notes.add({ at: AT, ids: ['a'], op: 'import', updated: 3 });
    expect(await notes.last()).toEqual({ at: AT, ids: ['a'], op: 'import', updated: 3, file: note!.file });
  });

  it('is not made of nothing, nor of more ids than could be read quickly', async () => {
    expect(await notes.add({ at: AT, ids: [] })).toBeUndefined();
    const many = Array.from({ length: 2_000_001 }, () => 'a');
    expect(await notes.add({ at: AT, ids: many })).toBeUndefined();
    expect(readdirSync(state.folder)).toEqual([]);
    many.pop();
    expect(await notes.add({ at: AT, ids: many })).toMatchObject({ at: AT });
  });

  it('is not made where the disk fails, which leaves no descriptor open', async () => {
    let open = 0;
    const disk: Disk = {
      ...nodeDisk,
      open: async (...args) => {
        open++;
        return nodeDisk.open(...args);
      },
      write: () => Promise.reject(new Error('the disk is full')),
      close: async (fd) => {
        open--;
        await nodeDisk.close(fd);
      },
    };
    expect(await new AdditionNotes('costs.json', disk).add({ at: AT, ids: ['a'] })).toBeUndefined();
    expect(open).toBe(0);
  });
});

describe('the last note', () => {
  it('is the newest one of this ledger that can be read', async () => {
    write(1, { ledger: 'costs.json', at: day(1), ids: ['a'] });
    write(2, { ledger: 'costs.json', at: day(2), ids: ['b'] });
    write(3, { ledger: 'other.json', at: day(3), ids: ['c'] });
    write(4, { ledger: 'costs.json', at: 4, ids: ['d'] });
    write(5, { ledger: 'costs.json', at: day(5), ids: 'e' });
    write(6, { ledger: 'costs.json', ids: ['f'] });
    write(7, null);
    for (const name of ['2026110800000000-0123456789ab.json', '20261108000000000-0123456789ab.json.tmp', 'x.json']) {
      writeFileSync(join(folder, name), JSON.stringify({ ledger: 'costs.json', at: day(8), ids: ['g'] }));
    }
    expect(await notes.last()).toMatchObject({ at: day(2), ids: ['b'] });
    expect(await new AdditionNotes('other.json', nodeDisk).last()).toMatchObject({ ids: ['c'] });
    expect(await new AdditionNotes('third.json', nodeDisk).last()).toBeUndefined();
  });

  it('is that of the import at a time, if one is asked for', async () => {
    write(1, { ledger: 'costs.json', at: day(1), ids: ['a'], op: 'import' });
    write(2, { ledger: 'costs.json', at: day(2), ids: ['b'] });
    write(3, { ledger: 'costs.json', at: day(3), ids: ['c'], op: 'import' });
    write(4, { ledger: 'other.json', at: day(4), ids: ['d'], op: 'import' });
    expect(await notes.last(day(1))).toMatchObject({ ids: ['a'] });
    expect(await notes.last(day(2))).toBeUndefined();
    expect(await notes.last(day(3))).toMatchObject({ ids: ['c'] });
    expect(await notes.last(day(4))).toBeUndefined();
    expect(await notes.last(day(5))).toBeUndefined();
    // Two of one millisecond differ in their ledger.
    writeFileSync(
      join(folder, '20261104000000000-0000000000ab.json'),
      JSON.stringify({ ledger: 'costs.json', at: day(4), ids: ['e'], op: 'import' }),
    );
    expect(await notes.last(day(4))).toMatchObject({ ids: ['e'] });
  });

  it('is the one before a note that another process drops at this moment', async () => {
    write(1, { ledger: 'costs.json', at: day(1), ids: ['a'] });
    write(2, { ledger: 'costs.json', at: day(2), ids: ['b'] });
    const disk: Disk = {
      ...nodeDisk,
      async readdir(path) {
        const names = await nodeDisk.readdir(path);
        rmSync(join(folder, '20261102000000000-0123456789ab.json'));
        return names;
      },
    };
    expect(await new AdditionNotes('costs.json', disk).last()).toMatchObject({ ids: ['a'] });
  });

  it('is none where there is no folder', async () => {
    expect(await notes.last()).toBeUndefined();
    expect(await notes.last(day(1))).toBeUndefined();
  });
});

describe('old notes', () => {
  const MANY = Array.from({ length: 10_000 }, (_, i) => `${i}`);
  const large = (n: number, size: number): void => {
    write(n, {});
    truncateSync(
      join(
        folder,
        readdirSync(folder).find((name) => name[7] === `${n}`)!,
      ),
      size,
    );
  };

  it.each([
    ['64 MB, which just fit', 0, '123'],
    ['a byte more', 1, '23'],
  ])('go with a large one once those before it have %s', async (_, more, left) => {
    large(1, 32 * 2 ** 20 + more);
    large(2, 32 * 2 ** 20);
    await notes.add({ at: day(3), ids: MANY });
    expect(days()).toBe(left);
  });

  it('stay with a smaller one, whatever their size', async () => {
    large(1, 65 * 2 ** 20);
    await notes.add({ at: day(2), ids: MANY.slice(1) });
    expect(days()).toBe('12');
  });

  it('go with a large one when there are more than a hundred, the oldest first', async () => {
    for (let i = 0; i < 100; i++) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `2026010100000${String(i).padStart(4, '0')}-0123456789ab.json`), '{}');
    }
    writeFileSync(join(folder, 'notes.txt'), 'of somebody else');
    await notes.add({ at: day(1), ids: MANY });
    const names = readdirSync(folder);
    expect(names).toHaveLength(101);
    expect(names[0]).toMatch(/^20260101000000001/);
    expect(names).toContain('notes.txt');
  });
});
