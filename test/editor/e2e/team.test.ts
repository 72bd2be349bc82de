import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasServerPrograms, TestServer } from '../../fixtures/postgres.ts';
import { Sandbox } from '../../process/cli/harness.ts';
import { type Editor, openEditor } from './editor.ts';

const PASSWORD = 'right:word';

/** A team in the editor: joining after a look at what leaves, three scopes, two machines, an unreachable server, and leaving. */
describe.skipIf(!hasServerPrograms())('a team', () => {
  let server: TestServer;
  let editor: Editor;
  /** Another machine of the team, of another user. */
  let desk: Sandbox;
  let url: string;

  beforeAll(async () => {
    server = TestServer.make();
    writeFileSync(
      path.join(server.folder, 'data', 'pg_hba.conf'),
      'host all ann 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n',
    );
    await server.start();
    await server.query(`CREATE ROLE ann SUPERUSER LOGIN PASSWORD '${PASSWORD}'`);
    url = server.url('postgres', 'ann');
    desk = await Sandbox.create();
    await desk.run(record('2', 'site'));
    await desk.run(['sync', '--to', server.url(), '--user', 'bob', '--machine', 'desk']);
    editor = await openEditor({ records: [] });
    await editor.llmSpend(...record('1', 'site'), '--note', 'private words');
  });
  afterAll(async () => {
    await editor?.close();
    await desk?.dispose();
    server?.dispose();
  });

  const record = (cost: string, project: string): string[] => {
    const call = ['--provider', 'openai', '--model', 'gpt-5', '--operation', 'chat'];
    return ['record', ...call, '--cost-usd', cost, '--project', project];
  };
  const toast = (text: string): Locator => editor.workbench.notifications.filter({ hasText: text });
  const row = (text: string): Locator =>
    editor.workbench.quickInput.locator('.monaco-list-row').filter({ hasText: text });
  const pick = (text: string): Promise<void> => row(text).first().click();
  const costs = async (machine: Sandbox): Promise<unknown> => {
    const { stdout } = await machine.run(['costs', '--scope', 'team', '--by', 'user', '--json']);
    const { groups } = JSON.parse(stdout) as { groups: { key: { user: string }; cost_usd: number }[] };
    return Object.fromEntries(groups.map(({ key, cost_usd }) => [key.user, cost_usd]));
  };
  const givePassword = async (prompt: string, password: string): Promise<void> => {
    await editor.workbench.quickInput.filter({ hasText: prompt }).waitFor();
    await editor.workbench.quickInput.locator('input[type="password"]').fill(password);
    await editor.workbench.page.keyboard.press('Enter');
  };
  /**
   * Opens *Team…* until it shows the text: it shows the moment in which it was opened, a change is sent at most every few seconds,
   * and the page of the cost history closes the menu when it takes the focus.
   */
  const openMenu = (text: string): Promise<void> =>
    expect
      .poll(async () => {
        await editor.workbench.page.keyboard.press('Escape');
        await editor.workbench.runCommand('LLM Spend: Team…');
        await row('Leave Team…').waitFor({ timeout: 10_000 });
        return row(text).count();
      })
      .toBeGreaterThan(0);
  const membership = (): string => path.join(editor.home, '.config', 'llm-spend', 'team.json');

  test('shows the exact records before joining, asks for the password, and keeps it out of all files', async () => {
    const { workbench } = editor;
    await workbench.statusBarItem.filter({ hasText: '$1.00' }).waitFor();
    await workbench.runCommand('LLM Spend: Join a Team Ledger…');
    await workbench.answer('The URL of the PostgreSQL database', url);
    await row('Join, and Send Records (1)').waitFor();
    const lines = workbench.page.locator('.editor-instance .view-lines');
    await lines.filter({ hasText: 'What would leave this machine' }).waitFor();
    await expect.poll(() => lines.innerText()).toContain('Never');
    await workbench.screenshot('team-preview');
    expect(await lines.innerText()).not.toContain('private');
    expect(existsSync(membership())).toBe(false);
    await pick('My Name, and the Name');
    await workbench.answer('Your name in the team', 'ann');
    await workbench.answer('The name of this machine', 'laptop');
    await row('ann, laptop').waitFor();
    await pick('Join, and Send Records (1)');
    await givePassword('the server wants a password of the user ann', 'wrong');
    await givePassword('the server refused the password of the user ann', PASSWORD);
    await toast('Joined the team of').waitFor();
    await workbench.screenshot('team-joined');
    expect(JSON.parse(readFileSync(membership(), 'utf8'))).toMatchObject({ url, user: 'ann', machine: 'laptop' });
    expect(await costs(desk)).toEqual({ ann: 1, bob: 2 });
    for (const file of await readdir(editor.home, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      // A lock may be gone by now.
      const text = await readFile(path.join(file.parentPath, file.name), 'latin1').catch(() => '');
      expect(text).not.toContain(PASSWORD);
    }
  });

  test('follows changes of both machines, in the scope that was chosen', async () => {
    const { workbench } = editor;
    await workbench.press(toast('Joined the team of'), 'Show Team Costs');
    await workbench.statusBarItem.filter({ hasText: '$3.00' }).waitFor();
    // A record in a terminal is sent in the background, and counts once.
    await editor.llmSpend(...record('0.25', 'site'));
    await workbench.statusBarItem.filter({ hasText: '$3.25' }).waitFor();
    expect(await costs(desk)).toEqual({ ann: 1.25, bob: 2 });
    await desk.run(record('4', 'other'));
    await desk.run(['sync']);
    await workbench.statusBarItem.filter({ hasText: '$7.25' }).waitFor();
    await workbench.runCommand('LLM Spend: Open Cost History');
    const page = workbench.webview('panel');
    await page.getByText('$7.25').first().waitFor();
    await workbench.screenshot('team-history');
    await openMenu('In step');
    await row('The Team').filter({ hasText: 'shown now' }).waitFor();
    await workbench.screenshot('team-menu');
    await pick('Me on All Machines');
    await workbench.statusBarItem.filter({ hasText: '$1.25' }).waitFor();
    await workbench.openSideBar();
    await page.getByRole('combobox', { name: 'Whose costs' }).click();
    await page.getByRole('option', { name: 'The Team' }).click();
    await workbench.statusBarItem.filter({ hasText: '$7.25' }).waitFor();
    // Undo is undone in the team's ledger.
    await editor.llmSpend('undo');
    await workbench.statusBarItem.filter({ hasText: '$7.00' }).waitFor();
    await workbench.screenshot('team-sidebar');
  });

  test('watches a budget of the team, which what another machine sends crosses', async () => {
    const { workbench } = editor;
    await workbench.runCommand('LLM Spend: Budgets…');
    await workbench.answer('A short name', 'ours');
    await workbench.answer('The amount for the period', '20');
    await pick('Each month');
    await pick('All calls');
    await pick('The Team');
    await workbench.answer('Percentages at which to warn', '50, 100');
    await toast('Added the budget ours.').waitFor();
    const file = path.join(editor.home, '.config', 'llm-spend', 'budgets.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual([
      { name: 'ours', amount: '20', period: 'month', levels: [50, 100], scope: 'team' },
    ]);
    // 7 of 20: this machine's own 1 crosses nothing either.
    expect(await toast('The budget ours has').count()).toBe(0);
    await desk.run(record('4', 'other'));
    await desk.run(['sync']);
    await toast('The budget ours has reached 50 %: $11.00 of $20.00.').waitFor();
    await workbench.screenshot('team-budget');
    await workbench.statusBarItem.filter({ hasText: '$11.00' }).waitFor();
    const claims = await server.query('SELECT shown FROM llm_spend.crossing');
    expect(claims).toEqual([{ shown: true }]);
  });

  test('records and counts as before while the server cannot be reached, and catches up', async () => {
    const { workbench } = editor;
    await server.kill();
    await workbench.statusBarItem.filter({ hasText: 'team unreachable' }).waitFor();
    await workbench.screenshot('team-unreachable');
    await openMenu('This Machine');
    await pick('This Machine');
    await workbench.statusBarItem.filter({ hasText: '$1.00' }).waitFor();
    await editor.llmSpend(...record('0.5', 'site'));
    await workbench.statusBarItem.filter({ hasText: '$1.50' }).waitFor();
    await openMenu('The last attempt failed');
    await row('Records not sent yet: 1').waitFor();
    await workbench.screenshot('team-waiting');
    await server.start();
    await pick('Sync Now');
    // The record may have been sent in the background before.
    await toast('In step with the team. Records sent: ').waitFor();
    expect(await costs(desk)).toEqual({ ann: 1.5, bob: 10 });
  });

  test('leaves, and removes what this machine sent', async () => {
    const { workbench } = editor;
    await workbench.runCommand('LLM Spend: Leave Team…');
    await pick('Leave and Remove My Records…');
    const dialog = workbench.page.getByRole('dialog');
    await dialog.getByText('Remove everything that this machine sent').waitFor();
    await workbench.screenshot('team-leave');
    await dialog.getByRole('button', { name: 'Leave and Remove' }).click();
    await toast('Records removed from its ledger: 2.').waitFor();
    expect(existsSync(membership())).toBe(false);
    expect(await costs(desk)).toEqual({ bob: 10 });
    await workbench.statusBarItem.filter({ hasText: '$1.50' }).waitFor();
    expect(workbench.complaints).toEqual([]);
  });
});
