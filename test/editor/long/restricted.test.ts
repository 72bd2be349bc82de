import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleLedger } from '../../fixtures/sampleLedger.ts';
import { type Editor, openEditor } from '../e2e/editor.ts';

let editor: Editor;
beforeAll(async () => {
  editor = await openEditor({ records: sampleLedger({ now: new Date(), days: 3 }), restricted: true });
});
afterAll(() => editor?.close());

test('shows the amount in Restricted Mode too', async () => {
  const { page, statusBarItem } = editor.workbench;
  await page.locator('.statusbar-item').filter({ hasText: 'Restricted Mode' }).waitFor();
  await statusBarItem.waitFor();
  await expect.poll(() => statusBarItem.innerText()).toMatch(/\$\d/);
});
