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

  it.skipIf(process.platform === 'win32')('is ignored when others may read it, and when it is missing', () => {
    const file = join(folder, 'pgpass');
    expect(passwordFromFile(wanted, file)).toBeUndefined();
    writeFileSync(file, '*:*:*:*:secret\n');
    chmodSync(file, 0o644);
    expect(passwordFromFile(wanted, file)).toBeUndefined();
    chmodSync(file, 0o600);
    expect(passwordFromFile(wanted, file)).toBe('secret');
  });

  it('is where libpq has it', () => {
    expect(passwordFilePath({ PGPASSFILE: '/etc/pw' })).toBe('/etc/pw');
    if (process.platform !== 'win32') expect(passwordFilePath({})).toMatch(/\/\.pgpass$/);
  });
});
