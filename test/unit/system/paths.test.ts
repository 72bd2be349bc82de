import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { besideLedger, defaultLedgerPath, homeFolder, PathError } from '../../../src/system/paths.ts';

describe('the files of this machine about a ledger', () => {
  const environment = { platform: 'linux', env: {}, home: '/home/ann' } as const;
  const of = (ledger: string): string => besideLedger(ledger, environment);

  it('begin with the path of a file', () => {
    expect(of('/data/costs.json')).toBe('/data/costs.json');
    expect(of('C:\\data\\costs.db')).toBe('C:\\data\\costs.db');
  });

  it("are in the user's state folder for a URL, under one name for all users and passwords", () => {
    const path = '/home/ann/.local/state/llm-spend/ledgers/db.example.com%3A6432%2Fcosts%20team';
    expect(of('postgres://ann:secret@db.example.com:6432/costs?ledger=team')).toBe(path);
    expect(of('postgres://bob@db.example.com:6432/costs?sslmode=require&ledger=team')).toBe(path);
  });

  it('have different names for different ledgers', () => {
    const names = ['postgres://h/a', 'postgres://h/b', 'postgres://h:1/a', 'postgres://h/a?ledger=x'].map(of);
    expect(new Set(names).size).toBe(names.length);
  });

  it('have different names also for ledgers whose names begin alike, in names that a file may have', () => {
    const names = ['x', 'y'].map((end) => of(`postgres://h/a?ledger=${'team'.repeat(100)}${end}`));
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(basename(name)).toHaveLength(180);
  });

  it('have names that a file may have, whatever the URL', () => {
    const name = of(`postgres://h/${'ä'.repeat(300)}`)
      .split('/')
      .at(-1)!;
    expect(name.length).toBeLessThan(200);
    expect(name).toMatch(/^[\w%.-]+$/);
  });
});

describe.skipIf(process.platform === 'win32')('the home folder', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('is that of HOME, or of the user where HOME is empty', () => {
    vi.stubEnv('HOME', '/home/ann');
    expect(homeFolder()).toBe('/home/ann');
    vi.stubEnv('HOME', '');
    expect(homeFolder()).toBe(userInfo().homedir);
  });

  it('has to be known for the default ledger, and is no folder within the working folder', () => {
    for (const home of ['', 'ann']) {
      const ask = (): string => defaultLedgerPath({ platform: 'linux', env: {}, home });
      expect(ask).toThrow(PathError);
      expect(ask).toThrow('Set HOME');
    }
  });
});
