import { describe, expect, it } from 'vitest';
import { dayOf, sentRecord, TeamLedger } from '../../../../src/ledger/postgres/team/team.ts';
import { TeamCrossings } from '../../../../src/ledger/postgres/team/crossings.ts';
import type { UsageRecord } from '../../../../src/usage/record.ts';
import { hasPostgres } from '../../../fixtures/postgres.ts';
import { call, stored } from '../../../contract/usages.ts';
import { scratch } from './scratch.ts';

/** The rows that machines send to the ledger of a team, and the warnings that they share. */

const place = scratch();
const { open, opening, sql, errors } = place;

describe.skipIf(!hasPostgres())("a team's ledger", () => {
  const telling = (each: string, digest: number, more = {}) => {
    const { record, text } = stored(call(each, more));
    return sentRecord(record, text, digest);
  };
  const machine = (sender: string): TeamLedger => opening(new TeamLedger(place.url, sender));
  const costs = async (): Promise<Record<string, number>> =>
    Object.fromEntries((await open().read()).map(({ usage_id: each, cost_usd: cost }) => [each, cost]));

  it('has the row of highest revision, then of highest sender, and the next one when that goes', async () => {
    const [one, two] = [machine('one'), machine('two')];
    expect(await one.send([telling('a', 1, { cost_usd: 1 })], [])).toEqual({ stored: 1, removed: 0 });
    expect(await two.send([telling('a', 2, { cost_usd: 2 })], [])).toEqual({ stored: 1, removed: 0 });
    expect(await costs()).toEqual({ a: 2 });
    expect(await one.send([telling('a', 3, { cost_usd: 3 })], [])).toEqual({ stored: 1, removed: 0 });
    expect(await costs()).toEqual({ a: 3 });
    // Rows that are there already are not written again.
    expect(await one.send([telling('a', 3, { cost_usd: 3 })], ['never'])).toEqual({ stored: 0, removed: 0 });
    expect(await two.send([telling('a', 4, { cost_usd: 4 })], [])).toEqual({ stored: 1, removed: 0 });
    expect(await costs()).toEqual({ a: 4 });
    expect(await errors()).toEqual([]);
    expect(await two.send([], ['a'])).toEqual({ stored: 0, removed: 1 });
    expect(await costs()).toEqual({ a: 3 });
    expect(await one.send([], ['a'])).toEqual({ stored: 0, removed: 1 });
    expect(await costs()).toEqual({});
    expect(await errors()).toEqual([]);
    expect((await open().summary()).records).toBe(0);
  });

  it('says what it has of a machine, by day and by row', async () => {
    const one = machine('one');
    expect([await one.digests(), await one.rowsOf([1]), await one.claim()]).toEqual([new Map(), new Map(), 0]);
    const days = ['2026-11-01T00:00:00.000Z', '2026-11-01T23:59:59.999Z', '2026-11-02T00:00:00.000Z'];
    await one.send(
      days.map((timestamp, i) => telling(`${i}`, 10 + i, { timestamp })),
      [],
    );
    await machine('two').send([telling('other', 99)], []);
    const first = dayOf(Date.parse(days[0]!));
    expect(first).toBe(Date.UTC(2026, 10, 1) / 86_400_000);
    expect(dayOf(-1)).toBe(-1);
    expect(await one.digests()).toEqual(
      new Map([
        [first, { records: 2, digest: 21n }],
        [first + 1, { records: 1, digest: 12n }],
      ]),
    );
    expect(await one.rowsOf([first])).toEqual(
      new Map([
        ['0', 10],
        ['1', 11],
      ]),
    );
    expect(await one.rowsOf([first, first + 1])).toEqual(
      new Map([
        ['0', 10],
        ['1', 11],
        ['2', 12],
      ]),
    );
    expect(await one.rowsOf([])).toEqual(new Map());
  });

  it('counts a row again that no other one counts for', async () => {
    const [one, two] = [machine('one'), machine('two')];
    await one.send([telling('a', 1)], []);
    await two.send([telling('a', 2)], []);
    expect(await one.claim()).toBe(0);
    await sql("UPDATE llm_spend.usage_key SET counts = FALSE WHERE ledger_id = $1 AND sender = 'two'");
    await sql("UPDATE llm_spend.record SET counts = FALSE WHERE ledger_id = $1 AND sender = 'two'");
    expect(await one.claim()).toBe(1);
    expect(await one.claim()).toBe(0);
    expect(Object.keys(await costs())).toEqual(['a']);
  });

  it('refuses what is no record', () => {
    const odd = { ...call('odd'), cost_usd: 9.3e9, cost_known: true } as UsageRecord;
    expect(() => sentRecord(odd, JSON.stringify(odd), 1)).toThrow(/^usage_id: is not a usage record: cost_usd/);
    expect(() => sentRecord({ usage_id: 'odd' } as UsageRecord, '{}', 1)).toThrow(/^usage_id: is not a usage record/);
  });
});

