import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { CostChange } from '../../src/ledger/results.ts';
import type { UsageRecord } from '../../src/usage/record.ts';
import { contractPlace, idsIn, STORES, textsIn } from './stores.ts';
import { call } from './usages.ts';

/** Text that no serializer writes this way: a change of one record must leave all others alone, byte for byte. */
const ODD =
  '{ "usage_id":"odd","provider":"p","model":"m","operation":"o","timestamp":"2026-01-01T00:00:00+01:00", "cost_usd": 1.50e-1, "zeta":{"a":[1,{"b":null}]} }';
const odd = { record: { ...call('odd'), cost_usd: 0.15 } as UsageRecord, text: ODD };

const reprice = (usageId: string, cost: number): CostChange => ({
  usageId,
  fields: { cost_usd: cost, cost_known: true, billing_mode: 'estimated', price_source: 'custom: x' },
});

describe.each(STORES)('changing a $title ledger', (row) => {
  const place = contractPlace(row);

  it('removes records, names the ids that are missing, and shows it to every instance', async () => {
    const ledger = place.open();
    const other = place.open();
    await ledger.trackAll([call('a'), call('b'), call('c')]);
    expect((await other.read()).length).toBe(3);
    const { removed, missing } = await other.remove(['c', 'a', 'never', 'a']);
    expect([removed.map(({ usage_id: id }) => id).toSorted(), missing]).toEqual([['a', 'c'], ['never']]);
    await ledger.refresh();
    expect((await ledger.read()).map(({ usage_id: id }) => id)).toEqual(['b']);
    expect(await idsIn(place)).toEqual(['b']);
  });

  it('brings removed records back byte for byte, by any instance', async () => {
    await place.open().adopt([odd]);
    await place.open().track(call('a'));
    const before = await textsIn(place);
    await place.open().remove(['odd', 'a']);
    const other = place.open();
    expect(await other.undo({ dryRun: true })).toMatchObject({ undone: 'remove', records: 2 });
    expect(await idsIn(place)).toEqual([]);
    expect(await other.undo()).toMatchObject({ undone: 'remove', records: 2 });
    expect(await textsIn(place)).toEqual(before);
    expect(await other.undo()).toBeUndefined();
  });

  it('clears everything, and brings it back', async () => {
    expect(await place.open().clear()).toEqual({ removed: 0, keptIn: undefined });
    await place.open().adopt([odd]);
    await place.open().trackAll([call('a'), call('b')]);
    const before = await textsIn(place);
    const { removed, keptIn } = await place.open().clear();
    expect([removed, typeof keptIn]).toEqual([3, 'string']);
    expect(await idsIn(place)).toEqual([]);
    expect(await place.open().undo()).toMatchObject({ undone: 'clear', records: 3 });
    expect(await textsIn(place)).toEqual(before);
  });

  it.runIf(row.isFile)('says which file an undo lacks, and undoes it once that is back', async () => {
    const writer = place.open();
    await writer.trackAll([call('a'), call('b')]);
    // A writer that has not settled yet would take its records for lost, because the file says that they were cleared.
    await writer.close();
    const { keptIn } = await place.open().clear();
    await place.open().track(call('c'));
    renameSync(keptIn!, `${keptIn}.away`);
    await expect(place.open().undo()).rejects.toMatchObject({
      name: 'LedgerError',
      code: 'damaged',
      message: expect.stringMatching(
        `^${basename(keptIn!)} is missing: it contains the records cleared at 20.*Put it back beside the ledger to undo.$`,
      ) as string,
    });
    expect(await idsIn(place)).toEqual(['c']);
    renameSync(`${keptIn}.away`, keptIn!);
    expect(await place.open().undo()).toMatchObject({ undone: 'clear', records: 2 });
    expect((await idsIn(place)).toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('edits costs alone, where they are still as expected, and takes the edit back', async () => {
    await place.open().adopt([odd]);
    await place.open().trackAll([call('a'), call('b', { cost_usd: 2 })]);
    const before = await textsIn(place);
    const expected = { cost_usd: 1, cost_known: true };
    const result = await place
      .open()
      .setCosts([reprice('odd', 0.25), reprice('a', 3), { ...reprice('b', 9), before: expected }, reprice('never', 1)]);
    expect(result.changed.map(({ usage_id: id, cost_usd: cost }) => [id, cost])).toEqual([
      ['odd', 0.25],
      ['a', 3],
    ]);
    expect([result.missing, result.differing]).toEqual([['never'], ['b']]);
    const after = await textsIn(place);
    expect(after.get('b')).toBe(before.get('b'));
    expect(after.get('odd')).toBe(
      ODD.replace('1.50e-1', '0.25').replace(
        '"zeta":{"a":[1,{"b":null}]} ',
        '"zeta":{"a":[1,{"b":null}]}, "cost_known":true, "billing_mode":"estimated", "price_source":"custom: x" ',
      ),
    );
    expect(await place.open().summary()).toMatchObject({ recordedNanos: 2_000_000_000n, estimated: 2 });
    expect(await place.open().undo()).toMatchObject({ undone: 'replace', records: 2 });
    expect(await textsIn(place)).toEqual(before);
  });

  it('undoes as many changes as it is told, also by several instances at once', { timeout: 60_000 }, async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    await place.open().trackAll(ids.map((id) => call(id)));
    const before = await textsIn(place);
    for (const id of ids.slice(0, 4)) await place.open().setCosts([reprice(id, 3)]);
    for (const id of ids.slice(4)) await place.open().remove([id]);
    const undone = await Promise.all(ids.slice(0, 6).map(() => place.open().undo()));
    const count = (kind: string): number => undone.filter((each) => each?.undone === kind).length;
    expect([count('remove'), count('replace')]).toEqual([4, 2]);
    const after = await textsIn(place);
    expect(ids.filter((id) => after.get(id) !== before.get(id))).toEqual(['a', 'b']);
    expect(await place.open().undo()).toMatchObject({ undone: 'replace', records: 1 });
    expect(await place.open().undo()).toMatchObject({ undone: 'replace', records: 1 });
    expect(await place.open().undo()).toBeUndefined();
    expect(await textsIn(place)).toEqual(before);
  });

  it('adds and replaces records in one step that undo does not cover', async () => {
    await place.open().trackAll([call('a'), call('b')]);
    const seen: unknown[] = [];
    const result = await place.open().upsert((get) => {
      seen.push(get('a')?.cost_usd, get('new')?.cost_usd);
      const wanted = [
        { ...call('a'), cost_usd: 4 },
        { ...call('new'), cost_usd: 5 },
      ] as UsageRecord[];
      return wanted.filter((record) => get(record.usage_id)?.cost_usd !== record.cost_usd);
    });
    expect(result).toEqual({ added: 1, replaced: 1 });
    expect(seen.slice(0, 2)).toEqual([0.5, undefined]);
    // A store may keep a record that waits in a journal behind the others.
    const costs = (await place.open().read()).map(({ usage_id: id, cost_usd: cost }) => [id, cost] as const);
    expect(costs.toSorted(([a], [b]) => a.localeCompare(b))).toEqual([
      ['a', 4],
      ['b', 0.5],
      ['new', 5],
    ]);
    expect(await place.open().undo()).toBeUndefined();
  });

  it('takes an import back as one step, in any instance, apart from records that it updated', async () => {
    const state = mkdtempSync(join(tmpdir(), 'llm-spend-state-'));
    for (const name of ['XDG_STATE_HOME', 'HOME', 'LOCALAPPDATA']) vi.stubEnv(name, state);
    try {
      await place.open().track(call('kept'));
      const importing = place.open({ noteAdditions: 'together' });
      await importing.upsert((get) => ['a', 'b'].filter((id) => !get(id)).map((id) => call(id) as UsageRecord));
      const grown = { ...call('kept'), cost_usd: 4 } as UsageRecord;
      await importing.upsert((get) => (get('kept')?.cost_usd === 4 ? [] : [grown, call('c') as UsageRecord]));
      const at = await importing.noteImport();
      // As the editor imports by itself.
      await place.open().upsert((get) => (get('followed') ? [] : [call('followed') as UsageRecord]));
      const step = { undone: 'import', at, records: 3, updated: 1 };
      const other = place.open({ noteAdditions: 'together' });
      expect(await other.undo({ dryRun: true })).toEqual(step);
      expect(await other.undo()).toEqual(step);
      expect((await idsIn(place)).toSorted()).toEqual(['followed', 'kept']);
      expect(await other.undo()).toBeUndefined();
    } finally {
      vi.unstubAllEnvs();
      rmSync(state, { recursive: true, force: true });
    }
  });

  it('takes changes back one by one, the last one first', async () => {
    const ledger = place.open();
    await ledger.trackAll([call('a'), call('b'), call('c')]);
    const other = place.open();
    await other.setCosts([reprice('a', 10)]);
    await other.remove(['b']);
    await other.clear();
    const states: unknown[] = [];
    for (;;) {
      const undone = await place.open().undo();
      if (!undone) break;
      const costs = (await place.open().read()).map(({ usage_id: id, cost_usd: cost }) => `${id}=${cost}`);
      states.push([undone.undone, costs.toSorted()]);
    }
    expect(states).toEqual([
      ['clear', ['a=10', 'c=0.5']],
      ['remove', ['a=10', 'b=0.5', 'c=0.5']],
      ['replace', ['a=0.5', 'b=0.5', 'c=0.5']],
    ]);
  });

  it('takes back its own last addition, and nothing that it did not add', async () => {
    await place.open().track(call('others'));
    const ledger = place.open();
    await ledger.track(call('mine'));
    expect(await ledger.trackWithStatus([call('others')])).toMatchObject([{ status: 'present' }]);
    expect(await ledger.undo({ dryRun: true })).toMatchObject({ undone: 'add', records: 1 });
    expect(await ledger.undo()).toMatchObject({ undone: 'add', records: 1 });
    expect(await idsIn(place)).toEqual(['others']);
    expect(await ledger.undo()).toBeUndefined();
  });

  it('takes back additions and removals in the order in which they were made', async () => {
    const ledger = place.open();
    await ledger.track(call('a'));
    await ledger.track(call('b'));
    await ledger.remove(['a']);
    await ledger.track(call('c'));
    const undone: unknown[] = [];
    for (let next = await ledger.undo(); next; next = await ledger.undo()) {
      undone.push([next.undone, (await idsIn(place)).toSorted()]);
    }
    expect(undone).toEqual([
      ['add', ['b']],
      ['remove', ['a', 'b']],
      ['add', ['a']],
      ['add', []],
    ]);
  });

  it('does not bring records back that were removed on purpose', async () => {
    const ledger = place.open();
    await ledger.trackAll([call('a'), call('b')]);
    await ledger.remove(['a']);
    await place.open().undo();
    await place.open().remove(['a']);
    await ledger.track(call('c'));
    await place.open().repair();
    expect((await idsIn(place)).toSorted()).toEqual(['b', 'c']);
  });
});
