import { beforeEach, describe, expect, test } from 'vitest';
import { hasPostgres } from '../../fixtures/postgres.ts';
import type { Sandbox } from '../cli/harness.ts';
import { serverAndMachine } from './serverAndMachine.ts';

/** Tables of version 1, which had no sums of guessed tokens. */
describe.skipIf(!hasPostgres())('tables that an older version made', () => {
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
    for (const table of ['record', 'rollup']) {
      await team.server.query(`ALTER TABLE llm_spend.${table} DROP COLUMN estimated_tokens`);
    }
    await team.server.query('UPDATE llm_spend.schema_version SET version = 1');
  });

  test('are updated by the first reader, with the sums of what is in them', async () => {
    expect(await guessedTokens()).toBe(42);
    const { stdout } = await run(['verify']);
    expect(stdout).toContain('is sound.\n2 records.\n');
    expect(await team.server.query('SELECT max(version) AS version FROM llm_spend.schema_version')).toEqual([
      { version: '2' },
    ]);
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
    expect(await team.server.query('SELECT max(version) AS version FROM llm_spend.schema_version')).toEqual([
      { version: '1' },
    ]);
    await team.server.query('DROP OWNED BY bob');
  });
});
