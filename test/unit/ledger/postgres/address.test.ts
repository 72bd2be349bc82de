import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAddress } from '../../../../src/ledger/postgres/server/address.ts';

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

  it('has the server, the ledger and the patience that a URL does not name', () => {
    expect(parseAddress('postgres:///costs', {})).toEqual({
      name: 'postgres:///costs',
      ledgerId: 'main',
      place: 'localhost:5432/costs',
      host: 'localhost',
      port: 5432,
      database: 'costs',
      user: undefined,
      password: undefined,
      tls: undefined,
      connectTimeoutMs: 5_000,
    });
    expect(parseAddress('postgres:///costs?ledger=&connect_timeout=30', {})).toMatchObject({
      ledgerId: 'main',
      connectTimeoutMs: 30_000,
    });
    expect(parseAddress('postgres:///costs', { PGCONNECT_TIMEOUT: '2' }).connectTimeoutMs).toBe(2_000);
    expect(parseAddress(`postgres:///costs?ledger=${'l'.repeat(200)}`, {}).ledgerId).toHaveLength(200);
    expect(parseAddress('postgres://[::1]:7/costs', {})).toMatchObject({ host: '::1', port: 7, place: '::1:7/costs' });
    expect(parseAddress('postgres://m%C3%A9@localhost/my%20costs', {})).toMatchObject({
      user: 'mé',
      database: 'my costs',
    });
  });

  it('is that of the URL before the service, and that of the service before the variables', () => {
    const file = join(folder, 'services');
    const sections = ['dbname=outside', ' [ours] ', 'host=/run/service', 'port=1', 'user = s', '[theirs]', 'host=/no'];
    writeFileSync(file, `# host=/comment\r\n${sections.join('\r\n')}\r\npassword=no\n`);
    const variables = { PGSERVICEFILE: file, PGSERVICE: 'ours', PGPORT: '2', PGUSER: 'v', PGDATABASE: 'vars' };
    const { host, port, user, database, password } = parseAddress('postgres://', variables);
    expect([host, port, user, database, password]).toEqual(['/run/service', 1, 's', 'vars', undefined]);
    const url = 'postgres://u:p@localhost:3/url?service=ours&host=/run/url';
    expect(parseAddress(url, variables)).toMatchObject({ host: '/run/url', port: 3, user: 'u', database: 'url' });
    const empty = (): unknown => parseAddress('postgres://?service=nobodys', { PGSERVICEFILE: file });
    expect(empty).toThrow(`The service file ${file} does not describe the service nobodys.`);
    expect(() => parseAddress('postgres://?service=x', { PGSERVICEFILE: folder })).toThrow(
      `The service file, ${folder}, cannot be read.`,
    );
  });

  it('has the certificates of the files that it names', () => {
    for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, name), `the ${name}`);
    const at = (name: string): string => encodeURIComponent(join(folder, name));
    const url = `postgres://db.example.com/costs?sslrootcert=${at('ca')}&sslcert=${at('cert')}&sslkey=${at('key')}`;
    const tls = { rejectUnauthorized: true, ca: 'the ca', cert: 'the cert', key: 'the key' };
    expect(parseAddress(url, {}).tls).toEqual(tls);
    const variables = {
      PGSSLROOTCERT: join(folder, 'ca'),
      PGSSLCERT: join(folder, 'cert'),
      PGSSLKEY: join(folder, 'key'),
    };
    expect(parseAddress('postgres://db.example.com/costs', variables).tls).toEqual(tls);
    expect(parseAddress('postgres://db.example.com/costs', { PGSSLROOTCERT: 'system' }).tls).toEqual({
      rejectUnauthorized: true,
    });
    const missing = `postgres://db.example.com/costs?sslcert=${at('none')}`;
    expect(() => parseAddress(missing, {})).toThrow(`The file of sslcert, ${join(folder, 'none')}, cannot be read.`);
    expect(parseAddress('postgres:///costs?sslmode=verify-full', {}).tls).toEqual({ rejectUnauthorized: true });
    expect(parseAddress('postgres:///costs', { PGSSLMODE: 'prefer' }).tls).toBeUndefined();
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
    [
      'postgres://me:secret@localhost/a%00b',
      'Special characters in it must be percent-encoded. For example: postgres://',
    ],
    ['postgres://m%00e:secret@localhost/x', 'The URL of the ledger is not valid.'],
    ['postgres://me:secret%00@localhost/x', 'The URL of the ledger is not valid.'],
    [
      'postgres://me:secret@localhost/x?a=1',
      'parameter: a. Known: ledger, service, host, sslmode, sslrootcert, sslcert',
    ],
    ['postgres://me:secret@db.example.com/x?sslmode=require', 'and sslrootcert=FILE for a certificate authority'],
    [`postgres://x?ledger=${'l'.repeat(201)}`, 'it has 201 characters, of at most 200.'],
    ['postgres://me:secret@localhost/x?service=none', 'is missing, in which the service none is wanted.'],
  ])('is refused as %s, without a word of the password', (url, message) => {
    const parse = (): unknown => parseAddress(url, { PGSERVICEFILE: join(folder, 'none') });
    expect(parse).toThrow(message);
    expect(parse).not.toThrow(/sec%?ret/);
  });
});
