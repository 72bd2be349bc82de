import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Assigner } from '../../../src/rules/assign.ts';
import type { AssignmentRule } from '../../../src/rules/rule.ts';
import { claudeCode } from '../../../src/sources/claude-code/index.ts';
import { statePath } from '../../../src/sources/import/state.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { jsonLines, World } from '../sources/world.ts';

/** Rules in an import. */

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const ACME: AssignmentRule = {
  name: 'acme',
  when: { folder: '/srv/acme', source: 'claude-code' },
  set: { account: 'acme', project: 'shop' },
};

const reply = (n: number, cwd: string): object => ({
  timestamp: '2026-11-20T10:00:00.000Z',
  requestId: `r${n}`,
  sessionId: 's',
  cwd,
  message: { id: `m${n}`, model: 'claude-opus-4-5', usage: { input_tokens: 10 * n, output_tokens: 1 } },
});

describe('an import', () => {
  test('stores the folder of a call, and what a rule makes of it', async () => {
    world.file('.claude/projects/p/s.jsonl', jsonLines(reply(1, '/srv/acme/api'), reply(2, '/srv/other')));
    const assigner = new Assigner([ACME]);
    await world.import(claudeCode, { assign: async (records) => assigner.assign(records) });
    const records = (await world.records()).sort((a, b) => a.input_tokens - b.input_tokens);
    expect(records).toMatchObject([
      { folder: '/srv/acme/api', account: 'acme', project: 'shop' },
      { folder: '/srv/other', project: 'other' },
    ]);
    expect(records[1]).not.toHaveProperty('account');
  });

  test('adds the folder to records of before, and nothing else', async () => {
    world.file('.claude/projects/p/s.jsonl', jsonLines(reply(1, '/srv/acme/api')));
    await world.import(claudeCode);
    const ledger = world.ledger();
    const [before] = await ledger.read();
    const { folder, ...older } = { ...before!, project: 'mine' };
    const isThere = (there: UsageRecord | undefined): boolean => there !== undefined && !('folder' in there);
    await ledger.upsert((get) => (isThere(get(older.usage_id)) ? [] : [older]));
    await ledger.close();
    rmSync(statePath(ledger.path, claudeCode.id));
    expect(await world.import(claudeCode)).toMatchObject({ added: 0, updated: 1 });
    expect(await world.records()).toEqual([{ ...older, folder }]);
  });
});
