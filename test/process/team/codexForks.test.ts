import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FOLDER, fork, parent, textOf, type Session } from '../../fixtures/codexFamily.ts';
import { hasServerPrograms } from '../../fixtures/postgres.ts';
import { json, type Sandbox } from '../cli/harness.ts';
import { twoMachines } from './twoMachines.ts';

/** Calls that Codex' forks repeat, which imports of two machines found in different orders: each counts once in the team. */
describe.skipIf(!hasServerPrograms())("Codex' forks in a team", () => {
  const office = twoMachines('forks');

  const pathOn = (machine: Sandbox, { id }: Session): string =>
    join(machine.env['HOME']!, FOLDER, `rollout-${id}.jsonl`);

  function write(machine: Sandbox, session: Session): void {
    const path = pathOn(machine, session);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, textOf(session));
  }

  async function importAndSend(machine: Sandbox): Promise<void> {
    for (const args of [['import', 'codex'], ['sync']]) {
      const { code, stderr } = await machine.run(args);
      expect([stderr, code]).toEqual(['', 0]);
    }
  }

  /** The input of each session's calls, as the team's server adds them up. */
  async function inTeam(): Promise<Record<string, unknown>> {
    const costs = await office.desk.run(['costs', '--scope', 'team', '--by', 'session', '--json']);
    const groups = json(costs)['groups'] as { key: { session: string }; records: number; input_tokens: number }[];
    return Object.fromEntries(
      groups.map(({ key, records, input_tokens }) => [key.session, `${records} of ${input_tokens}`]),
    );
  }

  test('count once, in whichever order their files appear, and after one is gone', async () => {
    const a = parent();
    const b = fork('b', a, [70, 80]);
    for (const machine of [office.laptop, office.desk]) {
      await machine.run(['sync', '--to', office.url, '--fields', 'session_id,input_tokens,output_tokens']);
    }

    write(office.laptop, b);
    await importAndSend(office.laptop);
    expect(await inTeam()).toEqual({ b: '5 of 6150' });

    write(office.laptop, a);
    await importAndSend(office.laptop);
    const truth = { b: '2 of 150', parent: '3 of 6000' };
    expect(await inTeam()).toEqual(truth);

    // The other machine has copies of both, and had the first before the second.
    write(office.desk, a);
    await importAndSend(office.desk);
    rmSync(pathOn(office.desk, a));
    write(office.desk, b);
    await importAndSend(office.desk);
    await importAndSend(office.laptop);
    expect(await inTeam()).toEqual(truth);
  });
});
