/**
 * A window for tests of warnings: follows the ledger and the budgets as the editor does, and prints each warning. After a claim it
 * waits for a random time before the message, in which it may be killed.
 *
 *     node budgetWindow.ts LEASE_MS MOST_WAIT_MS
 */
import { watch } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { dirname } from 'node:path';
import { budgetsPath, readBudgets } from '../../../src/budgets/budgetFile.ts';
import { budgetState } from '../../../src/budgets/budgetState.ts';
import { dueWarnings } from '../../../src/budgets/warnings.ts';
import { openView } from '../../../src/library/openView.ts';
import { Coalescer } from '../../../src/system/coalescer.ts';
import { resolveLedgerPath } from '../../../src/system/paths.ts';
import { localCalendar } from '../../../src/usage/time/calendar.ts';

const [leaseMs = 0, mostWaitMs = 0] = process.argv.slice(2).map(Number);
const calendar = localCalendar();
const { view } = openView({ primary: resolveLedgerPath() }, { pricing: false });
let timer: NodeJS.Timeout | undefined;

const looking = new Coalescer(look, {
  timing: { quietMs: 10, maxWaitMs: 50 },
  onError: (error) => console.error(error),
});

async function look(): Promise<void> {
  await view.refresh();
  const now = Date.now();
  const states = [];
  for (const budget of readBudgets().budgets) states.push(await budgetState(budget, view, now, calendar));
  const { warnings, retryAt } = await dueWarnings(states, { answers: view, calendar, now, leaseMs });
  for (const { state, level, shown } of warnings) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * mostWaitMs));
    process.stdout.write(`${JSON.stringify({ budget: state.budget.name, level })}\n`);
    void shown();
  }
  clearTimeout(timer);
  if (retryAt !== undefined) timer = setTimeout(() => looking.request(), retryAt - Date.now() + 1);
}

view.watch(() => looking.request());
watch(dirname(budgetsPath()), () => looking.request());
await looking.now();
flushCompileCache();
process.stdout.write('{"ready":true}\n');
