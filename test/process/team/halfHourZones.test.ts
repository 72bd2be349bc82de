import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.ts';
import { PostgresStore } from '../../../src/ledger/postgres/store.ts';
import { TeamLedger } from '../../../src/ledger/postgres/team/team.ts';
import { newMembership } from '../../../src/sync/membership.ts';
import { outgoing } from '../../../src/sync/outgoing.ts';
import { call, stored } from '../../contract/usages.ts';
import { hasServerPrograms, TestServer } from '../../fixtures/postgres.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Offsets from UTC, hours: `after` applies from `change` on. Lord Howe moves its clocks by half an hour. */
const ZONES = [
  { timeZone: 'Asia/Kolkata', before: 5.5, change: Infinity, after: 5.5, from: '2026-10-28T00:00Z' },
  {
    timeZone: 'Australia/Lord_Howe',
    before: 11,
    change: Date.parse('2026-04-04T15:00Z'),
    after: 10.5,
    from: '2026-04-01T00:00Z',
  },
  {
    timeZone: 'Australia/Lord_Howe',
    before: 10.5,
    change: Date.parse('2026-10-03T15:30Z'),
    after: 11,
    from: '2026-09-30T00:00Z',
  },
];
const DAYS = 7;
const STEP = HOUR / 4;

describe.skipIf(!hasServerPrograms())('in time zones of half hours', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = TestServer.make();
    await server.start();
  });
  afterAll(() => server.dispose());

  it.each(ZONES)("a team's total of each local day is that of plain arithmetic: $timeZone from $from", async (zone) => {
    const url = `${server.url()}?ledger=${encodeURIComponent(zone.timeZone + zone.from)}`;
    const start = Date.parse(zone.from);
    const expected = new Map<string, { records: number; nanos: bigint }>();
    for (const [machine, first] of [
      ['laptop', 0],
      ['desk', 1],
    ] as const) {
      const membership = newMembership({ url, user: 'ann', machine }, undefined, start);
      const team = new TeamLedger(url, membership.sender);
      const rows = [];
      // The two machines take turns, so that each half hour has a record of both.
      for (let i = first; i * STEP < DAYS * DAY; i += 2) {
        const time = start + i * STEP;
        const usage = call(`${machine}-${i}`, { cost_usd: (i + 1) / 1000, timestamp: new Date(time).toISOString() });
        rows.push(outgoing(stored(usage).record, membership));
        const offset = time < zone.change ? zone.before : zone.after;
        const day = new Date(time + offset * HOUR).toISOString().slice(0, 10);
        const sum = expected.get(day) ?? { records: 0, nanos: 0n };
        expected.set(day, { records: sum.records + 1, nanos: sum.nanos + BigInt(i + 1) * 1_000_000n });
      }
      await team.send(rows, []);
      await team.close();
    }
    const ledger = new Ledger(new PostgresStore({ path: url }));
    const calendar = { timeZone: zone.timeZone, firstDayOfWeek: 1 };
    const groups = await ledger.aggregate({ filter: {}, groupBy: ['day'], calendar });
    const found = groups.map(({ key, totals }) => [key[0], { records: totals.records, nanos: totals.recordedNanos }]);
    expect(new Map(found as [string, { records: number; nanos: bigint }][])).toEqual(expected);
    expect(expected.size).toBe(DAYS + 1);
    await ledger.close();
  });
});
