import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  corruptName,
  isCorruptName,
  isForeignTemporary,
  parseSideFile,
  sideFileName,
} from '../../../src/system/sideFiles.ts';
import { liveness, ownerText, parseOwner, thisOwner } from '../../../src/system/owner.ts';
import { defaultLedgerPath, inkwellDefaultPath, resolveLedgerPath } from '../../../src/system/paths.ts';

describe('names beside a ledger', () => {
  it.each(['tok', 'journal', 'tmp'] as const)('tell kind and owner of a %s', (kind) => {
    const name = sideFileName('costs.json', kind);
    expect(parseSideFile(name, 'costs.json')).toEqual({ name, kind, owner: thisOwner() });
    expect(parseSideFile(name, 'other.json')).toBeUndefined();
    expect(sideFileName('costs.json', kind)).not.toBe(name);
  });

  it.each([
    '',
    'costs.json',
    '.costs.json.x.tok',
    '.costs.json.1-2-3-4.tok',
    '.costs.json.1-2-zz-4-00.tok',
    '.costs.json.1-2-3-4-00.txt',
  ])('pass over %j', (name) => expect(parseSideFile(name, 'costs.json')).toBeUndefined());

  it('know inkwell by its temporary files, and what was kept aside', () => {
    expect(isForeignTemporary('.tmp_costs_ab_12.json')).toBe(true);
    expect(isForeignTemporary('tmp_costs_ab.json')).toBe(false);
    expect(isCorruptName('costs.json.corrupt.1700000000', 'costs.json')).toBe(true);
    expect(isCorruptName(corruptName('costs.json', 5), 'costs.json')).toBe(true);
  });
});

describe('owners', () => {
  it('survive being written into a name', () => expect(parseOwner(ownerText(thisOwner()))).toEqual(thisOwner()));
  it('of this process are alive', () => expect(liveness(thisOwner())).toBe('alive'));
  it('whose number no process has are dead', () => {
    expect(liveness({ ...thisOwner(), pid: 999_999_999 })).toBe('dead');
  });
  it('are dead when the number has gone to a later process', () => {
    expect(liveness({ ...thisOwner(), start: '1' })).toBe('dead');
  });
  it('of another boot or container are unknown', () => {
    expect(liveness({ ...thisOwner(), boot: 'abcdef012345' })).toBe('unknown');
    expect(liveness({ ...thisOwner(), namespace: '1' })).toBe('unknown');
  });
});

describe('paths', () => {
  const home = join('/', 'home', 'ada');
  const on = (platform: NodeJS.Platform, env: Record<string, string> = {}) => ({ platform, env, home });

  it('follow each system', () => {
    expect(defaultLedgerPath(on('linux'))).toBe(join(home, '.config/llm-spend/costs.json'));
    expect(defaultLedgerPath(on('linux', { XDG_CONFIG_HOME: '/x' }))).toBe(join('/x/llm-spend/costs.json'));
    expect(defaultLedgerPath(on('linux', { XDG_CONFIG_HOME: 'relative' }))).toBe(
      join(home, '.config/llm-spend/costs.json'),
    );
    expect(defaultLedgerPath(on('darwin'))).toBe(join(home, 'Library/Application Support/llm-spend/costs.json'));
    expect(defaultLedgerPath(on('win32', { LOCALAPPDATA: '/l' }))).toBe(join('/l/llm-spend/costs.json'));
    expect(defaultLedgerPath(on('win32'))).toBe(join(home, 'AppData/Local/llm-spend/costs.json'));
  });

  it("find inkwell's own", () => {
    expect(inkwellDefaultPath(on('linux'))).toBe(join(home, '.config/inkwell/costs.json'));
    expect(inkwellDefaultPath(on('darwin'))).toBe(join(home, 'Library/Application Support/inkwell/costs.json'));
    expect(inkwellDefaultPath(on('darwin', { XDG_CONFIG_HOME: '/x' }))).toBe(join('/x/inkwell/costs.json'));
    expect(inkwellDefaultPath(on('win32', { LOCALAPPDATA: '/l' }))).toBe(join('/l/inkwell/costs.json'));
  });

  it('take the flag before the environment before the setting, and pass over blanks', () => {
    const both = on('linux', { LLM_SPEND_LEDGER: '/env.json' });
    expect(resolveLedgerPath({ flag: '/flag.json', setting: '/set.json' }, both)).toBe(join('/flag.json'));
    expect(resolveLedgerPath({ flag: ' ', setting: '/set.json' }, both)).toBe(join('/env.json'));
    expect(resolveLedgerPath({ setting: '~/set.json' }, on('linux'))).toBe(join(home, 'set.json'));
    expect(resolveLedgerPath({}, on('linux'))).toBe(defaultLedgerPath(on('linux')));
  });
});
