import type { CommandSpec } from '../command.ts';
import { reportCache } from './money/cacheCosts.ts';
import { currencyNote, type DisplayCurrency } from '../../pricing/currency.ts';
import { groupByBlock } from '../../usage/time/blocks.ts';
import { DIMENSIONS } from '../../usage/dimensions.ts';
import { BUCKETS, type Group, type Grouping, type Page, type Totals } from '../../usage/query.ts';
import type { GitGrouping, GitQuery } from '../../git/gitGroups.ts';
import { choice, positive } from '../arguments/arguments.ts';
import { displayCurrency } from '../arguments/currency.ts';
import { usageError } from '../output/exit.ts';
import {
  FILTER_NOTES,
  FILTER_OPTIONS,
  filterJson,
  selection,
  type FilterFlags,
  type Selection,
} from '../arguments/filters.ts';
import { envelope, recordCostNanos, totalsJson, writeJson } from '../output/json.ts';
import { ticketPattern } from '../arguments/repositories.ts';
import { ledgersJson, warnOfDamage, withView, type LedgerFlag, type Sources } from '../arguments/ledgers.ts';
import { SCOPE_OPTION, withScope, type ScopeFlag } from '../arguments/scope.ts';
import { commitJson, gitCosts, GIT_GROUPINGS, isGitGrouping, shownKey, type GitCosts } from '../report/gitCosts.ts';
import { byText, groupTable } from '../report/groups.ts';
import { footerText } from '../report/footer.ts';
import { budgetNotes } from '../report/reachedBudgets.ts';
import { isPricedByList, priceNote } from '../report/priceNote.ts';
import { ConvertedMoney, USD, type Money } from '../report/money.ts';
import { recordsTable } from '../report/records.ts';
import { counted } from '../report/numbers.ts';
import { paidAndPlanText, totalsTable } from '../report/totals.ts';
import { plain } from '../../usage/text.ts';
import { zoneOf } from '../../usage/time/zone.ts';
import { emptyText } from '../report/nothingYet.ts';
import { styled, type Terminal } from '../output/terminal.ts';
import { t } from '../language/text.ts';

export interface CostsFlags extends FilterFlags, LedgerFlag, ScopeFlag {
  by?: string[];
  recent?: string;
  currency?: string;
  cache?: boolean;
  ticketPattern?: string;
  json?: boolean;
}

/** Ledgers cannot group by block; blocks are merged from hours. Git shows commits, pull requests and the like. */
export type ReportGrouping = Grouping | 'block' | GitGrouping;
const GROUPINGS: readonly ReportGrouping[] = [
  ...new Set([...BUCKETS, 'block' as const, ...DIMENSIONS, ...GIT_GROUPINGS]),
];
/** The groupings shown below the total, and the maximum number of lines of each. */
const BREAKDOWNS = ['provider', 'operation', 'model', 'episode'] as const;
const TOP = 10;

/** The question that the flags ask. */
interface Question {
  selection: Selection;
  by: readonly ReportGrouping[];
  /** How many of the newest records are listed, instead of groups. */
  recent: number | undefined;
  display: DisplayCurrency | undefined;
}

interface Report extends Pick<Question, 'selection' | 'by'> {
  sources: Sources;
  totals: Totals;
  groups: Group[];
  breakdowns: { by: Grouping; groups: Group[] }[];
  recent: Page | undefined;
  money: Money;
  /** Description of the conversion. */
  note: string | undefined;
  git: GitCosts | undefined;
  /** A sentence on prices that are old. */
  priceAge?: string | undefined;
  /** Sentences on budgets that have reached a level. */
  budgets?: readonly string[];
}

/** `llm-spend costs`: reports spending by group. */
export async function costs(flags: CostsFlags, terminal: Terminal): Promise<number> {
  const by = (flags.by ?? []).flatMap((list) => list.split(',')).map((name) => choice('--by', name.trim(), GROUPINGS));
  if (new Set(by).size < by.length) throw usageError(t`--by: repeats a grouping. Name each once.`, '--by');
  if (by.includes('block') && (by[0] !== 'block' || by.some((name) => (BUCKETS as readonly string[]).includes(name)))) {
    throw usageError(t`--by: block must come first, without another time span: --by block,model.`, '--by');
  }
  if (flags.cache === true) return costOfCache(flags, terminal);
  const recent = flags.recent === undefined ? undefined : positive('--recent', flags.recent);
  if (recent !== undefined && by.length > 0) {
    throw usageError(t`--recent: cannot be combined with --by. Give one or the other.`, '--recent');
  }
  if (by.includes('block') && by.some(isGitGrouping)) {
    throw usageError(t`--by: block cannot be combined with ${by.find(isGitGrouping)}.`, '--by');
  }
  const ticket = ticketPattern(flags.ticketPattern);
  const display = await currencyOf(flags, by);
  selection(flags, terminal.now());

  return withScope(flags, async (sources, scoped) => {
    const chosen = selection(scoped, terminal.now());
    const { filter, calendar } = chosen;
    const git = by.some(isGitGrouping)
      ? await gitCosts(sources.view, { filter, groupBy: by as GitQuery['groupBy'], calendar, ticket }, terminal.now())
      : undefined;
    const report: Report = {
      ...(await gather(sources, { selection: chosen, by: git === undefined ? by : [], recent, display })),
      git,
    };
    if (git !== undefined) Object.assign(report, { by, groups: git.groups, breakdowns: [] });
    if (flags.json === true) await writeJson(terminal.out, reportJson(report));
    else {
      if (isPricedByList(report.totals)) report.priceAge = await priceNote(terminal.now());
      // A named ledger is not the one that budgets count.
      if (flags.ledger === undefined) report.budgets = await budgetNotes(sources, terminal.now(), calendar);
      await terminal.out.line(reportText(report, flags, terminal));
    }
    return warnOfDamage(sources, terminal);
  });
}

