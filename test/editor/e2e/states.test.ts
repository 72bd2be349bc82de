import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { within } from '../../fixtures/idleTime.ts';
import { type Editor, openEditor } from './editor.ts';

/** The promise to the person: said within this time of the change or of the extension's start, on an idle machine. */
const SOON = 2_000;

let editor: Editor;
beforeAll(async () => {
  editor = await openEditor({
    env: { LLM_SPEND_LEDGER: '' },
    prepare: async (home) => {
      await mkdir(path.join(home, 'start.json'));
      await useLedger(path.join(home, 'start.json'), path.dirname(home));
    },
  });
});
afterAll(() => editor?.close());

async function useLedger(value: string, server = editor.server.folder): Promise<void> {
  const file = path.join(server, 'user-data/Machine/settings.json');
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.new`, JSON.stringify({ 'llmSpend.ledgerPath': value }));
  await rename(`${file}.new`, file);
}

/** Status bar, view and message say the reason and name the ledger, and the message has the button that helps. */
async function expectSaid(name: string, reason: string, button: string): Promise<void> {
  const { workbench } = editor;
  const status = workbench.statusBarItem.first();
  const toast = workbench.notifications.filter({ hasText: reason }).first();
  const view = workbench.webview('view').locator('main');
  await Promise.all([
    within(SOON, async () => expect(await toast.getByRole('button', { name: button }).isVisible()).toBe(true)),
    within(SOON, async () => expect(await status.getAttribute('aria-label')).toContain(name)),
    within(SOON, async () => expect(await view.innerText({ timeout: 100 })).toContain(name)),
  ]);
  expect(await toast.innerText()).toContain(name);
  expect(await status.innerText()).not.toContain('…');
  await status.locator('.codicon-warning').waitFor();
}

describe('a ledger that cannot be opened', () => {
  test('at the start of a window: status bar, view and message say so', async () => {
    const { workbench } = editor;
    await workbench.openSideBar();
    // The item is there from the extension's start on.
    await workbench.statusBarItem.first().waitFor();
    await expectSaid('start.json', 'is a folder', 'Open Settings');
    await workbench.screenshot('state-at-start');
    await workbench.runCommand('Notifications: Clear All Notifications');
  });

  test.each([
    ['is a folder', 'folder.json', 'is a folder', 'Open Settings', (at: string) => mkdir(at)],
    ['is a link to nowhere', 'link.json', 'link', 'Open Settings', (at: string) => symlink('/nowhere/costs.json', at)],
    ['is in a file', 'file/costs.json', 'file', 'Open Settings', (at: string) => writeFile(path.dirname(at), '')],
    ['is no database', 'broken.db', 'broken.db', 'Repair Ledger…', (at: string) => writeFile(at, 'x'.repeat(5000))],
    ['is no list', 'broken.json', 'broken.json', 'Repair Ledger…', (at: string) => writeFile(at, '{"no": "list"')],
  ])('that %s: status bar, view and message say so and help', async (_, name, reason, button, make) => {
    const { workbench } = editor;
    const at = path.join(editor.home, name);
    await make(at);
    await useLedger(at);
    await expectSaid(name, reason, button);
    await workbench.screenshot(`state-${name.replace(/\W/g, '-')}`);
    await workbench.runCommand('Notifications: Clear All Notifications');
  });

  test('is used again when the setting names a sound one', async () => {
    await useLedger('');
    await expect.poll(() => editor.workbench.statusBarItem.first().innerText()).toContain('$0.00');
  });
});
