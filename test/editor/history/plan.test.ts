import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleLedger } from '../../fixtures/sampleLedger.ts';
import { TableBackend } from '../../fixtures/tableBackend.ts';
import { launchBrowser } from '../harness/browser.ts';
import { HistoryPage } from './historyPage.ts';

const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
const now = Date.now();
const sample = sampleLedger({ now: new Date(now) }).at(-1)!;
const record = (usageId: string, more: object): typeof sample => ({
  ...sample,
  usage_id: usageId,
  input_tokens: 1_000,
  output_tokens: 200,
  total_tokens: 1_200,
  cost_usd: 0.25,
  cost_known: true,
  billing_mode: 'known',
  timestamp: new Date(now).toISOString(),
  ...more,
});

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

test('the list and the details of a record say that a plan covers it, and the headline how many tokens are guesses', async () => {
  const records = [record('paid', {}), record('covered', { charge: 'plan', estimated_tokens: 200 })];
  const backend = new TableBackend(records, calendar);
  const { page } = await HistoryPage.open(browser, {
    backend,
    width: 1200,
    height: 1200,
    place: 'panel',
    choices: { range: { kind: 'all' } },
  });
  await page.getByText('incl. 200 estimated tokens').waitFor();
  const covered = page.getByText('$0.2500 plan', { exact: true });
  await covered.waitFor();
  expect(await page.getByText('$0.2500', { exact: true }).count()).toBe(1);
  await covered.click();
  await page.getByText('A plan or credits cover it, so it is not part of the cost.').waitFor();
});
