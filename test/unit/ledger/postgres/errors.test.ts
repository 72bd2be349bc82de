import { describe, expect, it } from 'vitest';
import type { PostgresAddress } from '../../../../src/ledger/postgres/server/address.ts';
import {
  explained,
  explainPostgres,
  isConflict,
  isConnectionLost,
  isRefused,
  isUnsupported,
  sqlState,
} from '../../../../src/ledger/postgres/server/engine.ts';
import { LedgerError } from '../../../../src/ledger/results.ts';
import { UsageError } from '../../../../src/usage/record.ts';

const address = { place: 'postgres://me@host/costs', user: 'me' } as PostgresAddress;
const failure = (code: string, message = 'as it was said'): Error => Object.assign(new Error(message), { code });

describe('an error of the server is explained, with its address', () => {
  it.each([
    ['28P01', 'password', 'the server refused the password of the user me. Check the password file (PGPASSFILE).'],
    ['28000', 'no-access', 'the server does not admit the user me from this machine. Ask its administrator.'],
    ['3D000', 'no-access', 'there is no database of this name on the server. Check the end of the URL.'],
    ['42501', 'no-access', 'the user me may not do this. Members of a team record'],
    ['53100', 'disk-full', 'the server has no space left. Nothing was changed; try again when it has.'],
    ['53200', 'disk-full', 'the server has no space left.'],
    ['53300', 'busy', 'the server has too many connections.'],
    ['25006', 'read-only', 'the server only accepts reading: it is a standby. Name the primary server.'],
    ['ENOTFOUND', 'io', 'no machine of this name was found.'],
    ['EAI_AGAIN', 'io', 'no machine of this name was found.'],
    ['ECONNREFUSED', 'io', 'no server answers there. Check host and port in the URL, and whether PostgreSQL runs.'],
    ['ENOENT', 'io', 'no server answers there.'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'no-access', 'its certificate is not trusted for this name.'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'no-access', 'its certificate is not trusted for this name.'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'no-access', 'its certificate is not trusted for this name.'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'no-access', 'its certificate is not trusted for this name.'],
    ['57P01', 'io', 'the server cannot be reached. Check the network and try again.'],
    ['ECONNRESET', 'io', 'the server cannot be reached.'],
    ['22001', 'io', 'as it was said'],
  ])('%s', (code, expected, text) => {
    const cause = failure(code);
    const found = explainPostgres(cause, address);
    expect(found).toBeInstanceOf(LedgerError);
    expect(found).toMatchObject({ code: expected, cause });
    expect(found.message.startsWith(`postgres://me@host/costs: ${text}`)).toBe(true);
  });

  it.each([
    ['SASL: client password must be a string', 'password', 'the server wants a password of this user.'],
    ['fe_sendauth: no password supplied', 'password', 'the server wants a password of this user.'],
    ['There was an error establishing an SSL connection', 'io', 'no PostgreSQL server answers there: the connection'],
    ['The server does not support SSL connections', 'no-access', 'the server does not offer TLS,'],
    ['Connection terminated unexpectedly', 'io', 'the server cannot be reached.'],
    ['Query read timeout', 'io', 'the server cannot be reached.'],
    ['anything else', 'io', 'anything else'],
  ])('that has no code: %s', (message, code, text) => {
    const found = explainPostgres(new Error(message), { ...address, user: undefined });
    expect(found.code).toBe(code);
    expect(found.message).toContain(`costs: ${text}`);
  });

  it('unless it is explained already, or refuses a record', async () => {
    const ours = new LedgerError('closed', 'It is closed.');
    expect(explainPostgres(ours, address)).toBe(ours);
    const refused = new UsageError('model', '', 'must not be empty');
    await expect(explained(address, () => Promise.reject(refused))).rejects.toBe(refused);
    await expect(explained(address, () => Promise.reject(failure('53300')))).rejects.toMatchObject({ code: 'busy' });
    expect(await explained(address, () => Promise.resolve(7))).toBe(7);
  });
});

describe('errors are told apart', () => {
  const kinds = (error: unknown): string =>
    Object.entries({ isConflict, isConnectionLost, isRefused, isUnsupported })
      .flatMap(([name, is]) => (is(error) ? [name] : []))
      .join();

  it.each([
    ['40001', 'isConflict'],
    ['40P01', 'isConflict'],
    ['40002', ''],
    ['08006', 'isConnectionLost'],
    ['57P01', 'isConnectionLost'],
    ['57P02', 'isConnectionLost'],
    ['57P03', 'isConnectionLost'],
    ['57014', ''],
    ['ECONNRESET', 'isConnectionLost'],
    ['EPIPE', 'isConnectionLost'],
    ['ETIMEDOUT', 'isConnectionLost'],
    ['EHOSTUNREACH', 'isConnectionLost'],
    ['ECONNREFUSED', 'isRefused'],
    ['ENOENT', 'isRefused'],
    ['0A000', 'isUnsupported'],
    ['42601', 'isUnsupported'],
    ['EPERM', ''],
  ])('%s', (code, expected) => expect(kinds(failure(code))).toBe(expected));

  it('by their message where they have no code, which a code of the server overrules', () => {
    expect(kinds(new Error('timeout exceeded when trying to connect'))).toBe('isConnectionLost');
    expect(kinds(failure('22001', 'Connection terminated'))).toBe('');
    expect(kinds('Connection terminated')).toBe('');
  });

  it('by five characters, which the codes of a system do not have', () => {
    expect([failure('40001'), failure('EPIPE'), failure('ENOENT'), new Error('x')].map(sqlState)).toEqual([
      '40001',
      undefined,
      undefined,
      undefined,
    ]);
  });
});
