import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/ledger/postgres/server/address.ts';
import { PostgresConnection } from '../../../src/ledger/postgres/server/connection.ts';
import { hasServerPrograms, TestServer } from '../../fixtures/postgres.ts';

describe.skipIf(!hasServerPrograms())('COPY that the server refuses', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = TestServer.make();
    await server.start();
  });
  afterAll(() => server.dispose());

  it('is repeated without it, also by writes that find out at the same time', async () => {
    const connection = new PostgresConnection(parseAddress(server.url()));
    let begun = 0;
    let together = (): void => undefined;
    const both = new Promise<void>((resolve) => (together = resolve));
    const write = (): Promise<string> =>
      connection.write({
        lock: async () => {
          if (++begun === 2) together();
          await both;
        },
        work: async (sql) => {
          if (sql.copy === undefined) return 'inserted';
          await sql.copy('COPY no syntax', '');
          return 'copied';
        },
        note: async () => undefined,
        isNoted: async () => false,
      });
    expect(await Promise.all([write(), write()])).toEqual(['inserted', 'inserted']);
    await connection.close();
  });
});
