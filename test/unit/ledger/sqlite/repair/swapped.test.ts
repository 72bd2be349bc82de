import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Disk } from '../../../../../src/system/disk.ts';
import { nodeDisk } from '../../../../../src/system/nodeDisk.ts';
import { scratch } from '../scratch.ts';

/** Others write at the very moment in which a repaired database takes the place of the damaged one. */

const place = scratch();
const { record, ids } = place;
const at = (name: string): string => join(place.folder, name);

/** A sound database, and the same one with its header overwritten. */
async function damaged(...names: string[]): Promise<{ sound: Buffer; broken: Buffer }> {
  await record(...names);
  rmSync(at('costs.db.prev'), { force: true });
  const sound = readFileSync(place.path);
  const broken = Buffer.from(sound);
  broken.fill(0xa5, 0, 100);
  return { sound, broken };
}

/** A disk on which something happens before the damaged file is renamed. */
function beforeTheSwap(meanwhile: () => void): Disk {
  let done = false;
  const rename = async (from: string, to: string): Promise<void> => {
    if (from === place.path && !done) {
      done = true;
      meanwhile();
    }
    await nodeDisk.rename(from, to);
  };
  return { ...nodeDisk, rename };
}

describe('a repair', () => {
  it('leaves the database of another that was repaired in the meantime', async () => {
    const { sound } = await damaged('a', 'b', 'c');
    const { broken } = await damaged('d');
    writeFileSync(place.path, broken);
    const disk = beforeTheSwap(() => {
      rmSync(place.path);
      writeFileSync(place.path, sound);
    });
    const { keptIn } = await place.tracker({ disk }).repair();
    expect(keptIn).toBeUndefined();
    expect(place.files('.corrupt.')).toEqual([]);
    expect(await ids()).toEqual(['a', 'b', 'c']);
  });

  it('takes in what was written since by a process that still had the file open', async () => {
    const { broken } = await damaged('a');
    await record('b');
    const later = readFileSync(place.path);
    later.fill(0xa5, 0, 100);
    writeFileSync(place.path, broken);
    const disk = beforeTheSwap(() => writeFileSync(place.path, later));
    const { keptIn } = await place.tracker({ disk }).repair();
    expect(basename(keptIn!)).toMatch(/^costs\.db\.corrupt\./);
    expect(readFileSync(keptIn!)).toEqual(later);
    expect(await ids()).toEqual(['a', 'b']);
  });

  it('adds its records to a database that a new record made in the meantime', async () => {
    const { sound, broken } = await damaged('a', 'b');
    rmSync(place.path);
    rmSync(at('costs.db.prev'), { force: true });
    await record('new');
    rmSync(at('costs.db.prev'), { force: true });
    const other = readFileSync(place.path);
    expect(sound.length).toBeGreaterThan(0);
    writeFileSync(place.path, broken);
    const link = async (from: string, to: string): Promise<void> => {
      if (to === place.path) writeFileSync(place.path, other);
      await nodeDisk.link(from, to);
    };
    await place.tracker({ disk: { ...nodeDisk, link } }).repair();
    expect(await ids()).toEqual(['new', 'a', 'b']);
  });

  it('that cannot put the new database in its place keeps the old one', async () => {
    const { broken } = await damaged('a', 'b');
    writeFileSync(place.path, broken);
    const link = (from: string, to: string): Promise<void> =>
      to === place.path
        ? Promise.reject(Object.assign(new Error('the disk failed'), { code: 'EIO' }))
        : nodeDisk.link(from, to);
    await expect(place.tracker({ disk: { ...nodeDisk, link } }).repair()).rejects.toMatchObject({
      message: `${place.path}: the disk failed`,
    });
    const [kept, ...others] = place.files('.corrupt.');
    expect(others).toEqual([]);
    expect(readFileSync(at(kept!))).toEqual(broken);
    expect(place.files('.lock')).toEqual([]);
    // The next record reads the database that was kept.
    await record('c');
    expect(await ids()).toEqual(['a', 'b', 'c']);
  });
});
