import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { json, Sandbox } from './harness.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.dispose());

const run = (...args: string[]): ReturnType<Sandbox['on']> => sandbox.on(sandbox.ledger, args);
const TOKENS = { 'input-tokens': '1000000', 'output-tokens': '0' };
const idOf = (record: Record<string, unknown>): string => String(record['usage_id']);

describe('edit', () => {
  it('changes one record in all the fields named, leaves the other, and undo takes it back', async () => {
    const before = await sandbox.record({ ...TOKENS, project: 'site', note: 'first' });
    const other = await sandbox.record({ ...TOKENS });
    const edited = ['--model', 'gpt-5-mini', '--project', 'docs', '--tag', 'a', '--tag', 'b', '--note', ''];
    const done = await run('edit', idOf(before), ...edited, '--json');
    expect(done.code).toBe(0);
    const changed = {
      model: 'gpt-5-mini',
      project: 'docs',
      tags: ['a', 'b'],
      cost_usd: 0.25,
      billing_mode: 'estimated',
    };
    expect(json(done)).toMatchObject({
      version: 1,
      command: 'edit',
      ledger: sandbox.ledger,
      changed: [{ usage_id: before['usage_id'], ...changed }],
      missing: [],
    });
    const [first, second] = await sandbox.stored();
    expect(first).toMatchObject(changed);
    expect(first).toMatchObject({ note: null });
    expect(second).toEqual(other);
    expect((await run('undo')).code).toBe(0);
    expect(await sandbox.stored()).toEqual([before, other]);
  });

  it('sets a cost, and says in words what the record is now and how to undo it', async () => {
    const record = await sandbox.record(TOKENS);
    const { code, stdout, stderr } = await run('edit', idOf(record), '--cost-usd', '0.5');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Now \$0\.50 · openai/);
    expect(stderr).toContain('1 record edited. To undo: llm-spend undo --ledger');
    expect(await sandbox.stored()).toMatchObject([{ cost_usd: 0.5, cost_known: true, billing_mode: 'known' }]);
  });

  it('changes those that exist, names the others, and ends with 1', async () => {
    const record = await sandbox.record(TOKENS);
    const done = await run('edit', idOf(record), 'no-such-id', '--project', 'x', '--json');
    expect(done.code).toBe(1);
    expect(json(done)).toMatchObject({
      changed: [{ usage_id: record['usage_id'], project: 'x' }],
      missing: ['no-such-id'],
    });
    expect((await run('edit', 'no-such-id', '--project', 'x')).stderr).toContain('There is no record "no-such-id" in ');
  });

  it('of 10,000 records: their number is shown before, a few of them after, and undo takes all back', async () => {
    const calls = Array.from({ length: 10_000 }, (_, i) => ({
      usage_id: `r${i}`,
      provider: 'openai',
      model: 'gpt-5',
      operation: 'chat',
      cost_usd: 1,
      timestamp: '2026-01-01T00:00:00Z',
    }));
    await writeFile(sandbox.ledger, JSON.stringify(calls));
    const ids = calls.map(({ usage_id: id }) => id);
    const planned = await run('edit', ...ids, '--project', 'x', '--dry-run');
    expect(planned).toMatchObject({ code: 0, stdout: '10,000 records of 10,000 would change. Nothing was changed.\n' });
    expect((await sandbox.stored()).filter(({ project }) => project === 'x')).toEqual([]);
    const done = await run('edit', ...ids, '--project', 'x');
    expect(done.stdout.match(/^Now /gm)).toHaveLength(20);
    expect(done.stdout).toContain('and 9,980 more: --json');
    expect(done.stderr).toContain('10,000 records edited. To undo: llm-spend undo --ledger');
    expect((await sandbox.stored()).filter(({ project }) => project === 'x')).toHaveLength(10_000);
    expect((await run('undo')).code).toBe(0);
    expect(JSON.stringify(await sandbox.stored())).toBe(JSON.stringify(calls));
  });

  it.each([
    ['no new value', [], 'give at least one new value'],
    ['a cost that is no number', ['--cost-usd', '1,5'], '--cost-usd'],
    ['an empty model', ['--model', ''], 'model'],
  ])('refuses %s, and changes nothing', async (_what, flags, says) => {
    const record = await sandbox.record(TOKENS);
    const { code, stderr } = await run('edit', idOf(record), ...flags);
    expect(code).toBe(2);
    expect(stderr).toContain(says);
    expect(await sandbox.stored()).toEqual([record]);
  });
});

describe('unpriced', () => {
  it('lists the models without a price, suggests one, and its commands price the calls', async () => {
    await sandbox.record({ ...TOKENS, provider: 'acme', model: 'rocket-1' });
    await sandbox.record({ ...TOKENS, provider: 'acme', model: 'rocket-1' });
    await sandbox.record(TOKENS);
    const listed = json(await run('unpriced', '--json'));
    expect(listed).toMatchObject({ version: 1, command: 'unpriced' });
    expect(listed['models']).toMatchObject([
      { provider: 'acme', model: 'rocket-1', calls: 2, code: 'unknown-provider', has_price_now: false },
    ]);
    const { stdout, code } = await run('unpriced');
    expect(code).toBe(0);
    expect(stdout).toContain('2 calls without a cost.');
    expect(stdout).toContain('llm-spend prices set rocket-1 --provider acme --input');
    const set = ['prices', 'set', 'rocket-1', '--provider', 'acme', '--input', '2', '--output', '8'];
    expect((await sandbox.run(set)).code).toBe(0);
    expect(json(await run('unpriced', '--json'))['models']).toMatchObject([{ model: 'rocket-1', has_price_now: true }]);
    expect((await run('reprice', '--yes')).code).toBe(0);
    expect(await run('unpriced')).toMatchObject({ code: 0, stdout: 'Every call has a cost.\n' });
    expect((await sandbox.stored()).map(({ cost_usd }) => cost_usd)).toEqual([2, 2, 1.25]);
  });

  it('says that every call has a cost, also of an empty ledger', async () => {
    expect(json(await run('unpriced', '--json'))['models']).toEqual([]);
    expect(await run('unpriced')).toMatchObject({ code: 0, stdout: 'Every call has a cost.\n' });
  });
});
