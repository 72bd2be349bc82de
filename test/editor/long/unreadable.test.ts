import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Editor, openEditor } from '../e2e/editor.ts';

/** An agent's folders without permission to read them. Links that lead nowhere are in remedies.test.ts. */

const message = { id: 'm1', model: 'claude-opus-4-6', usage: { input_tokens: 100_000, output_tokens: 0 } };
const line = { timestamp: new Date().toISOString(), sessionId: 's', version: '2.1.0', requestId: 'r1', message };

let editor: Editor;
let agent: string;
beforeAll(async () => {
  editor = await openEditor({
    records: [],
    unprivileged: true,
    prepare: async (home) => {
      agent = path.join(home, '.claude');
      await mkdir(path.join(agent, 'projects/site'), { recursive: true });
      await writeFile(path.join(agent, 'projects/site/one.jsonl'), `${JSON.stringify(line)}\n`);
      await chmod(agent, 0o000);
    },
  });
  await editor.workbench.statusBarItem.filter({ hasText: '$' }).waitFor();
});
afterAll(async () => {
  await chmod(agent, 0o755);
  await chmod(path.join(agent, 'projects'), 0o755);
  await editor?.close();
});

const toast = (text: string | RegExp): Locator => editor.workbench.notifications.filter({ hasText: text });

describe("an agent's folder without permission", () => {
  test('is named when it is the folder of the agent itself', async () => {
    const { workbench } = editor;
    await workbench.runCommand('LLM Spend: Import Usage');
    const row = workbench.quickInput.locator('.monaco-list-row').filter({ hasText: 'Claude Code' });
    await row.waitFor();
    await workbench.screenshot('unreadable-agent-choice');
    await workbench.page.keyboard.press('Enter');
    const warning = toast('Not all usage of Claude Code was imported').first();
    await warning.waitFor();
    await workbench.screenshot('unreadable-agent');
    expect(await warning.innerText()).toContain(`${path.join(agent, 'projects')} cannot be read. EACCES`);
    expect(await warning.getByRole('button', { name: 'Show File' }).count()).toBe(1);
    // There may be new usage that cannot be read.
    expect(await toast('no new usage').count()).toBe(0);
  });

  test('is named when it is that of the logs, and imported once it can be read', async () => {
    const { workbench } = editor;
    const projects = path.join(agent, 'projects');
    await chmod(agent, 0o755);
    await chmod(projects, 0o000);
    await toast('Not all usage of Claude Code was imported').getByRole('button', { name: 'Try Again' }).click();
    const warning = toast(`${projects} cannot be read. EACCES`);
    await warning.waitFor();
    await workbench.screenshot('unreadable-logs');
    await chmod(projects, 0o755);
    await warning.getByRole('button', { name: 'Try Again' }).click();
    await toast('Imported 1 call: ~$0.50 at list prices.').waitFor();
  });
});
