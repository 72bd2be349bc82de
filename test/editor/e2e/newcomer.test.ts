import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { LONG } from '../../long.ts';
import { isolatedEnvironment } from '../harness/environment.ts';
import { type Editor, openEditor } from './editor.ts';

/** A newcomer's first two minutes: an empty home with the log of one agent, no typing, and at most three clicks. */

const NOW = new Date().toISOString();

async function write(home: string, name: string, lines: readonly object[]): Promise<void> {
  const file = path.join(home, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

const claude = (home: string): Promise<void> =>
  write(
    home,
    '.claude/projects/-home-me-site/one.jsonl',
    [1, 2].map((n) => ({
      timestamp: NOW,
      sessionId: 'one',
      version: '2.1.0',
      cwd: '/home/me/site',
      requestId: `r${n}`,
      // $0.50 at list price.
      message: { id: `m${n}`, model: 'claude-opus-4-6', usage: { input_tokens: 100_000, output_tokens: 0 } },
    })),
  );

const codex = (home: string): Promise<void> =>
  write(home, '.codex/sessions/2026/11/rollout-1.jsonl', [
    { timestamp: NOW, type: 'turn_context', payload: { model: 'gpt-5' } },
    {
      timestamp: NOW,
      type: 'event_msg',
      payload: {
        type: 'token_count',
        // $1.25 at list price.
        info: { last_token_usage: { input_tokens: 1_000_000, output_tokens: 0, total_tokens: 1_000_000 } },
      },
    },
  ]);

const copilot = (home: string): Promise<void> =>
  write(home, '.copilot/otel/one.jsonl', [
    {
      name: 'chat gpt-5',
      spanContext: { traceId: 't', spanId: 's' },
      endTime: [Math.floor(Date.parse(NOW) / 1000), 0],
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.response.model': 'gpt-5',
        'gen_ai.usage.input_tokens': 1_000_000,
        'gen_ai.usage.output_tokens': 0,
      },
    },
  ]);

async function firstWindow(
  prepare: (home: string) => Promise<void>,
  use: (editor: Editor) => Promise<void>,
): Promise<void> {
  const editor = await openEditor({ prepare });
  try {
    await editor.workbench.statusBarItem.waitFor();
    await use(editor);
  } finally {
    await editor.close();
  }
}

describe('the first window', () => {
  test('leads to the right total of Claude Code in two clicks', async () => {
    await firstWindow(claude, async ({ workbench, home, server }) => {
      const offer = workbench.notifications.filter({ hasText: 'Claude Code found. Import its usage?' });
      await offer.waitFor();
      await workbench.screenshot('newcomer-offer');
      await offer.getByRole('button', { name: 'Import', exact: true }).click();
      const done = workbench.notifications.filter({ hasText: 'Imported 2 calls: ~$1.00 at list prices.' });
      await done.waitFor();
      await workbench.screenshot('newcomer-imported');
      await done.getByRole('button', { name: 'Open Cost History' }).click();
      const panel = workbench.webview('panel');
      await expect.poll(() => panel.locator('.headline-cost').innerText()).toContain('~$1.00');
      await workbench.screenshot('newcomer-total');

      // The command is on the PATH of the terminals, and needs no other Node.
      const bin = path.join(server.folder, 'user-data/User/globalStorage/llm-spend.llm-spend/bin');
      const env = { ...isolatedEnvironment(home), PATH: `${bin}:/usr/bin:/bin` };
      const { stdout } = await promisify(execFile)('llm-spend', ['path'], { env });
      expect(stdout.trim()).toBe(path.join(home, '.config/llm-spend/costs.json'));
    });
  });

  test.runIf(LONG)('leads to the right total of Copilot in one click, in the status bar', async () => {
    await firstWindow(copilot, async ({ workbench }) => {
      const offer = workbench.notifications.filter({ hasText: 'GitHub Copilot CLI found. Import its usage?' });
      await offer.getByRole('button', { name: 'Import', exact: true }).click();
      await expect.poll(() => workbench.statusBarItem.innerText()).toContain('~$1.25');
    });
  });

  test.runIf(LONG)('asks once for all agents, Codex among them, and takes an import back', async () => {
    const both = async (home: string): Promise<void> => {
      await claude(home);
      await codex(home);
    };
    await firstWindow(both, async ({ workbench }) => {
      const offer = workbench.notifications.filter({ hasText: 'Claude Code and Codex found. Import their usage?' });
      await offer.getByRole('button', { name: 'Import', exact: true }).click();
      const done = workbench.notifications.filter({ hasText: 'Imported 3 calls: ~$2.25 at list prices.' });
      await expect.poll(() => workbench.statusBarItem.innerText()).toContain('~$2.25');
      await done.getByRole('button', { name: 'Undo' }).click();
      await workbench.notifications.filter({ hasText: 'Removed 3 records. The import is turned off.' }).waitFor();
      await expect.poll(() => workbench.statusBarItem.innerText()).toContain('$0.00');
      await workbench.screenshot('newcomer-undone');
    });
  });
});
