import { existsSync } from 'node:fs';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeClaudeTree } from '../../fixtures/claudeTree.ts';
import { type Editor, openEditor } from '../e2e/editor.ts';

/** Enough that a person has the time to stop it. */
const ENTRIES = 40_000;
const OFFER = 'Import Usage…';

let editor: Editor;
beforeAll(async () => {
  editor = await openEditor();
  writeClaudeTree(editor.home, { entries: ENTRIES, files: 40, text: 850 });
  await writeLog('.codex/sessions/2026/11/rollout-1.jsonl', CODEX);
});
afterAll(() => editor?.close());

const CODEX = [
  { timestamp: '2026-11-20T10:00:00Z', type: 'turn_context', payload: { model: 'gpt-5' } },
  {
    timestamp: '2026-11-20T10:00:01Z',
    type: 'event_msg',
    payload: {
      type: 'token_count',
      info: { last_token_usage: { input_tokens: 100, output_tokens: 10, total_tokens: 110 } },
    },
  },
];

async function writeLog(name: string, lines: readonly object[]): Promise<string> {
  const file = path.join(editor.home, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return file;
}

/** A reply of now: 100,000 tokens in, $0.50. */
const reply = (n: number): object => ({
  timestamp: new Date().toISOString(),
  sessionId: 'live',
  version: '2.1.0',
  cwd: '/home/me/site',
  requestId: `r${n}`,
  message: { id: `live_${n}`, model: 'claude-opus-4-6', usage: { input_tokens: 100_000, output_tokens: 0 } },
});

/** What was imported, by who wrote it. */
async function imported(): Promise<Record<string, number>> {
  const { groups } = JSON.parse(await editor.llmSpend('costs', '--by', 'source', '--json')) as {
    groups: { key: { source: string }; records: number }[];
  };
  return Object.fromEntries(groups.map(({ key, records }) => [key.source, records]));
}

const choice = (title: string): Locator =>
  editor.workbench.quickInput.locator('.monaco-list-row').filter({ hasText: title });
const toast = (text: string | RegExp): Locator => editor.workbench.notifications.filter({ hasText: text });

describe("the usage of coding agents, which is on the person's disk", () => {
  test('is offered, with the folders that would be read, and not read before', async () => {
    const sideBar = await editor.workbench.openSideBar();
    await sideBar.locator('.pane').filter({ hasText: 'Breakdown' }).getByRole('button', { name: OFFER }).click();
    await choice('Claude Code')
      .getByText(path.join(editor.home, '.claude', 'projects'))
      .waitFor();
    await choice('Codex')
      .getByText(path.join(editor.home, '.codex', 'sessions'))
      .waitFor();
    await choice('Gemini CLI').getByText('nothing found').waitFor();
    await editor.workbench.screenshot('import-consent');
    expect(existsSync(path.join(path.dirname(editor.ledger), 'imported.db'))).toBe(false);
  });

  test('can be stopped on its way, and is then left alone', async () => {
    const { quickInput } = editor.workbench;
    await choice('Codex').getByRole('checkbox').click();
    await quickInput.getByRole('button', { name: 'OK' }).click();
    await toast('Importing usage of coding agents').getByText('Claude Code').waitFor();
    await editor.workbench.screenshot('import-progress');
    await toast('Importing usage of coding agents').hover();
    await toast('Importing usage of coding agents').getByRole('button', { name: 'Cancel' }).click();
    await toast('The import was stopped').waitFor();
    const before = (await imported())['claude-code-log'] ?? 0;
    expect(before).toBeLessThan(ENTRIES / 2);
  });

  test('goes on where it stopped, with those agents only that were chosen, and fills the history', async () => {
    await toast('The import was stopped').getByRole('button', { name: 'Import…' }).click();
    // As it was answered before.
    await expect.poll(() => choice('Codex').getByRole('checkbox').isChecked()).toBe(false);
    await editor.workbench.quickInput.getByRole('button', { name: 'OK' }).click();
    await toast(/Imported .* calls: .* at list prices/).waitFor();
    expect(await imported()).toEqual({ 'claude-code-log': ENTRIES / 2 });
    const sideBar = await editor.workbench.openSideBar();
    await sideBar.getByText('All time').first().waitFor();
    await editor.workbench.screenshot('import-filled');
  });

  test('is followed as it grows', async () => {
    const { workbench } = editor;
    const log = await writeLog('.claude/projects/-home-me-site/live.jsonl', [reply(1)]);
    await expect.poll(() => workbench.statusBarItem.innerText()).toContain('$0.50');
    await appendFile(log, `${JSON.stringify(reply(2))}\n`);
    await expect.poll(() => workbench.statusBarItem.innerText(), { interval: 25 }).toContain('$1.00');
    await workbench.screenshot('import-followed');
  });
});
