import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PostgresStore } from '../../../../src/ledger/postgres/store.ts';

/** A ledger whose server does not answer: it says so once, and each question refers to that. */

describe('a ledger whose server does not answer', () => {
  let store: PostgresStore;
  beforeEach(() => {
    store = new PostgresStore({ path: 'postgres://me:secret@127.0.0.1:1/costs' });
  });
  afterEach(() => store.close());
  const page = { filter: {}, sort: 'time', descending: true, offset: 0, limit: 9 } as const;
  const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
  const message =
    '127.0.0.1:1/costs: no server answers there. Check host and port in the URL, and whether PostgreSQL runs.';

  it('has a name without the password, and a state with the reason', async () => {
    expect(store.name).toBe('postgres://me@127.0.0.1:1/costs');
    const { state, cursor } = await store.look();
    expect(state).toMatchObject({ health: 'unavailable', records: 0, problems: [{ code: 'unavailable', message }] });
    expect(cursor).toBe('');
  });

  it('answers no question after that, and does not ask the server again', async () => {
    await store.look();
    // The cause is what was found then, not another failure.
    const found = { code: 'io', message, cause: { code: 'io', message, cause: { code: 'ECONNREFUSED' } } };
    await expect(store.page(page)).rejects.toMatchObject(found);
    await expect(store.aggregate({ filter: {}, groupBy: [], calendar })).rejects.toMatchObject(found);
    await expect(store.elements().next()).rejects.toMatchObject(found);
    expect(await store.holds(['a'])).toEqual(new Set());
    expect(await store.changesSince('0/1/0')).toBeUndefined();
  });

  it('takes no record and no change', async () => {
    const error = { code: 'io', message };
    await expect(store.remove(['a'], true)).rejects.toMatchObject(error);
    await expect(store.clear()).rejects.toMatchObject(error);
    await expect(store.undo(false)).rejects.toMatchObject(error);
    await expect(store.repair(true)).rejects.toMatchObject(error);
    await expect(store.replace(() => [], true)).rejects.toMatchObject(error);
  });
});
