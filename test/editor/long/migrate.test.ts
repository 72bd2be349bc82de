import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Editor, openEditor } from '../e2e/editor.ts';

/** Enough for the editor to offer SQLite, and for a move to take long enough to be cancelled. */
const RECORDS = 100_000;
let editor: Editor;
let json: string;
let database: string;

beforeAll(async () => {
  // The variable would win over the setting that the move changes.
  editor = await openEditor({ env: { LLM_SPEND_LEDGER: '' }, settings: { 'files.simpleDialog.enable': true } });
  json = path.join(editor.home, '.config/llm-spend/costs.json');
  database = json.replace(/json$/, 'db');
  await mkdir(path.dirname(json), { recursive: true });
  const timestamp = new Date().toISOString();
  const one = {
    provider: 'p',
    model: 'm',
    operation: 'o',
    input_tokens: 7,
    output_tokens: 3,
    cost_usd: 0.01,
    timestamp,
  };
  const records = Array.from({ length: RECORDS }, (_, i) => JSON.stringify({ usage_id: `id-${i}`, ...one }));
  await writeFile(json, `[\n${records.join(',\n')}\n]\n`);
});
afterAll(() => editor?.close());

const status = (): Promise<string> => editor.workbench.statusBarItem.innerText();

/** How many records the new ledger has, read without any code of ours. */
function recordsInDatabase(): number {
  const db = new DatabaseSync(database, { readOnly: true, timeout: 10_000 });
  try {
    return db.prepare('SELECT count(*) AS records FROM record').get()!['records'] as number;
  } finally {
    db.close();
  }
}

/** Accepts the file that the dialog proposes: the ledger's name with the other ending. */
async function acceptTarget(): Promise<void> {
  const { quickInput, page } = editor.workbench;
  await expect.poll(() => quickInput.locator('input[type="text"]').first().inputValue()).toContain('costs.db');
  await page.keyboard.press('Enter');
}

test('a ledger that has grown big is offered to move, cancelled on the way, and left as it was', async () => {
  const { workbench } = editor;
  const before = await readFile(json);
  const offer = workbench.notifications.filter({ hasText: '100,000 records' });
  await offer.waitFor();
  await workbench.screenshot('migrate-offer');
  await offer.getByRole('button', { name: 'Move It…' }).click();
  await acceptTarget();
  const progress = workbench.notifications.filter({ hasText: 'Moving the ledger' });
  await progress.waitFor();
  await expect.poll(() => existsSync(database) && recordsInDatabase()).toBeGreaterThan(0);
  await workbench.screenshot('migrate-progress');
  await progress.getByRole('button', { name: 'Cancel' }).click();
  await workbench.notifications.filter({ hasText: 'Interrupted.' }).waitFor();
  await workbench.screenshot('migrate-cancelled');
  expect(recordsInDatabase()).toBeLessThan(RECORDS);
  expect((await readFile(json)).equals(before)).toBe(true);
  expect(await status()).toContain('$1,000.00');
});

test('the move goes on from there, and the editor records into the new ledger once the person says so', async () => {
  const { workbench } = editor;
  await workbench.runCommand('LLM Spend: Move Ledger to Another File…');
  const there = workbench.quickInput.locator('.monaco-list-row').filter({ hasText: 'Already exists.' });
  await there.waitFor();
  await workbench.screenshot('migrate-go-on');
  await there.click();
  const dialog = workbench.page.locator('.monaco-dialog-box');
  await dialog.getByText('from now on?').waitFor();
  await workbench.screenshot('migrate-done');
  expect(await dialog.innerText()).toContain('100,000 records, $1,000.00: identical in both ledgers, month by month.');
  expect(recordsInDatabase()).toBe(RECORDS);
  await dialog.getByRole('button', { name: 'Use It', exact: true }).click();
  const settings = path.join(editor.server.folder, 'user-data/Machine/settings.json');
  await expect.poll(() => readFile(settings, 'utf8').catch(() => '')).toContain('costs.db');
  await expect.poll(status).toContain('$1,000.00');
  await workbench.notifications.filter({ hasText: 'is now' }).waitFor();
  // What others record there is shown.
  await editor.llmSpend('record', '--provider=p', '--model=m', '--operation=o', '--cost-usd=5', '--ledger', database);
  await expect.poll(status).toContain('$1,005.00');
  await workbench.screenshot('migrate-moved');
});
