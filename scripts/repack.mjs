/**
 * Compresses each file of a zip archive again with Zopfli, which finds about 4 % more than zlib at its best: as much as five hundred texts
 * in all languages. Any program that reads zip archives reads the result.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRawSync } from 'node:zlib';
import zopfli from '@gfx/zopfli';

/** @type {(input: Uint8Array, options: object) => Promise<Uint8Array>} */
const deflate = promisify(zopfli.deflate);

const LOCAL = { signature: 0x04034b50, size: 30 };
const CENTRAL = { signature: 0x02014b50, size: 46 };
const END = { signature: 0x06054b50, size: 22 };
const DEFLATED = 8;
/** The sizes follow the data. We know them before. */
const DESCRIPTOR = 0x8;

/** @param {string} file an archive of less than 4 GB, which is replaced */
export async function repackZip(file) {
  const zip = await readFile(file);
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0 || zip.readUInt32LE(end) !== END.signature) throw new Error(`${file} is not a zip archive`);
  const count = zip.readUInt16LE(end + 10);
  /** @type {Buffer[]} */
  const contents = [];
  /** @type {Buffer[]} */
  const directory = [];
  let offset = 0;
  let at = zip.readUInt32LE(end + 16);
  for (let n = 0; n < count; n++) {
    const header = Buffer.from(zip.subarray(at, at + centralSize(zip, at)));
    if (header.readUInt32LE(0) !== CENTRAL.signature) throw new Error(`${file} has a damaged directory`);
    at += header.length;
    const { method, data } = await smallest(zip, header);
    header.writeUInt16LE(header.readUInt16LE(8) & ~DESCRIPTOR, 8);
    header.writeUInt16LE(method, 10);
    header.writeUInt32LE(data.length, 20);
    header.writeUInt32LE(offset, 42);
    const local = localHeader(header);
    contents.push(local, data);
    directory.push(header);
    offset += local.length + data.length;
  }
  const last = Buffer.from(zip.subarray(end));
  last.writeUInt32LE(Buffer.concat(directory).length, 12);
  last.writeUInt32LE(offset, 16);
  await writeFile(file, Buffer.concat([...contents, ...directory, last]));
}

/** @param {Buffer} zip @param {number} at */
function centralSize(zip, at) {
  return CENTRAL.size + zip.readUInt16LE(at + 28) + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
}

/** The data of a file, in the shortest of the forms. @param {Buffer} zip @param {Buffer} header */
async function smallest(zip, header) {
  const method = header.readUInt16LE(10);
  const local = header.readUInt32LE(42);
  const start = local + LOCAL.size + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const data = zip.subarray(start, start + header.readUInt32LE(20));
  if (method !== DEFLATED) return { method, data };
  const plain = inflateRawSync(data);
  const again = Buffer.from(await deflate(plain, { numiterations: 15, blocksplittingmax: 0 }));
  const shorter = again.length < data.length ? again : data;
  return plain.length <= shorter.length ? { method: 0, data: plain } : { method, data: shorter };
}

/** What stands before the data, from what the directory says. @param {Buffer} header */
function localHeader(header) {
  const name = header.subarray(CENTRAL.size, CENTRAL.size + header.readUInt16LE(28));
  const local = Buffer.alloc(LOCAL.size);
  local.writeUInt32LE(LOCAL.signature, 0);
  // From the version to the length of the name.
  header.copy(local, 4, 6, 30);
  return Buffer.concat([local, name]);
}
