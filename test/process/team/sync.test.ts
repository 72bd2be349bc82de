import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.ts';
import { openStore } from '../../../src/ledger/open.ts';
import { PostgresStore } from '../../../src/ledger/postgres/store.ts';
import { TeamLedger } from '../../../src/ledger/postgres/team/team.ts';
import { DEFAULT_FIELDS, newMembership, type Membership } from '../../../src/sync/membership.ts';
import { outgoingRecord } from '../../../src/sync/outgoing.ts';
import { countedRecords, syncAll, withdrawAll } from '../../../src/sync/pass.ts';
import { rolesSql } from '../../../src/sync/roles.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { hasServerPrograms, query, TestServer } from '../../fixtures/postgres.ts';
import { call, stored } from '../../contract/usages.ts';
import { runs } from '../../long.ts';

/** A machine with its own ledgers, its own id, and a connection of its own to the team's ledger. */
class Machine {
  readonly ledgers: Ledger[];
  readonly membership: Membership;
  readonly team: TeamLedger;

  constructor(folder: string, name: string, url: string, choice: Partial<Membership> = {}) {
    this.membership = {
      ...newMembership({ url, user: `user-${name}`, machine: name }, undefined, Date.UTC(2026, 10, 27)),
      ...choice,
    };
    this.ledgers = ['costs.json', 'imported.db'].map(
      (file) => new Ledger(openStore(join(folder, `${name}-${file}`)), { pricing: undefined }),
    );
    this.team = new TeamLedger(url, this.membership.sender);
  }

  get own(): Ledger {
    return this.ledgers[0]!;
  }

  get imported(): Ledger {
    return this.ledgers[1]!;
  }

  sync() {
    return syncAll(this.ledgers, this.team, this.membership);
  }

  async outgoing(): Promise<UsageRecord[]> {
    const all: UsageRecord[] = [];
    for await (const records of countedRecords(this.ledgers)) {
      for (const record of records) all.push(outgoingRecord(record, this.membership));
    }
    return all;
  }

  async close(): Promise<void> {
    await this.team.close();
    await Promise.all(this.ledgers.map((ledger) => ledger.close()));
  }
}

