import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { recordNew } from '../../../../src/host/ledger/recordNew.ts';
import { openLedger } from '../../../../src/library/index.ts';
import type { UsageInput } from '../../../../src/usage/record.ts';

const usage = (id: string | undefined, cost = 1): UsageInput => ({
  provider: 'openai',
  model: 'gpt-5',
  operation: 'chat',
  cost_usd: cost,
  ...(id === undefined ? {} : { usage_id: id }),
});
const ids = (records: readonly { usage_id: string }[]): string[] => records.map(({ usage_id }) => usage_id);

describe.each(['json', 'db'])('recording into a .%s ledger', (ending) => {
  let folder: string;
  let ledger: ReturnType<typeof openLedger>;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'llm-spend-record-new-'));
    ledger = openLedger({ ledger: path.join(folder, `costs.${ending}`), pricing: false });
  });
  afterEach(async () => {
    await ledger.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('tells what is new from what is recorded already', async () => {
    const first = await recordNew(ledger, [usage('a'), usage('b')]);
    expect([ids(first.added), first.alreadyRecorded]).toEqual([['a', 'b'], []]);
    const second = await recordNew(ledger, [usage('b', 9), usage('c'), usage(undefined)]);
    expect(second.alreadyRecorded).toEqual(['b']);
    expect(second.added).toHaveLength(2);
    expect(ids(second.added)[0]).toBe('c');
    // The record that was there first stays as it was.
    const stored = await ledger.read();
    expect(stored).toHaveLength(4);
    expect(stored.find(({ usage_id: id }) => id === 'b')).toMatchObject({ cost_usd: 1 });
  });

  test('finds what another process recorded', async () => {
    const other = openLedger({ ledger: ledger.path, pricing: false });
    await ledger.refresh();
    await other.track(usage('theirs'));
    await other.close();
    expect(await recordNew(ledger, [usage('theirs')])).toEqual({ added: [], alreadyRecorded: ['theirs'] });
  });

  test('counts a usage that is in the list twice once', async () => {
    const { added, alreadyRecorded } = await recordNew(ledger, [usage('twice'), usage('twice')]);
    expect([ids(added), alreadyRecorded]).toEqual([['twice'], ['twice']]);
    expect(await ledger.read()).toHaveLength(1);
  });
});
