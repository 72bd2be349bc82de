import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { checkedBudget } from '../../../src/budgets/budget.ts';
import { budgetState, type BudgetAnswers } from '../../../src/budgets/budgetState.ts';
import { dueWarnings, type DueWarnings } from '../../../src/budgets/warnings.ts';
import { openLedger } from '../../../src/library/index.ts';
import { TeamClaims } from '../../../src/sync/budgetTeam.ts';
import { emptyTotals } from '../../../src/usage/query.ts';
import { hasServerPrograms } from '../../fixtures/postgres.ts';
import { cli, type Result, type Sandbox } from '../cli/harness.ts';
import { recordCall, twoMachines } from './twoMachines.ts';

/** Budgets that cover all machines of a person, or of a team: sums and claims of the team's ledger. */
describe.skipIf(!hasServerPrograms())('budgets of several machines', () => {
  const office = twoMachines('budgets');

  const joinTeam = (machine: Sandbox, user: string): Promise<Result> =>
    machine.run([
      'sync',
      '--to',
      office.url,
      '--user',
      user,
      '--machine',
      machine === office.laptop ? 'laptop' : 'desk',
    ]);
  const budget = (machine: Sandbox, name: string, scope: string): Promise<Result> =>
    machine.run(['budget', 'set', name, '--amount', '10', '--levels', '50,100', '--scope', scope]);
  const check = async (machine: Sandbox, name: string): Promise<unknown> => {
    const { code, stdout, stderr } = await machine.run(['budget', 'check', name, '--json']);
    const { budgets } = JSON.parse(stdout) as { budgets: Record<string, unknown>[] };
    return { code, stderr, ...budgets[0] };
  };
  const crossings = (): Promise<Record<string, unknown>[]> =>
    office.server.query('SELECT shown FROM llm_spend.crossing WHERE ledger_id = $1', [
      new URL(office.url).searchParams.get('ledger'),
    ]);

  /** The warnings that `watch` shows until it has ended after one change. */
  const watched = (machine: Sandbox): { warnings: Promise<string[]>; ready: Promise<void>; stop: () => void } => {
    const child = spawn(process.execPath, [cli, 'watch', '--json'], {
      env: machine.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const texts: string[] = [];
    const ready = new Promise<void>((resolve) => {
      createInterface(child.stdout).on('line', (line) => {
        const { event, text } = JSON.parse(line) as { event: string; text: string };
        if (event === 'start') resolve();
        if (event === 'budget') texts.push(text);
      });
    });
    const warnings = new Promise<string[]>((resolve) => child.once('close', () => resolve(texts)));
    return { warnings, ready, stop: () => child.kill('SIGTERM') };
  };

  test('add up on the server: what this machine spends, what I spend, and what the team spends', async () => {
    await recordCall(office.laptop, '1');
    await recordCall(office.desk, '2');
    expect((await budget(office.laptop, 'ours', 'team')).stderr).toContain('this machine is not in a team');
    await joinTeam(office.laptop, 'ann');
    await joinTeam(office.desk, 'bob');
    await budget(office.laptop, 'own', 'machine');
    await budget(office.laptop, 'mine', 'me');
    await budget(office.laptop, 'ours', 'team');
    const file = join(office.laptop.env['XDG_CONFIG_HOME']!, 'llm-spend', 'budgets.json');
    const scopes = (JSON.parse(readFileSync(file, 'utf8')) as { scope?: string }[]).map(({ scope }) => scope);
    expect(scopes).toEqual([undefined, 'me', 'team']);
    // It was not sent yet, and counts once.
    await recordCall(office.laptop, '0.25');
    expect(await check(office.laptop, 'own')).toMatchObject({ code: 0, spent: '1.25', at_least: false });
    expect(await check(office.laptop, 'mine')).toMatchObject({ code: 0, spent: '1.25', scope: 'me', at_least: false });
    expect(await check(office.laptop, 'ours')).toMatchObject({
      code: 0,
      spent: '3.25',
      scope: 'team',
      at_least: false,
    });
    await recordCall(office.desk, '7');
    await office.desk.run(['sync']);
    expect(await check(office.laptop, 'ours')).toMatchObject({ code: 4, spent: '10.25', over: true });
    // Commands that answer at once use the sums that were asked for last.
    const { stdout } = await office.laptop.run(['costs']);
    expect(stdout).toContain('Budget ours is used up: $10.25 of $10.00 this month by the team (102 %).');
    const hook = await office.laptop.run(['budget', 'hook', 'claude-code'], { input: '{}' });
    expect(hook.stdout).toContain('the budget ours is used up');
  });

  test('say how old their sums are while the server cannot be reached, and when they are not known', async () => {
    await recordCall(office.laptop, '6');
    await joinTeam(office.laptop, 'ann');
    await budget(office.laptop, 'ours', 'team');
    await office.server.kill();
    try {
      expect(await check(office.laptop, 'ours')).toMatchObject({
        code: 1,
        spent: '0',
        at_least: true,
        as_of: null,
        stderr: expect.stringContaining('no server answers there') as string,
      });
      await office.server.start();
      await office.laptop.run(['sync']);
      await office.server.kill();
      const known = await check(office.laptop, 'ours');
      expect(known).toMatchObject({ code: 0, spent: '6', at_least: true, as_of: expect.any(String) as string });
      const { stdout } = await office.laptop.run(['budget', 'check']);
      expect(stdout).toMatch(
        /ours: at least \$6\.00 of \$10\.00 this month by the team \(60 %, as of \w+ \d+, \d\d:\d\d\)/,
      );
    } finally {
      await office.server.start();
    }
    await office.laptop.run(['sync', '--leave']);
    expect(await check(office.laptop, 'ours')).toMatchObject({ code: 1, at_least: true, as_of: null });
  });

  test('two machines reach a level together: one message', async () => {
    await joinTeam(office.laptop, 'ann');
    await joinTeam(office.desk, 'bob');
    for (const machine of [office.laptop, office.desk]) await budget(machine, 'ours', 'team');
    const watches = [watched(office.laptop), watched(office.desk)];
    await Promise.all(watches.map(({ ready }) => ready));
    await Promise.all([recordCall(office.laptop, '3'), recordCall(office.desk, '3')]);
    await expect.poll(crossings, { timeout: 60_000 }).toEqual([{ shown: true }]);
    // Each looks again within five seconds. The message of the other one must not come.
    await expect.poll(() => localClaims([office.laptop, office.desk]), { timeout: 60_000 }).toEqual([1, 1]);
    for (const { stop } of watches) stop();
    const warnings = (await Promise.all(watches.map((each) => each.warnings))).flat();
    expect(warnings).toEqual([expect.stringContaining('Budget ours has reached 50 %')]);
  });

  describe('claims', () => {
    const NOW = Date.parse('2026-11-20T12:00:00Z');
    const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
    /** No claim is this old, even on a busy machine. */
    const LONG_MS = 3_600_000;
    const folders: string[] = [];
    const claims: TeamClaims[] = [];
    afterEach(async () => {
      vi.unstubAllEnvs();
      for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
      await Promise.all(claims.splice(0).map((each) => each.close()));
    });
    beforeEach(async () => {
      // This process is in a team, too: otherwise no kept sums count.
      const config = join(office.laptop.folder, 'config');
      mkdirSync(join(config, 'llm-spend'), { recursive: true });
      writeFileSync(join(config, 'llm-spend', 'team.json'), '{}');
      vi.stubEnv('XDG_CONFIG_HOME', config);
      vi.stubEnv('XDG_STATE_HOME', join(office.laptop.folder, 'state'));
      // Without any record there are no tables, and no budget reaches a level.
      const ledger = openLedger({ ledger: office.url, pricing: false });
      await ledger.track({ provider: 'openai', model: 'gpt-5', operation: 'chat', cost_usd: 6 });
      await ledger.close();
    });

    /** Looks at a budget as a process of one machine. */
    const machineOf = (user: string, scope: 'me' | 'team'): ((leaseMs?: number) => Promise<DueWarnings>) => {
      const folder = mkdtempSync(join(tmpdir(), 'llm-spend-alerts-'));
      const shared = new TeamClaims(office.url, user);
      folders.push(folder);
      claims.push(shared);
      const totals = { ...emptyTotals(), records: 1, recordedNanos: 6_000_000_000n };
      const groups = [{ key: ['2026-11-20'], totals }];
      const answers: BudgetAnswers = {
        aggregate: () => Promise.resolve(groups),
        team: { sums: () => Promise.resolve(groups), claims: shared },
      };
      return async (leaseMs = LONG_MS) => {
        const checked = checkedBudget({ name: 'ours', amount: '10', period: 'month', levels: [20, 50], scope });
        const state = await budgetState(checked, answers, NOW, calendar);
        return dueWarnings([state], { answers, calendar, now: NOW, folder, leaseMs });
      };
    };
    const levels = ({ warnings }: DueWarnings): number[] => warnings.map(({ level }) => level);

    test('of eight machines at once, one shows the message', async () => {
      const machines = Array.from({ length: 8 }, (_, i) => machineOf(`user${i}`, 'team'));
      const due = await Promise.all(machines.map((look) => look()));
      const [winner, ...none] = due.filter(({ warnings }) => warnings.length > 0);
      expect([levels(winner!), none]).toEqual([[50], []]);
      // The others look again when its lease ends.
      expect(due.filter(({ retryAt }) => retryAt !== undefined && retryAt > NOW)).toHaveLength(7);
      await winner!.warnings[0]!.shown();
      const again = await Promise.all(machines.map((look) => look()));
      expect(again).toEqual(machines.map(() => ({ warnings: [], retryAt: undefined })));
    });

    test('each person has an own message for a budget of all own machines', async () => {
      const [laptopOfAnn, deskOfAnn, bobs] = [machineOf('ann', 'me'), machineOf('ann', 'me'), machineOf('bob', 'me')];
      const first = await laptopOfAnn();
      await first.warnings[0]!.shown();
      expect([levels(first), levels(await deskOfAnn()), levels(await bobs())]).toEqual([[50], [], [50]]);
    });

    test('the server is killed between claim and message: the machine tells the others later, and they show nothing', async () => {
      const [one, other] = [machineOf('ann', 'team'), machineOf('bob', 'team')];
      const { warnings } = await one();
      await office.server.kill();
      await warnings[0]!.shown();
      await office.server.start();
      expect(levels(await other())).toEqual([]);
      expect(levels(await one())).toEqual([]);
      // Even when the lease is over.
      expect(levels(await other(0))).toEqual([]);
    });

    test('a machine that dies between claim and message is replaced after the lease, by one', async () => {
      const [dead, one, other] = [machineOf('ann', 'team'), machineOf('bob', 'team'), machineOf('cy', 'team')];
      expect(levels(await dead())).toEqual([50]);
      expect(levels(await one())).toEqual([]);
      const [first, second] = await Promise.all([one(1), other()]);
      expect([levels(first), levels(second)]).toEqual([[50], []]);
    });

    test('while the server is away each machine shows it once, and no other machine later', async () => {
      const [one, other] = [machineOf('ann', 'team'), machineOf('bob', 'team')];
      await office.server.kill();
      const { warnings } = await one();
      expect(warnings.map(({ level }) => level)).toEqual([50]);
      await warnings[0]!.shown();
      expect(levels(await one())).toEqual([]);
      await office.server.start();
      expect(levels(await one())).toEqual([]);
      expect(levels(await other())).toEqual([]);
      expect(await crossings()).toEqual([{ shown: true }]);
    });
  });
});

/** The number of shown warnings that each machine knows of. */
function localClaims(machines: readonly Sandbox[]): number[] {
  return machines.map(({ env }) => {
    const folder = join(env['XDG_CONFIG_HOME']!, 'llm-spend', 'alerts');
    if (!existsSync(folder)) return 0;
    const claimed = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown);
    return claimed.filter((each) => (each as { isShown: boolean }).isShown).length;
  });
}
