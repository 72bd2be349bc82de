import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refuseForeignFile } from '../../../../src/ledger/foreignFile.ts';
import { placeOf } from '../../../../src/ledger/place.ts';
import type { Disk } from '../../../../src/system/disk.ts';
import { nodeDisk } from '../../../../src/system/nodeDisk.ts';

/** Telling a ledger from another program's file: of large files, other encodings, and by the files beside it. */

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-telling-'));
  file = join(folder, 'costs.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Whether the file with this content is refused. */
async function isRefused(content: string | Buffer, disk: Disk = nodeDisk): Promise<boolean> {
  writeFileSync(file, content);
  try {
    await refuseForeignFile(disk, placeOf(folder, 'costs.json'));
    return false;
  } catch (error) {
    expect(error).toMatchObject({
      code: 'unsupported',
      message:
        `${file} is not a ledger: it contains no records. It was not changed. Name another file, or, to turn this one into a ` +
        'ledger, run llm-spend repair --ledger on it (its content is kept in a file beside it).',
    });
    return true;
  }
}

const CHUNK = 64 * 1024;
const RECORD = '{"usage_id":"a","provider":"p","model":"m","operation":"o"}';

describe('a record is found', () => {
  it.each([
    ['by its id alone', '{"usage_id":"a"}'],
    ['by its provider, model and operation', '{"provider":"p","model":"m","operation":"o"}'],
    ['with blanks around the colon', '[{"usage_id" \n:\t"a"'],
    ['in lines of their own', '{"usage_id":"a"}\n{"usage_id":"b"}\n'],
    ['by its names in lines of their own', '{"provider":"p","model":"m","operation":"o"}\n{"provider":"q"}\n'],
    ['by its other names where one is damaged', '{"provider":"p","mo?el":"m","operation":"o","cost_usd":1}\n7'],
    ['by its names in UTF-16', Buffer.from('x{"provider":"p","model":"m","operation":"o"}', 'utf16le')],
    ['behind a byte order mark', `\uFEFF[${RECORD}]`],
    ['alone behind a byte order mark', '\uFEFF{"usage_id":"a"}'],
    ['in UTF-16', Buffer.from(`[${RECORD}]`, 'utf16le')],
    ['in nested arrays', '[[],[[{"provider":"p","model":"m","operation":"o"}]]]'],
    ['in an object of an array', '[{"rows":[{"provider":"p","model":"m","operation":"o"}]}]'],
    ['among values that are none', '[null,7,"x",{"provider":"p","model":"m","operation":"o"}]'],
    ['though it is cut off in its provider', '[{"provider":"p'],
    ['before much else', `[${RECORD},{"x":"${'x'.repeat(3 * CHUNK)}"}]`],
    ['by its provider, before much else', `[{"provider":"p","model":"m","operation":"o"},"${'x'.repeat(3 * CHUNK)}"]`],
  ])('%s', async (_, content) => {
    expect(await isRefused(content)).toBe(false);
  });

  it('wherever its key lies in a large file', async () => {
    for (const key of ['"usage_id":"a"', '"provider":"p"', '"provider"'])
      for (let shift = 0; shift <= key.length; shift++) {
        const text = `[{"x":"${'x'.repeat(CHUNK - 8 - shift)}",${key}`;
        expect([key, shift, await isRefused(text)]).toEqual([key, shift, false]);
        // The second boundary is that of a chunk behind what was kept of the first.
        const further = `[{"x":"${'x'.repeat(2 * CHUNK - 8 - shift)}",${key}`;
        expect([key, shift, await isRefused(further)]).toEqual([key, shift, false]);
      }
  });

  it('in UTF-16 at the boundary of a chunk', async () => {
    for (let shift = 0; shift <= 24; shift++) {
      const text = Buffer.from(`[{"x":"${'x'.repeat(CHUNK / 2 - 8 - shift)}","usage_id":"a"`, 'utf16le');
      expect([shift, await isRefused(text)]).toEqual([shift, false]);
    }
  });

  it('by the keys alone in an object that is too large to be parsed', async () => {
    const schema = `{"properties":{"usage_id":{"type":"string"}},"x":"`;
    const large: Disk = {
      ...nodeDisk,
      fstat: async (fd) => Object.assign(await nodeDisk.fstat(fd), { size: 16n * 2n ** 20n + 1n }),
    };
    expect(await isRefused(`${schema}"}`)).toBe(true);
    expect(await isRefused(`${schema}"}`, large)).toBe(false);
  });
});

describe('another file is refused', () => {
  it.each([
    ['with an id that is a number', '[{"usage_id":7,"a":1}]'],
    ['an object with a key of ours', '{"usage_id":7}'],
    ['an object in which one has an id', '{"rows":[{"usage_id":"a"}]}'],
    ['the same behind a byte order mark', '\uFEFF{"rows":[{"usage_id":"a"}]}'],
    ['values that are none', '[null,{"provider":null},"usage_id"]'],
    ['a record without its operation', '[{"provider":"p","model":"m"}]'],
    ['a record without its model', '{"provider":"p","operation":"o"}'],
    ['a name that is no text', '[{"provider":"p","model":7,"operation":"o"}]'],
    ['an array of nothing but blanks and other values', ' [ null ]'],
    ['an array that was closed', '[{}]x'],
    ['lines that name a provider', '{"provider":"p"}\n{"provider":"q"}\n'],
    ['lines that name a provider and a model', '{"provider":"p","model":"m"}\n{"provider":"q","model":"n"}\n'],
    ['an array whose first object names a provider, cut off later', '[{"provider":"p"},{"provider":"q'],
    ['an object that names a provider, cut off', '{"provider":"p'],
    ['an array of a whole object without our keys, cut off later', '[{"a":1},{"b":'],
    ['blanks and then text', ' \n\t\0text'],
    ['a name without quotes', '[{usage_id: 1}'],
  ])('%s', async (_, content) => {
    expect(await isRefused(content)).toBe(true);
  });

  it.each([
    ['is cut off within 16 KB', 16 * 1024, false],
    ['is longer, so that a record would have shown', 16 * 1024 + 1, true],
  ])('an array that %s', async (_, length, refused) => {
    const start = '[{"x":"';
    expect(await isRefused(start + 'x'.repeat(length - start.length))).toBe(refused);
  });

  it.each([
    ['costs.json.prev', false],
    ['costs.json.bak', false],
    ['costs.json.undo', false],
    ['costs.json.corrupt.1700000000', false],
    ['costs.json.lock', true],
    ['other.json.prev', true],
    ['other.json.corrupt.1', true],
    ['costs.json.corruptions', true],
  ])('unless a file beside it shows that it was a ledger: %s', async (name, refused) => {
    writeFileSync(join(folder, name), '');
    expect(await isRefused('{"name":"x"}')).toBe(refused);
  });

  it('is missing, and then nothing is refused', async () => {
    await refuseForeignFile(nodeDisk, placeOf(folder, 'costs.json'));
    await refuseForeignFile(nodeDisk, placeOf(join(folder, 'none'), 'costs.json'));
    expect(readdirSync(folder)).toEqual([]);
  });
});

it('a database is not told by its text, whose pages may hold anything', async () => {
  const database = join(folder, 'costs.db');
  writeFileSync(database, 'SQLite format 3\0 {"provider":"p"}');
  await refuseForeignFile(nodeDisk, placeOf(folder, 'costs.db'));
  writeFileSync(database, 'SQLite format 3\0 {"name":"p"}');
  await expect(refuseForeignFile(nodeDisk, placeOf(folder, 'costs.db'))).rejects.toMatchObject({ code: 'unsupported' });
});

describe('a file that cannot be read', () => {
  const failing = (code: string) => Promise.reject(Object.assign(new Error(code), { code }));

  it('fails as the system says it, and stays as it is', async () => {
    const closed: number[] = [];
    const close = async (fd: number): Promise<void> => {
      closed.push(fd);
      await nodeDisk.close(fd);
    };
    writeFileSync(file, 'x');
    const refuse = (disk: Partial<Disk>): Promise<void> =>
      refuseForeignFile({ ...nodeDisk, close, ...disk }, placeOf(folder, 'costs.json'));
    await expect(refuse({ open: () => failing('EACCES') })).rejects.toMatchObject({ code: 'EACCES' });
    expect(closed).toEqual([]);
    await expect(refuse({ read: () => failing('EIO') })).rejects.toMatchObject({ code: 'EIO' });
    expect(closed).toHaveLength(1);
    expect(readFileSync(file, 'utf8')).toBe('x');
  });
});
