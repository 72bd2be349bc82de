import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatUsd } from '../../../src/usage/money.ts';
import { idleTimer, within } from '../../fixtures/idleTime.ts';
import { sampleLedger } from '../../fixtures/sampleLedger.ts';
import { inkwellPython } from '../../process/ledger/inkwellInstall.ts';
import { hasPython } from '../../process/ledger/python.ts';
import { repository } from '../harness/codeServer.ts';
import type { Workbench } from '../harness/browser.ts';
import { output } from '../harness/processes.ts';
import { type Editor, openEditor } from '../e2e/editor.ts';

/** inkwell as it is, where pip can install it; else our fixture that writes as inkwell does. */
const REAL = `
import sys
from pathlib import Path
from inkwell.utils.costs import CostTracker
CostTracker(Path(sys.argv[1])).add_cost("gemini", "gemini-2.5-flash", "transcription", 10000000, 2000000)
`;
const inkwell = (file: string): Promise<string> =>
  inkwellPython === undefined
    ? output('python3', [path.join(repository, 'test/process/ledger/inkwell_writer.py'), file, '10'])
    : output(inkwellPython, ['-c', REAL, file]);

let editor: Editor;
let withoutFolder: Workbench;
beforeAll(async () => {
  const records = sampleLedger({ now: new Date(), days: 900 }).slice(-10_000);
  editor = await openEditor({ records, settings: { 'llmSpend.statusBar.period': 'all' } });
  withoutFolder = await editor.openWindow({ noFolder: true });
});
afterAll(() => editor?.close());

const status = (window: Workbench): Promise<string> => window.statusBarItem.innerText();
/** What every window must show, by the command line's count. */
async function total(): Promise<string> {
  const { totals } = JSON.parse(await editor.llmSpend('costs', '--json')) as { totals: { cost_nanos: string } };
  return formatUsd(BigInt(totals.cost_nanos));
}
const record = (cost: number): Promise<string> =>
  editor.llmSpend('record', '--provider=p', '--model=m', '--operation=o', `--cost-usd=${cost}`);

describe('two windows, one of them without a folder, on one ledger of 10,000 records', () => {
  test('show the same total as the command line', async () => {
    const expected = await total();
    for (const window of [editor.workbench, withoutFolder]) {
      await expect.poll(() => status(window)).toContain(expected);
    }
  });

  test("follow a process within a second of the command's end", async () => {
    await record(1000);
    // Counts from the end of the command, as `total` is another one.
    const sinceEnd = idleTimer();
    const expected = await total();
    const left = Math.max(1, 1000 - sinceEnd());
    await Promise.all(
      [editor.workbench, withoutFolder].map((window) =>
        within(left, async () => expect(await status(window)).toContain(expected)),
      ),
    );
  });

  test('follow what is recorded in one of them within a second', async () => {
    const before = await status(editor.workbench);
    await withoutFolder.runCommand('LLM Spend: Record Usage');
    await withoutFolder.answer('Record Usage', 'gpt-5 $500 chat');
    await withoutFolder.notifications.getByText('Recorded $500.00 for gpt-5.').waitFor();
    await within(1000, async () => expect(await status(editor.workbench)).not.toBe(before));
    const expected = await total();
    for (const window of [editor.workbench, withoutFolder]) {
      await expect.poll(() => status(window)).toContain(expected);
    }
    await withoutFolder.screenshot('no-folder');
  });

  test.skipIf(!hasPython)('follow inkwell, which records into a file of its own', async () => {
    const file = path.join(editor.home, '.config/inkwell/costs.json');
    await mkdir(path.dirname(file), { recursive: true });
    for (let calls = 1; calls <= 2; calls += 1) {
      const before = await status(editor.workbench);
      await inkwell(file);
      await within(1000, async () => expect(await status(editor.workbench)).not.toBe(before));
      await expect.poll(() => status(withoutFolder)).toBe(await status(editor.workbench));
    }
  });

  test('show nothing of it that went wrong', () => {
    expect([editor.workbench, withoutFolder].flatMap(({ complaints }) => complaints)).toEqual([]);
  });
});