async function costOfCache(flags: CostsFlags, terminal: Terminal): Promise<number> {
  if (flags.by !== undefined || flags.recent !== undefined || flags.currency !== undefined) {
    throw usageError(t`--cache: cannot be combined with --by, --recent or --currency.`, '--cache');
  }
  // The prices of calls depend on their size, so the server cannot add them up, and a team's history is not downloaded.
  if (flags.scope !== undefined && flags.scope !== 'machine') {
    throw usageError(t`--cache: prices each call of this machine, so it cannot have --scope me or team.`, '--cache');
  }
  return withView(flags, async (sources) => {
    const chosen = selection(flags, terminal.now());
    await reportCache(chosen, sources, flags.json === true, terminal);
    return warnOfDamage(sources, terminal);
  });
}

/** undefined: USD. */
async function currencyOf(
  { currency, json }: CostsFlags,
  by: readonly ReportGrouping[],
): Promise<DisplayCurrency | undefined> {
  if (currency === undefined) return undefined;
  if (json === true) {
    throw usageError(
      t`--currency: cannot be combined with --json, which is in USD. Give one or the other.`,
      '--currency',
    );
  }
  if (by.includes('block')) {
    throw usageError(
      t`--currency: cannot be combined with --by block, because rates apply to whole days.`,
      '--currency',
    );
  }
  if (by.some(isGitGrouping)) {
    throw usageError(t`--currency: cannot be combined with --by ${by.find(isGitGrouping)}.`, '--currency');
  }
  return displayCurrency(currency);
}

async function gather(sources: Sources, { selection, by, recent, display }: Question): Promise<Omit<Report, 'git'>> {
  const { view } = sources;
  const { filter, calendar } = selection;
  // Display order: time ascending, everything else by cost, most expensive first.
  const converted = display && new ConvertedMoney((query) => view.aggregate(query), display, calendar);
  const grouped = async (groupBy: readonly Grouping[]): Promise<Group[]> => {
    const query = { filter, groupBy, calendar };
    const groups = await view.aggregate(query);
    await converted?.add(query, groups);
    return groups;
  };

  const totals = await view.summary(filter);
  await converted?.add({ filter, groupBy: [], calendar }, [{ key: [], totals }]);
  const [first, ...others] = by;
  const groups =
    first === 'block'
      ? // Blocks begin on a UTC hour, whatever the user's time zone.
        groupByBlock(
          await view.aggregate({
            filter,
            groupBy: ['hour', ...(others as readonly Grouping[])],
            calendar: { ...calendar, timeZone: 'UTC' },
          }),
        )
      : by.length > 0
        ? await grouped(by as readonly Grouping[])
        : [];
  const breakdowns: Report['breakdowns'] = [];
  let page: Page | undefined;
  if (recent !== undefined) {
    page = await view.page({ filter, sort: 'time', descending: true, offset: 0, limit: recent });
  } else if (by.length === 0) {
    for (const name of BREAKDOWNS) breakdowns.push({ by: name, groups: await grouped([name]) });
  }
  const dated = display?.rates[0]?.day !== '' ? ` ${t`Costs on days without a rate are in USD.`}` : '';
  const note = display && `${currencyNote(display)}${dated}`;
  return { selection, sources, totals, by, groups, breakdowns, recent: page, money: converted ?? USD, note };
}

