import { writeFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hasServerPrograms, TestServer } from '../../fixtures/postgres.ts';
import type { Result } from '../cli/harness.ts';
import { recordCall, twoMachines } from './twoMachines.ts';

const HBA = 'host all ann 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n';

/** `llm-spend sync`, and `costs --scope`, as a person uses them on two machines. */
describe.skipIf(!hasServerPrograms())('llm-spend sync', () => {
  const office = twoMachines('cli');

  const json = (result: Result): Record<string, unknown> => JSON.parse(result.stdout) as Record<string, unknown>;

  test('sends only what was added to a database since, and compares everything after other changes', async () => {
    office.laptop.env['LLM_SPEND_LEDGER'] = office.laptop.file('costs.db');
    await recordCall(office.laptop, '1');
    await recordCall(office.laptop, '2');
    const synced = async (...more: string[]): Promise<Record<string, unknown>> =>
      json(await office.laptop.run(['sync', '--json', ...more]));
    expect(await synced('--to', office.url)).toMatchObject({ records: 2, sent: 2, unchanged: false });
    expect(await synced()).toMatchObject({ records: 2, sent: 0, unchanged: true });
    // A comparison finds rows that differ.
    const ledgerId = new URL(office.url).searchParams.get('ledger');
    await office.server.query('UPDATE llm_spend.usage_key SET digest = digest + 1 WHERE ledger_id = $1', [ledgerId]);
    await recordCall(office.laptop, '4');
    expect(await synced()).toMatchObject({ records: 3, sent: 1, withdrawn: 0, unchanged: false });
    expect(await synced()).toMatchObject({ records: 3, sent: 0, unchanged: true });
    await recordCall(office.laptop, '8');
    await office.laptop.run(['undo']);
    expect(await synced()).toMatchObject({ records: 3, sent: 2, withdrawn: 0 });
    await office.laptop.run(['undo']);
    expect(await synced()).toMatchObject({ records: 2, sent: 0, withdrawn: 1 });
    const team = json(await office.laptop.run(['costs', '--scope', 'team', '--json']));
    expect(team['totals']).toMatchObject({ records: 2, cost_usd: 3 });
  });

  test('joins, previews, sends, shows three scopes, and leaves', async () => {
    await recordCall(office.laptop, '1', '--project', 'site', '--note', 'private words');
    await recordCall(office.desk, '2', '--project', 'site');
    const preview = await office.laptop.run([
      'sync',
      '--to',
      office.url,
      '--user',
      'ann',
      '--machine',
      'laptop',
      '--dry-run',
    ]);
    expect(JSON.parse(preview.stdout)).toMatchObject({ project: 'site', cost_usd: 1, user: 'ann', machine: 'laptop' });
    expect(preview.stdout).not.toContain('private words');
    expect(preview.stderr).toContain('1 record would be sent');
    expect((await office.laptop.run(['sync'])).stderr).toContain('this machine is not in a team');

    const joined = await office.laptop.run(['sync', '--to', office.url, '--user', 'ann', '--machine', 'laptop']);
    expect(joined.stdout).toBe(`Joined ${office.url} as ann.\nIn step: 1 record of this machine, 1 sent.\n`);
    expect((await stat(join(office.laptop.env['XDG_CONFIG_HOME']!, 'llm-spend', 'team.json'))).mode & 0o777).toBe(
      0o600,
    );
    expect(
      json(await office.desk.run(['sync', '--to', office.url, '--user', 'bob', '--machine', 'desk', '--json'])),
    ).toMatchObject({
      command: 'sync',
      records: 1,
      sent: 1,
    });

    // It was not sent yet, and counts once.
    await recordCall(office.laptop, '0.25');
    const team = json(await office.laptop.run(['costs', '--scope', 'team', '--by', 'user,machine', '--json']));
    expect(team['totals']).toMatchObject({ records: 3, cost_usd: 3.25 });
    expect(team['groups']).toMatchObject([
      { key: { user: 'bob', machine: 'desk' }, cost_usd: 2 },
      { key: { user: 'ann', machine: 'laptop' }, cost_usd: 1.25 },
    ]);
    const me = json(await office.laptop.run(['costs', '--scope', 'me', '--json']));
    expect(me['totals']).toMatchObject({ records: 2, cost_usd: 1.25 });
    expect(json(await office.laptop.run(['costs', '--json']))['totals']).toMatchObject({ records: 2, cost_usd: 1.25 });

    await office.laptop.run(['undo']);
    expect((await office.laptop.run(['sync', '--status'])).stdout).toContain('Waiting: changes');
    expect((await office.laptop.run(['sync'])).stdout).toBe(
      'In step: 1 record of this machine, 0 sent, 1 withdrawn.\n',
    );
    expect((await office.laptop.run(['sync', '--status'])).stdout).toContain('Waiting: nothing');
    expect((await office.laptop.run(['sync', '--leave', '--forget'])).stdout).toBe(
      `Left ${office.url}. 1 record of this machine were removed from it.\n`,
    );
    expect(json(await office.desk.run(['costs', '--scope', 'team', '--json']))['totals']).toMatchObject({ records: 1 });
    expect(json(await office.laptop.run(['costs', '--json']))['totals']).toMatchObject({ records: 1, cost_usd: 1 });
  });

  test('finds what it sent before it left, when it joins again', async () => {
    await recordCall(office.laptop, '1');
    await recordCall(office.laptop, '2');
    await office.laptop.run(['sync', '--to', office.url]);
    await office.laptop.run(['sync', '--leave']);
    await office.laptop.run(['undo']);
    expect(json(await office.laptop.run(['sync', '--to', office.url, '--json']))).toMatchObject({
      records: 1,
      sent: 0,
      withdrawn: 1,
    });
    expect(json(await office.laptop.run(['costs', '--scope', 'team', '--json']))['totals']).toMatchObject({
      cost_usd: 1,
    });
    await office.laptop.run(['sync', '--leave', '--forget']);
    expect(json(await office.laptop.run(['sync', '--to', office.url, '--json']))).toMatchObject({
      records: 1,
      sent: 1,
      withdrawn: 0,
    });
    expect(json(await office.laptop.run(['costs', '--scope', 'team', '--json']))['totals']).toMatchObject({
      cost_usd: 1,
    });
  });

  test('catches up after the server could not be reached, and says why it was not', async () => {
    await recordCall(office.laptop, '1');
    await office.laptop.run(['sync', '--to', office.url]);
    await office.server.kill();
    expect((await recordCall(office.laptop, '2')).code).toBe(0);
    const failed = await office.laptop.run(['sync']);
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('no server answers there')]);
    expect((await office.laptop.run(['costs', '--scope', 'team'])).code).toBe(1);
    const status = await office.laptop.run(['sync', '--status']);
    expect(status.stdout).toContain('Waiting: 1 new record');
    expect(status.stdout).toContain('Last attempt failed: 127.0.0.1');
    await office.server.start();
    expect((await office.laptop.run(['sync'])).stdout).toBe('In step: 2 records of this machine, 1 sent.\n');
    expect((await office.laptop.run(['sync', '--status'])).stdout).not.toContain('failed');
  });

  test.each([
    [['sync', '--to', 'postgres://me:secret@localhost/costs'], 'The URL contains a password'],
    [['sync', '--to', 'postgres://localhost'], 'names no database'],
    [['sync', '--to', 'mysql://me:secret@localhost/costs'], 'begins with postgres://'],
    [['sync', '--to', 'postgres://me@db.example.com/x?sslmode=require'], 'does not prove which server answers'],
    [['sync', '--forget'], 'belongs to --leave'],
    [['costs', '--scope', 'team'], 'this machine is not in a team'],
    [['costs', '--scope', 'world'], '--scope'],
  ])('refuses %j with a clear message', async (args, message) => {
    const { code, stderr } = await office.laptop.run(args);
    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('secret');
    await expect(readFile(join(office.laptop.env['XDG_CONFIG_HOME']!, 'llm-spend', 'team.json'))).rejects.toThrow(
      'ENOENT',
    );
  });

  test('prints the SQL for an administrator', async () => {
    const { stdout } = await office.laptop.run(['sync', '--print-sql']);
    expect(stdout).toContain('CREATE ROLE llm_spend_member');
    expect(stdout).toContain('ENABLE ROW LEVEL SECURITY');
  });

  test('asks for a password at once, and names neither it nor a file that is not there as the cause', async () => {
    const locked = TestServer.make();
    try {
      writeFileSync(join(locked.folder, 'data', 'pg_hba.conf'), HBA);
      await locked.start();
      await locked.query("CREATE ROLE ann SUPERUSER LOGIN PASSWORD 'right:word'");
      const to = locked.url('postgres', 'ann');
      const refused = await office.laptop.run(['sync', '--to', to, '--json']);
      expect(json(refused)['error']).toMatchObject({
        code: 'password',
        message: expect.stringContaining('the server wants a password of the user ann') as string,
      });
      // The server itself would give up after authentication_timeout, a minute.
      const connections = await locked.query("SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend'");
      expect(connections.length).toBe(1);
    } finally {
      locked.dispose();
    }
  });
});
