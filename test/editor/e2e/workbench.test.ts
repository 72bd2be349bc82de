import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sampleLedger } from '../../fixtures/sampleLedger.ts';
import { type Editor, openEditor } from './editor.ts';

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
    await expect.poll(() => item.innerText(), { timeout: 1000, interval: 25 }).not.toBe(before);
  });

  test('opens its container in the side bar', async () => {
    await editor.workbench.openSideBar();
    await editor.workbench.screenshot('side-bar');
  });
});