function reportJson({ selection, sources, totals, by, groups, breakdowns, recent, git }: Report): object {
  const groupsJson = (list: readonly Group[], names: readonly ReportGrouping[]): object[] =>
    list.map(({ key, totals }) => ({
      ...(git === undefined
        ? { key: Object.fromEntries(names.map((name, i) => [name, key[i] ?? null])) }
        : commitJson(key, names, git.commits)),
      ...totalsJson(totals),
    }));
  return envelope('costs', {
    ledgers: ledgersJson(sources),
    timezone: selection.calendar.timeZone,
    filter: filterJson(selection),
    totals: totalsJson(totals),
    ...(by.length > 0 ? { by, groups: groupsJson(groups, by) } : {}),
    ...(breakdowns.length > 0
      ? { breakdowns: Object.fromEntries(breakdowns.map((each) => [each.by, groupsJson(each.groups, [each.by])])) }
      : {}),
    ...(recent === undefined
      ? {}
      : {
          recent: recent.rows.map(({ ledger, record }) => ({ ledger, cost_nanos: recordCostNanos(record), record })),
        }),
  });
}

function reportText(report: Report, flags: CostsFlags, { out }: Terminal): string {
  const { totals, selection, sources, by, breakdowns, recent, money } = report;
  const known = sources.states.reduce((sum, { records }) => sum + records, 0);
  const footer = styled(out, 'dim', footerText(sources, selection));
  if (known === 0) return `${emptyText(flags, sources.states)}${footer}`;
  if (totals.records === 0) return `${t`No record matches, of ${counted(known, 'record')}.`}\n\n${footer}`;

  const options = { width: out.columns, head: (line: string): string => styled(out, 'bold', line) };
  const parts: string[] = [];
  if (by.length > 0) parts.push(groupTable({ by, groups: shownGroups(report), all: totals }, money, options));
  else if (recent !== undefined) parts.push(recordsTable(recent.rows, selection.calendar.timeZone, money, options));
  else {
    parts.push(`${styled(out, 'bold', t`Costs`)}\n${totalsTable(totals, money, out.columns)}`);
    for (const each of breakdowns) {
      // A single group adds nothing to the total.
      if (each.groups.length === 1 && each.groups[0]?.key[0] === null) continue;
      const rest = each.groups.length - TOP;
      const more = rest > 0 ? `\n  ${styled(out, 'dim', t`and ${rest} more: llm-spend costs --by ${each.by}`)}` : '';
      const top = groupTable({ by: [each.by], groups: each.groups.slice(0, TOP) }, money, { ...options, indent: 2 });
      parts.push(`${styled(out, 'bold', byText(each.by))}\n${top}${more}`);
    }
  }
  const notes = by.includes('tag') ? [t`A record counts once for each of its tags, but only once in the total.`] : [];
  if (report.note !== undefined) notes.push(report.note);
  notes.push(...(report.git?.notes ?? []).map((note) => plain(note)));
  const paidAndPlan = paidAndPlanText(totals);
  if (paidAndPlan !== undefined && money === USD) notes.push(`${paidAndPlan}.`);
  if (report.priceAge !== undefined) notes.push(report.priceAge);
  if (report.budgets !== undefined && report.budgets.length > 0) notes.push(report.budgets.join('\n'));
  return [...parts, ...notes, footer].join('\n\n');
}

/** Formats commits, and block starts for display: `2026-11-23 14:00`, in the user's time zone. */
function shownGroups({ groups, by, selection: { calendar }, git }: Report): Group[] {
  if (git !== undefined) {
    return groups.map(({ key, totals }) => ({ key: key.map((each) => shownKey(each, git.commits)), totals }));
  }
  if (by[0] !== 'block') return groups;
  return groups.map(({ key, totals }) => {
    const local = zoneOf(calendar.timeZone).toLocal(Date.parse(key[0] ?? ''));
    return { key: [new Date(local).toISOString().slice(0, 16).replace('T', ' '), ...key.slice(1)], totals };
  });
}

export const command: CommandSpec<CostsFlags> = {
  summary: 'show costs and tokens, in total and by day, model, project and more',
  options: [
    ...FILTER_OPTIONS,
    {
      flags: '--by <grouping>',
      help: t`group by ${GROUPINGS.join(', ')}; combine several with commas`,
      repeatable: true,
    },
    { flags: '--ticket-pattern <regex>', help: 'for --by ticket: finds it in the name of a branch (default: ABC-123)' },
    { flags: '--cache', help: 'what the prompt cache cost and saved, by project and session' },
    SCOPE_OPTION,
    { flags: '-r, --recent <n>', help: 'list the newest n records' },
    {
      flags: '--currency <rate>',
      help: 'convert to another currency: EUR=0.92 (for 1 USD), or a JSON file of dated rates',
    },
  ],
  examples: [
    'llm-spend costs',
    'llm-spend costs --by commit --days 7',
    'llm-spend costs --by month,ticket',
    'llm-spend costs --by day --days 7',
    'llm-spend costs --by month,model --since 2026-01 --json',
    'llm-spend costs --by block,model --days 2',
    'llm-spend costs --provider openai --project site --recent 20',
    'llm-spend costs --by month --currency EUR=0.92',
  ],
  notes: t`${FILTER_NOTES}\nA block is five hours long, like the blocks that Claude subscriptions limit.`,
  run: ({ flags, terminal }) => costs(flags, terminal),
};
