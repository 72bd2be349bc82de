import type { CommandSpec } from '../command.ts';
import { positive } from '../arguments/arguments.ts';
import { EXIT } from '../output/exit.ts';
import { FILTER_NOTES, FILTER_OPTIONS, selection, type FilterFlags } from '../arguments/filters.ts';
import { envelope, totalsJson } from '../output/json.ts';
import { withView, type LedgerFlag } from '../arguments/ledgers.ts';
import { counted, whole } from '../report/numbers.ts';
import { jsonText } from '../../usage/jsonText.ts';
import type { LedgerView } from '../../ledger/view.ts';
import type { Calendar, Totals } from '../../usage/query.ts';
import { zoneOf } from '../../usage/time/zone.ts';
import type { Terminal } from '../output/terminal.ts';
import { BudgetWarnings } from '../report/budgetWarnings.ts';
import { totalsText } from '../report/totals.ts';
import { t } from '../language/text.ts';

export interface WatchFlags extends FilterFlags, LedgerFlag {
  count?: string;
  /** false if `--no-notify` was given. */
  notify?: boolean;
  json?: boolean;
}

/**
 * `llm-spend watch`: prints the totals, and prints them again whenever they change, until Ctrl+C, the reader closes the pipe,
 * or `--count` changes were printed. Changes while a line is being produced are included in the next line.
 */
export async function watch(flags: WatchFlags, terminal: Terminal): Promise<number> {
  const count = flags.count === undefined ? Infinity : positive('--count', flags.count);
  selection(flags, terminal.now());

  return withView(flags, async ({ view }) => {
    const stopped = new AbortController();
    const stop = (): void => {
      stopped.abort();
      wake();
    };
    let wake = (): void => {};
    let changed = false;
    let told = '';
    /** false: the totals are unchanged, as when a record moves from a journal to the ledger's file. */
    const tell = async (event: 'start' | 'change'): Promise<boolean> => {
      // Evaluated each time: after midnight `--days 1` means another day.
      const { filter, calendar } = selection(flags, terminal.now());
      const totals = await view.summary(filter);
      const figuresNow = JSON.stringify(totalsJson(totals));
      if (figuresNow === told) return false;
      told = figuresNow;
      await terminal.out.line(lineOf(totals, { event, calendar, now: terminal.now(), isJson: flags.json === true }));
      return true;
    };
    const warnings = warningsOf(view, flags, terminal);
    let isWarningDue = true;
    const warnNow = async (): Promise<void> => {
      isWarningDue = false;
      await warnings?.look(selection({}, terminal.now()).calendar, () => {
        isWarningDue = true;
        wake();
      });
    };
    const watching = view.watch(() => {
      changed = true;
      wake();
    });
    process.on('SIGINT', stop).on('SIGTERM', stop);
    try {
      await tell('start');
      for (let changes = 0; changes < count && !stopped.signal.aborted && !terminal.out.closed;) {
        if (isWarningDue) await warnNow();
        if (!changed && !isWarningDue) await new Promise<void>((resolve) => (wake = resolve));
        if (!changed) continue;
        changed = false;
        isWarningDue = true;
        if (await tell('change')) changes++;
      }
      if (isWarningDue && !terminal.out.closed) await warnNow();
    } finally {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      watching.dispose();
      await warnings?.close();
    }
    return terminal.out.closed ? EXIT.failed : EXIT.done;
  });
}

/** Budgets count the user's own ledgers, so that a watch of another one does not warn. */
function warningsOf(view: LedgerView, flags: WatchFlags, terminal: Terminal): BudgetWarnings | undefined {
  if (flags.ledger !== undefined || flags.with !== undefined || flags.notify === false) return undefined;
  return new BudgetWarnings(view, terminal, flags);
}

interface LineOptions {
  event: 'start' | 'change';
  calendar: Calendar;
  now: number;
  isJson: boolean;
}

function lineOf(totals: Totals, { event, calendar, now, isJson }: LineOptions): string {
  if (isJson) {
    const at = new Date(now).toISOString();
    return jsonText(envelope('watch', { event, at, totals: totalsJson(totals) }));
  }
  const time = new Date(zoneOf(calendar.timeZone).toLocal(now)).toISOString().slice(11, 19);
  const figures = [counted(totals.records, 'record'), t`${whole(totals.totalTokens)} tokens`, totalsText(totals)];
  return `${time}  ${figures.join(' · ')}`;
}

export const command: CommandSpec<WatchFlags> = {
  summary: 'print the totals now and after each change, until Ctrl+C',
  options: [
    ...FILTER_OPTIONS,
    { flags: '--count <n>', help: 'exit after n changes' },
    { flags: '--no-notify', help: 'do not warn about budgets' },
  ],
  examples: ['llm-spend watch --days 1', 'llm-spend watch --json --count 1'],
  notes: t`${FILTER_NOTES}\nWarns of budgets on stderr, on the desktop and by webhooks: see docs/budgets.md.`,
  run: ({ flags, terminal }) => watch(flags, terminal),
};
