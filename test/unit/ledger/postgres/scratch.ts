import { afterAll, beforeEach } from 'vitest';
import { Ledger } from '../../../../src/ledger/ledger.ts';
import { PostgresStore } from '../../../../src/ledger/postgres/store.ts';
import { freshLedgerUrl, hasPostgres, query } from '../../../fixtures/postgres.ts';

/** A place for one ledger in PostgreSQL. */
export interface Scratch {
  readonly url: string;
  /** Opens the ledger once more, as another process would. */
  readonly open: () => Ledger;
  /** Closes this after the tests. */
  readonly opening: <T extends { close(): Promise<unknown> }>(each: T) => T;
  /** Runs a statement in which $1 is the id of the ledger. */
  readonly sql: (text: string, ...values: unknown[]) => Promise<Record<string, unknown>[]>;
  /** The messages of `verify`. */
  readonly errors: () => Promise<string[]>;
  /** The ids in the ledger, oldest addition first. */
  readonly ids: () => Promise<string[]>;
}

/** A new ledger for each test, if there is a server. */
export function scratch(): Scratch {
  const opened: { close(): Promise<unknown> }[] = [];
  let url: string;
  beforeEach(() => {
    if (hasPostgres()) url = freshLedgerUrl();
  });
  afterAll(async () => {
    for (const each of opened) await each.close();
  });
  const opening: Scratch['opening'] = (each) => {
    opened.push(each);
    return each;
  };
  const open = (): Ledger => opening(new Ledger(new PostgresStore({ path: url })));
  return {
    get url() {
      return url;
    },
    open,
    opening,
    sql: (text, ...values) => {
      const database = new URL(url);
      const id = database.searchParams.get('ledger');
      database.searchParams.delete('ledger');
      return query(database.href, text, [id, ...values]);
    },
    errors: async () => (await open().verify()).problems.map(({ message }) => message),
    ids: async () => (await open().read()).map(({ usage_id: id }) => id),
  };
}
