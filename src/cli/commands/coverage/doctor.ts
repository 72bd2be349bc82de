import type { CommandSpec } from '../../command.ts';
import type { Ledger } from '../../../ledger/ledger.ts';
import { coverageOf, withoutCounts, type SourceCoverage } from '../../../sources/coverage.ts';
import { ownEnvironment } from '../../../system/paths.ts';
import { localCalendar } from '../../../usage/time/calendar.ts';
import { formatTotals } from '../../../usage/summary.ts';
import { plain } from '../../../usage/text.ts';
import { envelope, totalsJson, writeJson } from '../../output/json.ts';
import { table } from '../../output/table.ts';
import { ledgersJson, warnOfDamage, withView, type LedgerFlag } from '../../arguments/ledgers.ts';
import { counted, whole } from '../../report/numbers.ts';
import { styled, type Terminal } from '../../output/terminal.ts';
import { userPrices } from '../../userPrices.ts';

export interface DoctorFlags extends LedgerFlag {
  json?: boolean;
}

/** Records read at a time. */
const PAGE = 10_000;
const DAY_MS = 86_400_000;
/** Days after which prices are called old. */
const OLD_PRICES_DAYS = 30;

/** Records by the origin of their cost. */
interface PriceCoverage {
  priced: number;
  unpriced: number;
  /** Records with the price of a similar model, by model and the model whose price it is. */
  assumed: Map<string, number>;
}

/** `llm-spend doctor`: reports the sources of usage, their gaps, and how to close them. */
export async function doctor(flags: DoctorFlags, terminal: Terminal): Promise<number> {
  return withView(flags, async (sources) => {
    const now = terminal.now();
    const options = { environment: ownEnvironment(), calendar: localCalendar(), now };
    const coverage = await coverageOf((query) => sources.view.aggregate(query), options);
    const prices = await priceCoverage(sources.ledgers);
    const { date, version } = (await (await userPrices()).pricer())?.table.version ?? { date: '', version: '' };
    const days = date === '' ? undefined : Math.floor((now - Date.parse(date)) / DAY_MS);
    if (flags.json === true) {
      await writeJson(
        terminal.out,
        envelope('doctor', {
          ledgers: ledgersJson(sources),
          sources: coverage.map(sourceJson),
          without_counts: withoutCounts(),
          priced: prices.priced,
          unpriced: prices.unpriced,
          assumed: [...prices.assumed].map(([models, records]) => {
            const [model, from] = models.split('\0');
            return { model, price_of: from, records };
          }),
          price_table: { version, date, days },
        }),
      );
    } else await terminal.out.line(doctorText(coverage, prices, days, terminal));
    return warnOfDamage(sources, terminal);
  });
}

async function priceCoverage(ledgers: readonly Ledger[]): Promise<PriceCoverage> {
  const result: PriceCoverage = { priced: 0, unpriced: 0, assumed: new Map() };
  for (const ledger of ledgers) {
    for (let offset = 0; ; offset += PAGE) {
      const page = await ledger.page({ filter: {}, sort: 'time', descending: false, offset, limit: PAGE });
      for (const { record } of page.rows) {
        if (record.cost_known) result.priced++;
        else result.unpriced++;
        const from = / [^\s/]+\/(\S+) assumed/.exec(record.price_source ?? '')?.[1];
        if (from === undefined) continue;
        const key = `${record.model}\0${from}`;
        result.assumed.set(key, (result.assumed.get(key) ?? 0) + 1);
      }
      if (page.rows.length < PAGE) break;
    }
  }
  return result;
}

function sourceJson(source: SourceCoverage): object {
  const { id, title, state, places, files, totals, firstDay, lastDay, daysWithout, deletedInDays, remarks } = source;
  return {
    source: id,
    title,
    state,
    places,
    files,
    first_day: firstDay ?? null,
    last_day: lastDay ?? null,
    days_without_records: daysWithout,
    logs_deleted_in_days: deletedInDays ?? null,
    remarks,
    totals: totalsJson(totals),
  };
}

function doctorText(
  coverage: readonly SourceCoverage[],
  { priced, unpriced, assumed }: PriceCoverage,
  days: number | undefined,
  { out }: Terminal,
): string {
  const shown = coverage.filter(({ state, totals }) => state !== 'missing' || totals.records > 0);
  const columns = [
    { title: 'Source' },
    { title: 'Logs', align: 'right' as const },
    { title: 'Imported', align: 'right' as const },
    { title: 'First day' },
    { title: 'Last day' },
    { title: 'Days without', align: 'right' as const },
    { title: 'Cost', align: 'right' as const },
  ];
  const rows = shown.map(({ title, files, totals, firstDay, lastDay, daysWithout }) => [
    title,
    files === 0 ? 'none' : whole(files),
    totals.records === 0 ? 'nothing' : whole(totals.records),
    firstDay ?? '',
    lastDay ?? '',
    // A day without records is not a day that cost nothing.
    daysWithout === 0 ? '' : whole(daysWithout),
    totals.records === 0 ? '' : formatTotals(totals),
  ]);
  const lines =
    rows.length > 0 ? [table(columns, rows, { width: out.columns })] : ['No logs of a known agent were found.'];
  const todo = shown.flatMap((source) => adviceOf(source));
  const missing = coverage.filter((source) => !shown.includes(source)).map(({ title }) => title);
  const prices = [
    `${counted(priced, 'record')} with a known cost, ${whole(unpriced)} without${unpriced > 0 ? ': llm-spend reprice --dry-run shows why' : ''}.`,
    ...[...assumed].map(([models, records]) => {
      const [model = '', from = ''] = models.split('\0');
      return `${counted(records, 'record')} of ${plain(model)} at the price of ${plain(from)}, which is assumed.`;
    }),
    ...(days !== undefined && days > OLD_PRICES_DAYS
      ? [`The prices are ${days} days old: llm-spend prices update downloads the latest.`]
      : []),
  ];
  return [
    ...lines,
    ...(todo.length > 0 ? [[styled(out, 'bold', 'What to do'), ...todo.map((line) => `  ${line}`)].join('\n')] : []),
    [styled(out, 'bold', 'Prices'), ...prices.map((line) => `  ${line}`)].join('\n'),
    `Not found: ${missing.join(', ')}`,
    `Without counts on the disk: ${withoutCounts()
      .map(({ title }) => title)
      .join(', ')}`,
  ].join('\n\n');
}

function adviceOf({ id, title, state, totals, deletedInDays, remarks }: SourceCoverage): string[] {
  return [
    ...(state === 'found' && totals.records === 0 ? [`${title}: llm-spend import ${id}`] : []),
    ...(deletedInDays !== undefined && deletedInDays <= 7
      ? [`${title} deletes its oldest log in ${counted(deletedInDays, 'day')}: import it, or raise cleanupPeriodDays.`]
      : []),
    ...remarks.map((remark) => `${title}: ${remark}`),
  ];
}

export const command: CommandSpec<DoctorFlags> = {
  summary: 'show which sources of usage are covered, their gaps, and how to close them',
  options: [],
  examples: ['llm-spend doctor', 'llm-spend doctor --json'],
  notes: 'It reads the names of log files and the ledgers, and changes nothing.',
  run: ({ flags, terminal }) => doctor(flags, terminal),
};
