import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { within } from '../../fixtures/idleTime.ts';
import { sampleLedger } from '../../fixtures/sampleLedger.ts';
import { LONG } from '../../long.ts';
import { type Editor, openEditor } from './editor.ts';

let editor: Editor;
beforeAll(async () => {
  editor = await openEditor({ records: sampleLedger({ now: new Date() }), width: 1400, height: 900 });
  // The palette knows our commands once the extension host is up.
  await editor.workbench.statusBarItem.waitFor();
});
afterAll(() => editor?.close());

const record = (...more: string[]): Promise<string> =>
  editor.llmSpend('record', '--provider', 'openai', '--model', 'gpt-5', '--operation', 'chat', ...more);

describe('the cost history', () => {
  test('opens as an editor panel and follows other processes', async () => {
    const { workbench } = editor;
    await workbench.runCommand('LLM Spend: Open Cost History');
    const panel = workbench.webview('panel');
    await panel.locator('.headline-cost').waitFor();
    await panel.locator('.bar').first().waitFor();
    await panel.locator('.record').first().waitFor();
    await workbench.screenshot('history-panel');
    const before = await panel.locator('.headline-cost').innerText();
    await record('--cost-usd', '123');
    await within(2000, async () => expect(await panel.locator('.headline-cost').innerText()).not.toBe(before));
    await expect.poll(() => panel.locator('.record').first().innerText()).toContain('$123.00');
  });

  test('is the same in the side bar', async () => {
    const { workbench } = editor;
    await workbench.openSideBar();
    const view = workbench.webview('view');
    await view.locator('.headline-cost').waitFor();
    expect(await view.locator('.headline-cost').innerText()).toBe(
      await workbench.webview('panel').locator('.headline-cost').innerText(),
    );
    await workbench.screenshot('history-side-bar');
  });

  test('removes a record from the ledger and brings it back', async () => {
    const panel = editor.workbench.webview('panel');
    await panel.locator('.record').first().click();
    const before = await panel.locator('.records-section h2 .count').innerText();
    await panel.getByRole('complementary').getByRole('button', { name: 'Remove' }).click();
    await expect.poll(() => panel.locator('.records-section h2 .count').innerText()).not.toBe(before);
    await panel.locator('.toast').getByText('Undo').click();
    await expect.poll(() => panel.locator('.records-section h2 .count').innerText()).toBe(before);
  });

  test('keeps what was chosen over a reload of the window', async () => {
    const { workbench } = editor;
    const panel = workbench.webview('panel');
    await panel.getByRole('treegrid').focus();
    await workbench.page.keyboard.press('Enter');
    await panel.locator('.chip').waitFor();
    const chip = await panel.locator('.chip').innerText();
    await workbench.runCommand('Developer: Reload Window');
    await workbench.page.waitForEvent('load');
    await workbench.webview('panel').locator('.chip').waitFor();
    expect(await workbench.webview('panel').locator('.chip').innerText()).toBe(chip);
  });

  test.runIf(LONG)('a side bar that was left shows what came meanwhile', async () => {
    const { page } = editor.workbench;
    // The editor makes the frame of a view that comes back otherwise than it made the first one.
    const total = async (): Promise<string> => {
      for (const frame of await page.locator('iframe.webview').all()) {
        const figure = frame
          .contentFrame()
          .frameLocator('#active-frame')
          .locator('[data-place=sidebar] .headline-cost');
        if ((await figure.count()) > 0) return figure.innerText();
      }
      return '';
    };
    await editor.workbench.openSideBar();
    await expect.poll(total).not.toBe('');
    const before = await total();
    await page
      .locator('.part.activitybar')
      .getByRole('tab', { name: /^Explorer/ })
      .click();
    await expect.poll(total).toBe('');
    await record('--cost-usd', '45');
    await editor.workbench.openSideBar();
    await expect.poll(total).not.toBe('');
    await expect.poll(total).not.toBe(before);
  });

  test('its content security policy was never in the way', () => {
    expect(editor.workbench.complaints.filter((each) => !each.includes('frame-ancestors'))).toEqual([]);
  });
});
