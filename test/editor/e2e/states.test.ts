import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { within } from '../../fixtures/idleTime.ts';
import { type Editor, openEditor } from './editor.ts';

/** The promise to the person: said within this time of the change, on an idle machine. */
const SOON = 10_000;

let editor: Editor;
beforeAll(async () => {
  editor = await openEditor({ env: { LLM_SPEND_LEDGER: '' } });
  await editor.workbench.openSideBar();
});
afterAll(() => editor?.close());

async function useLedger(value: string): Promise<void> {
  const file = path.join(editor.server.folder, 'user-data/Machine/settings.json');
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.new`, JSON.stringify({ 'llmSpend.ledgerPath': value }));
  await rename(`${file}.new`, file);
}

describe('a ledger that cannot be opened', () => {
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
    const toast = workbench.notifications.filter({ hasText: reason }).first();
    await within(SOON, async () => expect(await toast.getByRole('button', { name: button }).isVisible()).toBe(true));
    expect(await toast.innerText()).toContain(name);
    const status = workbench.statusBarItem.first();
    await within(SOON, async () => expect(await status.getAttribute('aria-label')).toContain(name));
    expect(await status.innerText()).not.toContain('…');
    await status.locator('.codicon-warning').waitFor();
    const view = workbench.webview('view').locator('main');
    await within(SOON, async () => expect(await view.innerText()).toContain(name));
    await workbench.screenshot(`state-${name.replace(/\W/g, '-')}`);
    await workbench.runCommand('Notifications: Clear All Notifications');
  });

  test('is used again when the setting names a sound one', async () => {
    await useLedger('');
    await expect.poll(() => editor.workbench.statusBarItem.first().innerText()).toContain('$0.00');
  });
});