describe.skipIf(!hasPostgres())('a warning of a budget that machines share', () => {
  const claims = (): TeamCrossings => opening(new TeamCrossings(place.url));
  const mine = { kind: 'mine' };

  it('is claimed by one, who may claim it again, until it is shown', async () => {
    await open().track(call('a'));
    const [one, two] = [claims(), claims()];
    expect(await one.claim('w', [], { holder: 'one', leaseMs: 60_000 })).toEqual(mine);
    const held = await two.claim('w', [], { holder: 'two', leaseMs: 60_000 });
    expect(held.kind).toBe('held');
    expect(held).toMatchObject({ leftMs: expect.any(Number) as number });
    const { leftMs } = held as { leftMs: number };
    expect([leftMs > 30_000, leftMs <= 60_000]).toEqual([true, true]);
    expect(await one.claim('w', [], { holder: 'one', leaseMs: 60_000 })).toEqual(mine);
    await one.noteShown(['w']);
    expect(await two.claim('w', [], { holder: 'two', leaseMs: 0 })).toEqual({ kind: 'shown' });
    expect(await one.claim('w', [], { holder: 'one', leaseMs: 0 })).toEqual({ kind: 'shown' });
  });

  it('is free again when its holder did not show it in time, or claimed it in the future', async () => {
    await open().track(call('a'));
    const two = claims();
    for (const [claim, age] of [
      ['old', '-61 seconds'],
      ['future', '61 seconds'],
    ] as const) {
      await claims().claim(claim, [], { holder: 'one', leaseMs: 60_000 });
      await sql(
        'UPDATE llm_spend.crossing SET claimed_at = now() + $3::INTERVAL WHERE ledger_id = $1 AND warning_id = $2',
        claim,
        age,
      );
      expect(await two.claim(claim, [], { holder: 'two', leaseMs: 60_000 })).toEqual(mine);
      expect((await claims().claim(claim, [], { holder: 'one', leaseMs: 60_000 })).kind).toBe('held');
    }
    await sql("UPDATE llm_spend.crossing SET claimed_at = now() + INTERVAL '50 seconds' WHERE ledger_id = $1");
    expect(await claims().claim('old', [], { holder: 'one', leaseMs: 9_000 })).toEqual({ kind: 'held', leftMs: 9_000 });
  });

  it('speaks of the lower levels, too', async () => {
    await open().track(call('a'));
    expect(await claims().claim('100', ['50', '80'], { holder: 'one', leaseMs: 60_000 })).toEqual(mine);
    expect(await claims().claim('50', [], { holder: 'two', leaseMs: 0 })).toEqual({ kind: 'shown' });
    expect((await claims().claim('100', [], { holder: 'two', leaseMs: 60_000 })).kind).toBe('held');
    await claims().noteShown([]);
    const rows = await sql('SELECT warning_id, shown FROM llm_spend.crossing WHERE ledger_id = $1 ORDER BY 1');
    expect(rows).toEqual([
      { warning_id: '100', shown: false },
      { warning_id: '50', shown: true },
      { warning_id: '80', shown: true },
    ]);
  });
});