describe.skipIf(!hasServerPrograms())("a team's ledger", () => {
  let server: TestServer;
  let folder: string;
  let url: string;
  let next = 0;

  beforeAll(async () => {
    server = TestServer.make();
    await server.start();
  });
  afterAll(() => server.dispose());
  beforeEach(() => {
    url = `${server.url()}?ledger=team-${++next}`;
    folder = mkdtempSync(join(tmpdir(), 'llm-spend-sync-'));
    return () => rmSync(folder, { recursive: true, force: true });
  });

  /** The team's records by id, after its sums were checked against them. */
  async function teamRecords(): Promise<Map<string, UsageRecord>> {
    const team = new Ledger(new PostgresStore({ path: url }));
    const records = await team.read();
    expect((await team.verify()).problems).toEqual([]);
    expect((await team.summary()).records).toBe(records.length);
    await team.close();
    return new Map(records.map((record) => [record.usage_id, record]));
  }

  it('gets what a machine has, and every later change, and nothing a second time', async () => {
    const machine = new Machine(folder, 'laptop', url);
    await machine.own.trackAll([call('a'), call('b', { project: 'site', note: 'private', branch: 'secret' })]);
    await machine.imported.adopt([stored(call('b'))]);
    await machine.imported.track(call('c', { session_id: 'private' }));
    expect(await machine.sync()).toEqual({ records: 3, sent: 3, withdrawn: 0, refused: [] });
    expect(await machine.sync()).toEqual({ records: 3, sent: 0, withdrawn: 0, refused: [] });
    const records = await teamRecords();
    expect([...records.keys()].toSorted()).toEqual(['a', 'b', 'c']);
    expect(records.get('b')).toMatchObject({ project: 'site', user: 'user-laptop', machine: 'laptop', cost_usd: 0.5 });
    expect(JSON.stringify([...records.values()])).not.toMatch(/private|secret/);
    await machine.own.setCosts([{ usageId: 'a', fields: { cost_usd: 7 } }]);
    await machine.own.remove(['b']);
    await machine.own.track(call('d'));
    // The import still has b.
    expect(await machine.sync()).toMatchObject({ records: 4, sent: 3, withdrawn: 0 });
    expect((await teamRecords()).get('a')!.cost_usd).toBe(7);
    // Undo takes the addition of d back.
    await machine.own.undo();
    await machine.imported.remove(['b', 'c']);
    expect(await machine.sync()).toMatchObject({ withdrawn: 3 });
    expect([...(await teamRecords()).keys()].toSorted()).toEqual(['a']);
    await machine.close();
  });

  it('is the union of its machines, in whatever order they send, change and withdraw', async () => {
    const names = ['one', 'two', 'three'] as const;
    const step = fc.record({
      machine: fc.nat(2),
      do: fc.constantFrom('track', 'track', 'remove', 'undo', 'reprice', 'sync', 'sync'),
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      day: fc.integer({ min: 1, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        url = `${server.url()}?ledger=team-${++next}`;
        const machines = names.map((name) => new Machine(mkdtempSync(join(folder, 'x')), name, url));
        for (const { machine: at, do: what, id, day } of steps) {
          const machine = machines[at]!;
          // A shared id is the same usage everywhere; its cost may be changed on one machine.
          const usage = call(id, { timestamp: `2026-11-0${(id.charCodeAt(0) % 3) + 1}T12:00:00.000Z` });
          if (what === 'track') await machine.own.adopt([stored(usage)]);
          else if (what === 'remove') await machine.own.remove([id]);
          else if (what === 'undo') await machine.own.undo();
          else if (what === 'reprice') await machine.own.setCosts([{ usageId: id, fields: { cost_usd: day } }]);
          else await machine.sync();
        }
        for (const machine of machines) await machine.sync();
        const union = new Map<string, UsageRecord[]>();
        for (const machine of machines) {
          for (const record of await machine.outgoing()) {
            union.set(record.usage_id, [...(union.get(record.usage_id) ?? []), record]);
          }
        }
        const team = await teamRecords();
        expect([...team.keys()].toSorted()).toEqual([...union.keys()].toSorted());
        for (const [id, record] of team) expect(union.get(id)).toContainEqual(record);
        for (const machine of machines) {
          expect(await machine.sync()).toMatchObject({ sent: 0, withdrawn: 0 });
          await machine.close();
        }
      }),
      { numRuns: runs(8) },
    );
  });

  it('counts the same copied logs once, and keeps them when one of the machines leaves', async () => {
    const [one, two] = [new Machine(folder, 'one', url), new Machine(folder, 'two', url)];
    const logs = ['x', 'y', 'z'].map((id) => stored(call(id)));
    await one.imported.adopt(logs);
    await two.imported.adopt(logs);
    await Promise.all([one.sync(), two.sync()]);
    expect((await teamRecords()).size).toBe(3);
    expect(await withdrawAll(one.team)).toBe(3);
    const left = await teamRecords();
    expect([...left.values()].map(({ machine }) => machine)).toEqual(['two', 'two', 'two']);
    expect(await withdrawAll(two.team)).toBe(3);
    expect((await teamRecords()).size).toBe(0);
    await Promise.all([one.close(), two.close()]);
  });

  it('gets projects as they were chosen', async () => {
    const usage = call('a', { project: '/home/me/secret/site', note: 'n' });
    const projectOf = (choice: Partial<Membership>): unknown => {
      const membership = { ...newMembership({ url }, undefined, 0), ...choice };
      return outgoingRecord(usage as UsageRecord, membership).project;
    };
    expect(projectOf({})).toBe('site');
    expect(projectOf({ projects: 'none' })).toBeUndefined();
    expect(projectOf({ projects: 'hashed' })).toMatch(/^project-[\da-f]{10}$/);
    expect(projectOf({ projects: 'hashed', projectNames: { '/home/me/secret/site': 'shop' } })).toBe('shop');
    expect(DEFAULT_FIELDS.filter((name) => /note|branch|session|folder|commit/.test(name))).toEqual([]);
  });

  it('is joined once, by a URL without a password', () => {
    const joined = newMembership({ url }, undefined, 0);
    expect(() => newMembership({ url: server.url('other') }, joined, 0)).toThrow('can be in one only. Leave it first');
    const withPassword = 'postgres://me:secret@localhost/costs';
    expect(() => newMembership({ url: withPassword }, undefined, 0)).toThrow('The URL contains a password');
    expect(() => newMembership({ url, fields: ['wages'] }, undefined, 0)).toThrow('There is no field wages.');
  });

  it('gets so many records that they are copied, with texts that COPY has to escape, from the owner and from a member', async () => {
    await server.query('CREATE DATABASE copied');
    await query(server.url('copied'), rolesSql(Date.now()));
    await query(server.url('copied'), 'CREATE ROLE carl LOGIN IN ROLE llm_spend_member');
    const odd = [
      '\t',
      '\n',
      '\r',
      '\\',
      '\\N',
      '\\.',
      '"',
      "'",
      '{}',
      ',',
      'NULL',
      '\0',
      '\uD800',
      '\u{1F600}',
      '\u001E',
      '\u0001',
    ];
    const records = Array.from({ length: 300 }, (_, i) => {
      const text = `${odd[i % odd.length]!}${i}${odd[(i * 7) % odd.length]!}`;
      const fine = { session_id: text, branch: text, episode_title: text };
      return call(`${text}-id`, { ...fine, project: `p${text}`, user: text, note: text, tags: [text, 'tag'] });
    });
    const fields = [...DEFAULT_FIELDS, 'session_id', 'branch', 'note'];
    for (const user of ['postgres', 'carl']) {
      url = `${server.url('copied', user)}?ledger=of-${user}`;
      const machine = new Machine(folder, user, url, { fields });
      await machine.own.adopt(records.map(stored));
      expect(await machine.sync()).toEqual({ records: 300, sent: 300, withdrawn: 0, refused: [] });
      expect(await machine.sync()).toMatchObject({ sent: 0, withdrawn: 0 });
      // The owner may verify.
      url = `${server.url('copied')}?ledger=of-${user}`;
      const there = await teamRecords();
      const byId = (all: readonly UsageRecord[]): UsageRecord[] =>
        all.toSorted((a, b) => (a.usage_id < b.usage_id ? -1 : 1));
      expect(byId([...there.values()])).toEqual(byId(await machine.outgoing()));
      await machine.close();
    }
  });

  it('lets members see their own records, readers sums, and the owner everything', async () => {
    await server.query('CREATE DATABASE roles');
    await query(server.url('roles'), rolesSql(Date.now()));
    // It can be run again.
    await query(server.url('roles'), rolesSql(Date.now()));
    await query(server.url('roles'), 'CREATE ROLE ann LOGIN IN ROLE llm_spend_member');
    await query(server.url('roles'), 'CREATE ROLE bob LOGIN IN ROLE llm_spend_member');
    await query(server.url('roles'), 'CREATE ROLE eve LOGIN IN ROLE llm_spend_reader');
    const at = (user: string): string => server.url('roles', user);
    const [ann, bob] = [new Machine(folder, 'ann', at('ann')), new Machine(folder, 'bob', at('bob'))];
    await ann.own.trackAll([call('a'), call('both')]);
    await bob.own.trackAll([call('b'), call('both', { note: 'same' })]);
    await ann.sync();
    await bob.sync();
    const open = (user: string): Ledger => new Ledger(new PostgresStore({ path: at(user) }));
    const [asAnn, asBob, asEve, asOwner] = [open('ann'), open('bob'), open('eve'), open('postgres')];
    const ids = async (ledger: Ledger): Promise<string[]> =>
      (await ledger.read()).map(({ usage_id: id }) => id).toSorted();
    expect(await ids(asOwner)).toEqual(['a', 'b', 'both']);
    expect(await ids(asAnn)).toEqual(['a', 'both']);
    // Ann sent it first, so hers counts; Bob's is not shown to him as his.
    expect(await ids(asBob)).toEqual(['b']);
    const byUser = { filter: {}, groupBy: ['user'], calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } } as const;
    for (const ledger of [asEve, asOwner]) {
      const groups = await ledger.aggregate(byUser);
      expect(groups.map(({ key, totals }) => [key[0], totals.recordedNanos])).toEqual([
        ['user-ann', 1_000_000_000n],
        ['user-bob', 500_000_000n],
      ]);
    }
    await expect(asEve.read()).rejects.toMatchObject({ code: 'no-access' });
    await expect(asEve.track(call('e'))).rejects.toMatchObject({ code: 'no-access' });
    // Records that are hidden are not reported as damage.
    const tries = [
      () => asAnn.verify(),
      () => asAnn.repair(),
      () => asAnn.remove(['a']),
      () => asAnn.clear(),
      () => asAnn.undo(),
    ];
    for (const refused of tries) {
      await expect(refused()).rejects.toMatchObject({
        code: 'no-access',
        message: expect.stringMatching(
          /the user ann may not do this\. Members of a team record, send and withdraw/,
        ) as string,
      });
    }
    // When Ann withdraws hers, Bob's counts from his next synchronisation on.
    await ann.own.remove(['both']);
    await ann.sync();
    expect(await ids(asOwner)).toEqual(['a', 'b']);
    await bob.own.track(call('new'));
    await bob.sync();
    expect(await ids(asOwner)).toEqual(['a', 'b', 'both', 'new']);
    expect((await asOwner.verify()).problems).toEqual([]);
    await Promise.all([ann, bob].map((machine) => machine.close()));
    await Promise.all([asAnn, asBob, asEve, asOwner].map((ledger) => ledger.close()));
  });
});
