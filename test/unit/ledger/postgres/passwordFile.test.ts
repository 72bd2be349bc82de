import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { passwordFilePath, passwordFromFile } from '../../../../src/ledger/postgres/server/passwordFile.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llm-spend-pgpass-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const wanted = { host: 'db.example.com', port: 5432, database: 'costs', user: 'ann' };

describe('the password file', () => {
  it('has the password of the first line that matches', () => {
    const file = join(folder, 'pgpass');
    writeFileSync(
      file,
      '# a comment:*:*:*:no\nother:5432:costs:ann:no\n*:5432:costs:bob:bobs\ndb.example.com:*:costs:ann:a\\:b\\\\c\n*:*:*:*:last\n',
      { mode: 0o600 },
    );
    expect(passwordFromFile(wanted, file)).toBe('a:b\\c');
    expect(passwordFromFile({ ...wanted, user: 'bob' }, file)).toBe('bobs');
    expect(passwordFromFile({ ...wanted, host: '/run/postgresql', user: 'eve' }, file)).toBe('last');
  });

  it('has lines of five fields, each of which matches as a whole', () => {
    const file = join(folder, 'pgpass');
    const lines = [
      'db.example.com:5432:costs:no-user',
      'db.example.com:5432:costs:ann:six:fields',
      '#db.example.com:*:*:*:no',
    ];
    lines.push('db.example.co:5432:costs:ann:no', 'db.example.com:543:costs:ann:no', 'db.example.com:5432:cost:ann:no');
    lines.push('db.example.com:5432:costs:an:no', '', 'db.example.com:5432:costs:ann:p w# ');
    writeFileSync(file, lines.join('\r\n'), { mode: 0o600 });
    expect(passwordFromFile(wanted, file)).toBe('p w# ');
    expect(passwordFromFile({ ...wanted, port: 5433 }, file)).toBeUndefined();
    writeFileSync(file, 'localhost:5432:costs:ann:local\n');
    expect(passwordFromFile({ ...wanted, host: '/run/postgresql' }, file)).toBe('local');
    writeFileSync(file, 'db.example.com:5432:c\\:osts:ann:local\n');
    expect(passwordFromFile({ ...wanted, database: 'c:osts' }, file)).toBe('local');
  });

  it.skipIf(process.platform === 'win32')('is ignored when others may read it, and when it is missing', () => {
    const file = join(folder, 'pgpass');
    expect(passwordFromFile(wanted, file)).toBeUndefined();
    writeFileSync(file, '*:*:*:*:secret\n');
    for (const mode of [0o644, 0o640, 0o604]) {
      chmodSync(file, mode);
      expect(passwordFromFile(wanted, file)).toBeUndefined();
    }
    chmodSync(file, 0o600);
    expect(passwordFromFile(wanted, file)).toBe('secret');
  });

  it('is where libpq has it', () => {
    expect(passwordFilePath({ PGPASSFILE: '/etc/pw' })).toBe('/etc/pw');
    if (process.platform !== 'win32') {
      expect(passwordFilePath({})).toMatch(/\/\.pgpass$/);
      expect(passwordFilePath({ APPDATA: '/roaming' })).toMatch(/\/\.pgpass$/);
    }
    const real = process.platform;
    Object.defineProperty(process, 'platform', { value: 'win32' });
    try {
      expect(passwordFilePath({ APPDATA: '/roaming' })).toBe(join('/roaming', 'postgresql', 'pgpass.conf'));
      expect(passwordFilePath({})).toMatch(/\.pgpass$/);
    } finally {
      Object.defineProperty(process, 'platform', { value: real });
    }
  });
});
