import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { quiesce, setAsideAbandoned, writersInFlight } from '../../../../../src/ledger/json/commit/inFlight.ts';
import { placeOf, type Place } from '../../../../../src/ledger/place.ts';
import type { Disk } from '../../../../../src/system/disk.ts';
import { nodeDisk } from '../../../../../src/system/nodeDisk.ts';
import { sideFileName } from '../../../../../src/system/sideFiles.ts';
import { fastFolder } from '../../../../fixtures/fastFolder.mts';
import { failure } from '../../faults/faultDisk.ts';
import { sideFileOfDead } from '../../faults/world.ts';

/** Which writers a commit waits for, how long, and which of their files it takes for abandoned. */

const FOREIGN = '.tmp_costs_ab.json';

let folder: string;
let place: Place;
beforeEach(() => {
  folder = mkdtempSync(join(fastFolder(), 'llm-spend-flight-'));
  place = placeOf(folder, 'costs.json');
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const put = (name: string, secondsAgo = 0, text = '[1]'): void => {
  writeFileSync(join(folder, name), text);
  const then = Date.now() / 1000 - secondsAgo;
  utimesSync(join(folder, name), then, then);
};
const failing = (code: string) => () => Promise.reject(failure(code));
const names = (): string[] => readdirSync(folder).toSorted();

describe('the writers in flight', () => {
  const found = async (disk: Disk = nodeDisk): Promise<string[][]> => {
    const { foreign, tokens } = await writersInFlight(disk, place);
    return [[...foreign].toSorted(), [...tokens].toSorted()];
  };

  it('are those with a temporary file of the last hour or a token, unless they are dead', async () => {
    const [own, unknown] = [sideFileName('costs.json', 'tok'), '.costs.json.4194305-1-abc-1-00.tok'];
    for (const name of [own, unknown, sideFileOfDead('aa', 'tok')]) put(name);
    // No tokens of this ledger.
    for (const name of [sideFileName('costs.json', 'journal'), sideFileName('costs.json', 'tmp')]) put(name);
    put(sideFileName('other.json', 'tok'));
    put(FOREIGN);
    put('.tmp_costs_late.json', 3_590);
    put('.tmp_costs_forgotten.json', 3_610);
    put('costs.json');
    expect(await found()).toEqual([[FOREIGN, '.tmp_costs_late.json'].toSorted(), [own, unknown].toSorted()]);
  });

  it('are none in a folder without such files', async () => {
    put('costs.json');
    expect(await found()).toEqual([[], []]);
  });

  it('are not those whose file goes while one looks', async () => {
    put(FOREIGN);
    expect(await found({ ...nodeDisk, stat: failing('ENOENT') })).toEqual([[], []]);
    await expect(found({ ...nodeDisk, stat: failing('EIO') })).rejects.toThrow('EIO');
  });
});

describe('a commit waits for a quiet moment', () => {
  let clock: number;
  let looks: number;
  let disk: Disk;
  beforeEach(() => {
    clock = 5_000;
    looks = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => clock);
    disk = {
      ...nodeDisk,
      readdir(path) {
        looks++;
        clock += 50;
        return nodeDisk.readdir(path);
      },
    };
  });

  it('not at all beside files of ours, and beside one that no longer changes', async () => {
    put('costs.json');
    put(sideFileName('costs.json', 'tok'));
    put(FOREIGN, 6);
    await quiesce(disk, folder);
    expect(looks).toBe(1);
  });

  it('for 300 ms at most', async () => {
    put(FOREIGN, 4);
    await quiesce(disk, folder);
    expect(looks).toBe(6);
  });

  it('until all others have saved', async () => {
    put(FOREIGN);
    put('.tmp_costs_old.json', 100);
    const readdir = async (path: string): Promise<string[]> => {
      const found = await disk.readdir(path);
      if (looks === 3) renameSync(join(folder, FOREIGN), place.path);
      return found;
    };
    await quiesce({ ...disk, readdir }, folder);
    // The third look listed the file that was gone a moment later.
    expect(looks).toBe(3);
  });
});

describe('a temporary file of another program', () => {
  const setAside = (disk: Disk = nodeDisk): Promise<void> => setAsideAbandoned(disk, place, readdirSync(folder));
  const aside = (): string[] => names().filter((name) => name.startsWith('costs.json.corrupt.'));

  it('is set aside once nobody has had it open for ten seconds, with its bytes', async () => {
    put(FOREIGN, 9);
    await setAside();
    expect(names()).toEqual([FOREIGN]);
    put(FOREIGN, 11, '[2, ');
    await setAside();
    expect(names()).toEqual(aside());
    expect(readFileSync(join(folder, aside()[0]!), 'utf8')).toBe('[2, ');
  });

  it('that is dated in the future is as old as it is ahead', async () => {
    put(FOREIGN, -30);
    await setAside();
    expect(aside()).toHaveLength(1);
  });

  it('goes when it is empty', async () => {
    put(FOREIGN, 11, '');
    await setAside();
    expect(names()).toEqual([]);
  });

  it('is the only kind of file that is set aside', async () => {
    const others = ['costs.json', '.tmp_costs_ab.txt', '.tmp_other_ab.json', sideFileOfDead('aa', 'tmp')];
    for (const name of others) put(name, 700);
    await setAside();
    expect(names()).toEqual(others.toSorted());
  });

  it.runIf(process.platform === 'linux').each([
    ['it', FOREIGN, false],
    ['the ledger', 'costs.json', false],
    ['the ledger that it read, which was replaced since', 'costs.json', true],
  ])('stays as long as a process has %s open', async (_, open, replaced) => {
    put('costs.json');
    put(FOREIGN, 700);
    const fd = openSync(join(folder, open), 'r');
    try {
      if (replaced) {
        put('new');
        renameSync(join(folder, 'new'), place.path);
      }
      await setAside();
      expect(names()).toEqual([FOREIGN, 'costs.json']);
    } finally {
      closeSync(fd);
    }
    await setAside();
    expect(names()).toEqual(['costs.json', ...aside()]);
  });

  it('is set aside after a minute where the system does not say who has it open', async () => {
    const real = process.platform;
    Object.defineProperty(process, 'platform', { value: 'darwin' });
    try {
      put(FOREIGN, 58);
      await setAside();
      expect(aside()).toEqual([]);
      put(FOREIGN, 62);
      await setAside();
      expect(aside()).toHaveLength(1);
    } finally {
      Object.defineProperty(process, 'platform', { value: real });
    }
  });

  it.each(['ENOENT', 'EPERM', 'EACCES', 'EBUSY'])('whose move fails with %s does not keep the others', async (code) => {
    put(FOREIGN, 11);
    put('.tmp_costs_zz.json', 11);
    const rename: Disk['rename'] = (from, to) => (from.endsWith(FOREIGN) ? failing(code)() : nodeDisk.rename(from, to));
    await setAside({ ...nodeDisk, rename });
    expect(names()).toEqual([FOREIGN, ...aside()]);
    expect(aside()).toHaveLength(1);
  });

  it('whose move fails otherwise ends the commit', async () => {
    put(FOREIGN, 11);
    await expect(setAside({ ...nodeDisk, rename: failing('EIO') })).rejects.toMatchObject({ code: 'EIO' });
    const withoutCode = () => Promise.reject(new Error('no code'));
    await expect(setAside({ ...nodeDisk, rename: withoutCode })).rejects.toThrow('no code');
  });
});
