import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { within } from '../../fixtures/idleTime.ts';
import { sampleLedger } from '../../fixtures/sampleLedger.ts';
import { isolatedEnvironment } from '../harness/environment.ts';
import { output } from '../harness/processes.ts';
import { type Editor, openEditor } from '../e2e/editor.ts';

let editor: Editor;
beforeAll(async () => {
  editor = await openEditor({ records: sampleLedger({ now: new Date() }) });
});
afterAll(() => editor?.close());

describe('the installed extension', () => {
  test('shows an amount in the status bar', async () => {
    const item = editor.workbench.statusBarItem;
    await item.waitFor();
    await expect.poll(() => item.innerText()).toMatch(/\$\d/);
    await editor.workbench.screenshot('status-bar');
  });

  test('follows another process within a second of its end', async () => {
    const item = editor.workbench.statusBarItem;
    const before = await item.innerText();
    await editor.llmSpend(
      'record',
      '--provider',
      'anthropic',
      '--model',
      'claude',
      '--operation',
      'chat',
      '--cost-usd',
      '100',
    );
    await within(1000, async () => expect(await item.innerText()).not.toBe(before));
  });

  test('opens its container in the side bar', async () => {
    await editor.workbench.openSideBar();
    await editor.workbench.screenshot('side-bar');
  });

  test('copies a command that a terminal runs', async () => {
    const { workbench } = editor;
    await workbench.runCommand('LLM Spend: Copy Command for the Terminal');
    await workbench.notifications.getByText('Copied an example of llm-spend').waitFor();
    const command = await workbench.clipboard();
    // What the extension adds to the PATH of each terminal.
    const shims = path.join(editor.server.folder, 'user-data/User/globalStorage/llm-spend.llm-spend/bin');
    const isolated = isolatedEnvironment(editor.home);
    const env = { ...isolated, PATH: `${isolated['PATH']}:${shims}`, LLM_SPEND_LEDGER: editor.ledger };
    expect(command).toMatch(/^llm-spend record /);
    expect(await output(command, [], { shell: true, env })).toMatch(/^Recorded /);
    expect(await output('llm-spend path', [], { shell: true, env })).toContain(editor.ledger);
  });

  test('shows its log', async () => {
    const { workbench } = editor;
    await workbench.runCommand('LLM Spend: Show Log');
    const shown = workbench.page.locator('.part.panel select').first();
    await expect.poll(() => shown.inputValue()).toBe('LLM Spend');
    await workbench.screenshot('log');
  });
});
