import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Editor, openEditor } from '../e2e/editor.ts';

/** The coverage of sources, the quota of a plan, and rules that say who pays, as a person uses them. */

const MINUTE = 60_000;
let editor: Editor;
beforeAll(async () => {
  editor = await openEditor({
    width: 1400,
    height: 900,
    prepare: writeLogs,
  });
  await editor.workbench.statusBarItem.waitFor();
});
afterAll(() => editor?.close());

async function writeLogs(home: string): Promise<void> {
  const now = Date.now();
  await writeLines(path.join(home, '.claude/projects/-home-me-site/s1.jsonl'), [
    {
      timestamp: new Date(now - MINUTE).toISOString(),
      sessionId: 's1',
      version: '2.1.0',
      cwd: '/home/me/site',
      requestId: 'r1',
      message: { id: 'm1', model: 'claude-opus-4-6', usage: { input_tokens: 100_000, output_tokens: 0 } },
    },
  ]);
  // Half of the five hours have passed: 62 % at this pace is empty in an hour and a half.
  const limits = {
    primary: { used_percent: 62, window_minutes: 300, resets_at: Math.round(now / 1000) + 9_000 },
    secondary: { used_percent: 31, window_minutes: 10_080, resets_at: Math.round(now / 1000) + 302_400 },
  };
  const usage = { input_tokens: 1_000_000, cached_input_tokens: 0, output_tokens: 0, total_tokens: 1_000_000 };
  await writeLines(path.join(home, '.codex/sessions/2026/11/rollout-1.jsonl'), [
    {
      timestamp: new Date(now - MINUTE).toISOString(),
      type: 'session_meta',
      payload: { id: 'c1', cwd: '/home/me/app' },
    },
    { timestamp: new Date(now - MINUTE).toISOString(), type: 'turn_context', payload: { model: 'gpt-5' } },
    {
      timestamp: new Date(now - MINUTE).toISOString(),
      type: 'event_msg',
      payload: {
        type: 'token_count',
        info: { total_token_usage: usage, last_token_usage: usage },
        rate_limits: limits,
      },
    },
  ]);
}

async function writeLines(file: string, lines: readonly object[]): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

const rows = (text: string): Locator =>
  editor.workbench.quickInput.locator('.monaco-list-row').filter({ hasText: text });
const toast = (text: string): Locator => editor.workbench.notifications.filter({ hasText: text });

describe('what is covered', () => {
  test('is a page of the cost history, with each source, its days and the plan', async () => {
    const { workbench } = editor;
    await toast('Claude Code and Codex found.').getByRole('button', { name: 'Import', exact: true }).click();
    // The log of Codex names a plan.
    await expect.poll(() => workbench.statusBarItem.innerText()).toContain('~$0.50 + $1.25 plan');
    await workbench.runCommand('LLM Spend: Open Cost History');
    const panel = workbench.webview('panel');
    await panel.getByRole('button', { name: 'What is covered?' }).click();
    const row = (name: string): Locator =>
      panel.getByRole('row').filter({ has: panel.getByRole('rowheader', { name }) });
    await row('Claude Code').waitFor();
    expect(await row('Claude Code').innerText()).toMatch(/on, 1 log\s+1\s/);
    expect(await row('Codex').innerText()).toMatch(/on, 1 log\s+1\s/);
    expect(await panel.locator('spend-coverage').innerText()).toMatch(/Codex.*5 h.*62 %.*empty in/);
    await workbench.screenshot('coverage');
    await panel.getByRole('button', { name: 'Back to costs' }).click();
    await panel.locator('.headline-cost').waitFor();
  });

  test('the quota is in the tooltip of the status bar', async () => {
    const { workbench } = editor;
    await workbench.statusBarItem.hover();
    await workbench.page.getByText(/Codex, 5 h: 62 %, at this pace empty in/).waitFor();
    await workbench.page.getByText(/Codex, week: 31 %, lasts/).waitFor();
    await workbench.screenshot('quota-tooltip');
  });
});

describe('a rule', () => {
  test('is made of what calls have in common', async () => {
    const { workbench } = editor;
    await workbench.runCommand('LLM Spend: Add Rule…');
    await rows('claude-code').getByRole('checkbox').click();
    await workbench.screenshot('rule-conditions');
    await workbench.quickInput.getByRole('button', { name: 'OK' }).click();
    await rows('Charge').click();
    await rows('plan').click();
    await toast('From now on, calls of claude-code get Charge plan.').waitFor();
    const file = path.join(editor.home, '.config', 'llm-spend', 'rules.json');
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      version: 1,
      rules: [{ name: 'plan (claude-code)', when: { source: 'claude-code' }, set: { charge: 'plan' } }],
    });
  });

  test('is applied to older records after showing what changes, and plan and paid stay apart', async () => {
    const { workbench } = editor;
    await toast('From now on').getByRole('button', { name: 'Apply to Older Records…' }).click();
    const dialog = workbench.page.locator('.monaco-dialog-box');
    await dialog.getByText('Change 1 record?').waitFor();
    expect(await dialog.innerText()).toContain('Charge: plan instead of none, 1 record');
    await workbench.screenshot('rule-apply');
    await dialog.getByRole('button', { name: 'Apply' }).click();
    await toast('Changed 1 record.').waitFor();
    await expect.poll(() => workbench.statusBarItem.innerText()).toMatch(/^\s*\$1\.75 plan$/);
    await workbench.screenshot('rule-applied');
    expect(await editor.llmSpend('costs', '--by', 'charge')).toMatch(/plan +2 .*\$1\.75/);
  });

  test('is undone', async () => {
    const { workbench } = editor;
    await toast('Changed 1 record.').getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => workbench.statusBarItem.innerText()).toContain('~$0.50 + $1.25 plan');
  });
});
