import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAddress, withoutPassword } from '../../../../src/ledger/postgres/server/address.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'llm-spend-address-'))));
afterEach(() => rmSync(folder, { recursive: true }));

describe('the address of a ledger in PostgreSQL', () => {
  it('has a name without the password', () => {
    const url = 'postgresql://me:se%2Fcret@localhost:6543/costs?ledger=team';
    expect(parseAddress(url, {})).toMatchObject({
      name: 'postgres://me@localhost:6543/costs?ledger=team',
      ledgerId: 'team',
      place: 'localhost:6543/costs',
      host: 'localhost',
      port: 6543,
      database: 'costs',
      user: 'me',
      password: 'se/cret',
      tls: undefined,
    });
    expect(withoutPassword(url)).toBe('postgres://me@localhost:6543/costs?ledger=team');
  });

  it('is completed by the variables of libpq, and by a service file', () => {
    const variables = { PGHOST: '/run/pg', PGPORT: '1234', PGUSER: 'eve', PGDATABASE: 'spend', PGPASSWORD: 'pw' };
    expect(parseAddress('postgres://', variables)).toMatchObject({
      host: '/run/pg',
      port: 1234,
      user: 'eve',
      database: 'spend',
      password: 'pw',
      ledgerId: 'main',
    });
    const file = join(folder, 'services');
    writeFileSync(file, '[other]\nhost=other\n[team]\nhost = db.example.com\ndbname=costs\nuser=ann\npassword=p w\n');
    expect(parseAddress('postgres://?service=team', { PGSERVICEFILE: file })).toMatchObject({
      name: 'postgres://?service=team',
      host: 'db.example.com',
      user: 'ann',
      database: 'costs',
      password: 'p w',
      tls: { rejectUnauthorized: true },
    });
  });

  it('demands a verified certificate of every host but this machine', () => {
    for (const host of ['db.example.com', '10.0.0.1', '127.example.com']) {
      expect(parseAddress(`postgres://me@${host}/costs`, {}).tls).toEqual({ rejectUnauthorized: true });
      for (const mode of ['disable', 'prefer', 'require', 'verify-ca']) {
        const url = `postgres://me:secret@${host}/costs?sslmode=${mode}`;
        expect(() => parseAddress(url, {})).toThrow(`sslmode=${mode} does not prove which server answers at ${host}.`);
      }
    }
    for (const host of ['localhost', '127.0.0.2', '[::1]']) {
      expect(parseAddress(`postgres://me@${host}/costs`, {}).tls).toBeUndefined();
    }
  });

  it.each([
    ['postgres://me:secret@localhost', 'The URL of the ledger names no database.'],
    ['postgres://me:secret@localhost/', 'The URL of the ledger names no database.'],
    ['postgres://me:secret@local host/x', 'The URL of the ledger is not valid.'],
    ['postgres://me:sec%ret@localhost/x', 'The URL of the ledger is not valid.'],
    ['postgres://me:secret@localhost/x?ledger=a%00b', 'The URL of the ledger is not valid.'],
    [`postgres://me:secret@localhost/x?ledger=${'l'.repeat(201)}`, 'The name of the ledger is too long'],
    ['postgres://me:secret@localhost/x?sslmode=full', 'There is no sslmode=full. Known: disable, allow, prefer'],
    ['postgres://me:secret@localhost/x?team=1', 'The URL of the ledger has an unknown parameter: team.'],
    ['postgres://me:secret@localhost/x?service=none', 'is missing, in which the service none is wanted.'],
  ])('is refused as %s, without a word of the password', (url, message) => {
    const parse = (): unknown => parseAddress(url, { PGSERVICEFILE: join(folder, 'none') });
    expect(parse).toThrow(message);
    expect(parse).not.toThrow(/sec%?ret/);
  });
});
