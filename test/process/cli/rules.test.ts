import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { json, Sandbox, usage } from './harness.ts';

/** `llm-spend rules`, and what records become by them. */

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await Sandbox.create();
});
afterEach(() => sandbox.dispose());

const run = (...args: string[]): ReturnType<Sandbox['on']> => sandbox.on(sandbox.ledger, args);
const CALL = ['record', '--provider', 'openai', '--model', 'gpt-5', '--operation', 'chat', '--cost-usd', '1'];
const ACME = ['rules', 'set', 'acme', '--model', 'gpt-*', '--account', 'acme', '--tag', 'client'];

describe('rules', () => {
  it('of imported records are undone before an older addition, and the addition after them', async () => {
    const imported = path.join(path.dirname(sandbox.ledger), 'imported.db');
    const ledger = { env: { LLM_SPEND_LEDGER: sandbox.ledger } };
    await sandbox.on(imported, CALL);
    await sandbox.run([...CALL, '--model', 'other'], ledger);
    await sandbox.run(ACME, ledger);
    expect((await sandbox.run(['rules', 'apply', '--yes'], ledger)).stdout).toContain('Changed 1 record.');
    const planned = await sandbox.run(['undo', '--dry-run'], ledger);
    expect(planned.stdout).toMatch(/1 record would be as before\. Nothing was changed\.\nLedger: .*imported\.db$/m);
    const undone = await sandbox.run(['undo'], ledger);
    expect(undone.stdout).toMatch(/1 record is as before\.\nLedger: .*imported\.db$/m);
    expect((await sandbox.run(['undo'], ledger)).stdout).toMatch(
      /^Undid the addition of .*: 1 record was removed\.\n$/,
    );
    expect(await sandbox.stored()).toEqual([]);
  });

  it('are tried, kept, in force for new records, applied to older ones, and undone', async () => {
    await run(...CALL, '--project', 'site');
    const before = await sandbox.stored();
    expect((await run(...ACME, '--dry-run')).stdout).toMatch(/1 record of 1 would change\. Nothing was changed\.$/m);
    expect((await run('rules')).stdout).toContain('No rules.');
    expect((await run(...ACME)).stdout).toContain('Added the rule acme.');
    expect(json(await run('rules', '--json'))).toMatchObject({
      rules: [{ name: 'acme', when: { model: 'gpt-*' }, set: { account: 'acme', tags: ['client'] } }],
    });
    await run(...CALL, '--account', 'other');
    expect((await sandbox.stored()).at(-1)).toMatchObject({ account: 'other', tags: ['client'] });
    expect(await run('rules', 'apply')).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
    const applied = json(await run('rules', 'apply', '--yes', '--json'));
    expect(applied).toMatchObject({ records: 2, to_change: 1, changed: 1, dry_run: false });
    expect((await sandbox.stored())[0]).toEqual({ ...before[0], account: 'acme', tags: ['client'] });
    expect((await run('costs', '--by', 'account', '--json')).stdout).toContain('"acme"');
    expect((await run('undo')).stdout).toContain('1 record is as before');
    expect((await sandbox.stored())[0]).toEqual(before[0]);
    expect((await run('rules', 'remove', 'acme')).code).toBe(0);
    expect((await run('rules', 'remove', 'acme')).code).toBe(1);
  });

  it('that would change 10,000 records are counted before, need a yes, and are undone', async () => {
    const lines = Array.from({ length: 10_000 }, () => usage({ cost_usd: 0.01 })).join('');
    await sandbox.on(sandbox.ledger, ['record', '--stdin'], { input: lines });
    await run(...ACME);
    const before = await sandbox.stored();
    expect(before).toHaveLength(10_000);
    expect((await run('rules', 'apply', '--dry-run')).stdout).toContain(
      '10,000 records of 10,000 would change. Nothing was changed.',
    );
    expect(await run('rules', 'apply')).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
    expect(await sandbox.stored()).toEqual(before);
    expect((await run('rules', 'apply', '--yes')).stdout).toBe('Changed 10,000 records.\n');
    expect(new Set((await sandbox.stored()).map(({ account }) => account))).toEqual(new Set(['acme']));
    expect((await run('undo')).stdout).toMatch(/: 10,000 records are as before\.$/m);
    expect(await sandbox.stored()).toEqual(before);
  });

  it.runIf(process.platform === 'linux').each([
    ['n\n', 1, undefined],
    ['\u0003', 1, undefined],
    ['y\n', 0, 'acme'],
  ])('ask in a terminal with the number of records, and go by the answer %j', async (answer, code, account) => {
    await run(...CALL);
    await run(...CALL);
    await run(...ACME);
    const asked = await sandbox.atTerminal(['rules', 'apply', '--ledger', sandbox.ledger], answer);
    expect(asked).toEqual({ code, text: expect.stringContaining('Change 2 records? [y/N]') });
    expect((await sandbox.stored()).map((each) => each['account'])).toEqual([account, account]);
  });

  it('go by the working folder of a record', async () => {
    const folder = path.join(path.dirname(sandbox.ledger), 'acme', 'site');
    await mkdir(folder, { recursive: true });
    await run('rules', 'set', 'acme', '--folder', path.dirname(folder), '--project', 'shop');
    await run(...CALL);
    await run(...CALL, '--folder', folder);
    expect(await sandbox.stored()).toMatchObject([{}, { project: 'shop', folder }]);
    expect((await sandbox.stored())[0]).not.toHaveProperty('project');
  });

  it.each([
    ['without a condition', ['--account', 'x'], 'when needs at least one of'],
    ['without a value', ['--model', 'x'], 'set needs at least one of'],
    ['with an impossible value', ['--model', 'x', '--charge', 'maybe'], 'charge: must be'],
  ])('are refused %s', async (_, flags, why) => {
    expect(await run('rules', 'set', 'r', ...flags)).toMatchObject({ code: 2, stderr: expect.stringContaining(why) });
  });

  it('of a file with a mistake stay as they were, and the line is named', async () => {
    await run(...ACME);
    await run(...CALL);
    const { file } = json(await run('rules', '--json')) as { file: string };
    const good = await readFile(file, 'utf8');
    await writeFile(file, good.replace('"model"', '"modell"'));
    const { stderr, code } = await run(...CALL);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/line 2: when\.modell is no/) });
    expect((await sandbox.stored()).map(({ account }) => account)).toEqual(['acme', 'acme']);
    expect(await run('rules')).toMatchObject({ code: 1, stderr: expect.stringContaining('line 2') });
  });
});
