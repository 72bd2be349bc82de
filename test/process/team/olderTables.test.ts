import { beforeEach, describe, expect, test } from 'vitest';
import { TABLES_VERSION } from '../../../src/ledger/postgres/schema.ts';
import { hasServerPrograms } from '../../fixtures/postgres.ts';
import type { Sandbox } from '../cli/harness.ts';
import { serverAndMachine } from './serverAndMachine.ts';

const VERSION = 'SELECT max(version) AS version FROM llm_spend.schema_version';

/** Makes the tables as version 2 had them: without summaries, and without claims of warnings. */
async function makeVersion2({ server }: ReturnType<typeof serverAndMachine>): Promise<void> {
  await server.query('DROP TABLE llm_spend.summary_day, llm_spend.summary_hour, llm_spend.crossing');
  await server.query('DROP INDEX llm_spend.rollup_series, llm_spend.record_cost');
  await server.query('UPDATE llm_spend.schema_version SET version = 2');
}

/** Tables of version 1, which had no sums of guessed tokens. */
describe.skipIf(!hasServerPrograms())('tables that an older version made', () => {
  const team = serverAndMachine();

  const run = (args: string[], user = 'postgres'): ReturnType<Sandbox['run']> =>
    team.sandbox.run([...args, '--ledger', team.server.url('postgres', user)]);
  const record = (guessed: string, note: string): ReturnType<Sandbox['run']> => {
    const call = ['--provider', 'openai', '--model', 'gpt-5', '--operation', 'chat', '--cost-usd', '1'];
    return run(['record', ...call, '--input-tokens', '100', '--estimated-tokens', guessed, '--note', note]);
  };
  const guessedTokens = async (): Promise<unknown> => {
    const { stdout } = await run(['costs', '--json']);
    return (JSON.parse(stdout) as { totals: { estimated_tokens: number } }).totals.estimated_tokens;
  };

  beforeEach(async () => {
    await team.server.query('DROP SCHEMA IF EXISTS llm_spend CASCADE');
    await record('30', 'a note that says "estimated_tokens":7, and more');
    await record('12', 'x');
    await makeVersion2(team);
    for (const table of ['record', 'rollup']) {
      await team.server.query(`ALTER TABLE llm_spend.${table} DROP COLUMN estimated_tokens`);
    }
    await team.server.query('UPDATE llm_spend.schema_version SET version = 1');
  });

  test('are updated by the first reader, with the sums of what is in them', async () => {
    expect(await guessedTokens()).toBe(42);
    const { stdout } = await run(['verify']);
    expect(stdout).toContain('is sound.\n2 records.\n');
    expect(await team.server.query(VERSION)).toEqual([{ version: String(TABLES_VERSION) }]);
  });

  test('are updated by the first writer', async () => {
    await record('8', 'y');
    expect(await guessedTokens()).toBe(50);
  });

  test('stay as they are for a user who may not change them, with a message that says who may', async () => {
    await team.server.query('DROP ROLE IF EXISTS bob');
    await team.server.query('CREATE ROLE bob LOGIN');
    await team.server.query('GRANT USAGE ON SCHEMA llm_spend TO bob');
    await team.server.query('GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA llm_spend TO bob');
    const { stderr, code } = await run(['costs'], 'bob');
    expect(stderr).toContain('only their owner can update them');
    expect(code).toBe(1);
    expect(await team.server.query(VERSION)).toEqual([{ version: '1' }]);
    await team.server.query('DROP OWNED BY bob');
  });
});

/** Tables of version 2, which had no summaries. */
describe.skipIf(!hasServerPrograms())('tables without summaries', () => {
  const team = serverAndMachine();

  const url = (user = 'postgres', ledger = 'main'): string =>
    `${team.server.url('postgres', user)}?ledger=${encodeURIComponent(ledger)}`;
  const run = (args: string[], ledger = url()): ReturnType<Sandbox['run']> =>
    team.sandbox.run([...args, '--ledger', ledger]);
  const record = (model: string, cost: string, ledger = url()): ReturnType<Sandbox['run']> =>
    run(['record', '--provider', 'openai', '--model', model, '--operation', 'chat', '--cost-usd', cost], ledger);
  const costs = async (ledger = url()): Promise<unknown> => {
    const { stdout } = await run(['costs', '--by', 'model', '--json'], ledger);
    const { groups } = JSON.parse(stdout) as { groups: { key: { model: string }; cost_usd: number }[] };
    return groups.map(({ key, cost_usd }) => [key.model, cost_usd]);
  };

  beforeEach(async () => {
    await team.server.query('DROP SCHEMA IF EXISTS llm_spend CASCADE');
    await record('gpt-5', '0.1');
    await record('gpt-5', '0.2');
    await record('a model "in quotes"\n', '4');
    await record('gpt-5', '8', url('postgres', 'other'));
    await makeVersion2(team);
  });

  test('get those of all ledgers, exactly', async () => {
    const model = 'a model "in quotes"\n';
    expect(await costs()).toEqual([
      [model, 4],
      ['gpt-5', 0.3],
    ]);
    expect(await costs(url('postgres', 'other'))).toEqual([['gpt-5', 8]]);
    expect((await run(['verify'])).stdout).toContain('is sound.\n3 records.\n');
    expect(await team.server.query(VERSION)).toEqual([{ version: String(TABLES_VERSION) }]);
  });

  test('are not taken for those of this version when the administrator runs the script of a newer one first', async () => {
    const { stdout } = await run(['sync', '--print-sql']);
    await team.server.query(stdout);
    expect(await team.server.query(VERSION)).toEqual([{ version: '2' }]);
    await record('gpt-5', '1');
    expect(await costs()).toEqual([
      ['a model "in quotes"\n', 4],
      ['gpt-5', 1.3],
    ]);
  });

  test('can be read and written by the same users as before', async () => {
    const { stdout } = await run(['sync', '--print-sql']);
    await team.server.query(stdout);
    await team.server.query('DROP TABLE llm_spend.summary_day, llm_spend.summary_hour, llm_spend.crossing');
    await team.server.query('DROP ROLE IF EXISTS "Ann ""A"""');
    await team.server.query('CREATE ROLE "Ann ""A""" LOGIN IN ROLE llm_spend_member');
    await run(['verify']);
    const ann = url(encodeURIComponent('Ann "A"'));
    expect((await record('o3', '2', ann)).code).toBe(0);
    expect(await costs(ann)).toContainEqual(['o3', 2]);
    const rights = `SELECT privilege_type AS may FROM information_schema.table_privileges
      WHERE table_name = 'crossing' AND grantee = 'llm_spend_member' ORDER BY 1`;
    expect((await team.server.query(rights)).map(({ may }) => may)).toEqual(['INSERT', 'SELECT', 'UPDATE']);
    await team.server.query('DROP OWNED BY "Ann ""A"""');
  });
});
