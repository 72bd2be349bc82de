import type { CommandSpec } from '../command.ts';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { openLedger } from '../../library/index.ts';
import { addSamples, readSamples, samplesPath } from '../../library/agentSamples.ts';
import { importLedger } from '../../library/openView.ts';
import { claudeCode } from '../../sources/claude-code/index.ts';
import { ownEnvironment } from '../../system/paths.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { assignByUserRules } from '../../rules/ruleFile.ts';
import { importSource } from '../../sources/import/import.ts';
import { blocksOf, type Block } from '../../usage/time/blocks.ts';
import { localCalendar } from '../../usage/time/calendar.ts';
import { formatUsd, nanosToUsd, usdToNanos, type Nanos } from '../../usage/money.ts';
import { currentQuota, quotaAgent, quotaWindows, sampledEnd, type QuotaSample } from '../../usage/time/quota.ts';
import { rangeOf } from '../../usage/time/period.ts';
import { valueNanos, type Totals, type UsageFilter } from '../../usage/query.ts';
import type { BudgetState } from '../../budgets/budgetState.ts';
import { budgetFiles } from '../../budgets/teamSums.ts';
import { incompleteName } from '../../system/sideFiles.ts';
import { plain } from '../../usage/text.ts';
import { EXIT } from '../output/exit.ts';
import { envelope, totalsJson, writeJson } from '../output/json.ts';
import { ledgerPath, withView, type LedgerFlag } from '../arguments/ledgers.ts';
import { userPrices } from '../userPrices.ts';
import { readStdin } from '../input/stdin.ts';
import { isPricedByList, oldPricesDays } from '../report/priceNote.ts';
import { nearestBudget, shareText } from '../report/reachedBudgets.ts';
import { logTotals, quotaWords, shortDuration } from '../report/statusWords.ts';
import { keepLine } from '../output/keptLine.ts';
import { parseStatusInput, type StatusInput } from '../output/shownLine.ts';
import type { Terminal } from '../output/terminal.ts';
import { t } from '../language/text.ts';

export interface StatuslineFlags extends LedgerFlag {
  /** false if `--no-import` was given. */
  import?: boolean;
  json?: boolean;
  /** Text with slots: `{today}`. */
  format?: string;
}

const SOURCE = 'claude-code-log';
/** Whether a block begins depends on the block before it; a chain that reaches further back than this does not matter. */
const CHAIN_MS = 30 * 86_400_000;
const HOUR_MS = 3_600_000;

interface Status {
  model: string | undefined;
  /** undefined: nothing is known about this session. */
  session: Totals | undefined;
  /** The session's cost according to Claude Code in USD, used if the ledger does not know the session. */
  sessionGiven: number | undefined;
  today: Totals;
  block: (Block & { totals: Totals; perHour: Nanos }) | undefined;
  /** The current windows of the plans' quotas, by agent. */
  quota: readonly QuotaSample[];
  /** The budget nearest to its limit, if it has reached a level. */
  budget: BudgetState | undefined;
  /** All samples, for the pace. */
  samples: readonly QuotaSample[];
  /** The age of the prices in days, if they are old and amounts depend on them. */
  priceDays: number | undefined;
}

/** `llm-spend statusline`: prints one line for Claude Code's `statusLine`: this session, today, and the five-hour block. */
export async function statusline(flags: StatuslineFlags, argv: readonly string[], terminal: Terminal): Promise<number> {
  const text = terminal.input ?? (await readStdin());
  const input = parseStatusInput(text);
  const transcript = typeof input.transcript_path === 'string' ? input.transcript_path : undefined;
  if (flags.import !== false && transcript !== undefined) await followSession(transcript, flags, terminal);
  const now = terminal.now();
  const samples = samplesPath(ledgerPath(flags));
  await keepSamples(samples, input, now);
  const { status, files, unsound } = await withView(flags, async ({ view, ledgers, states }) => ({
    status: await statusOf(input, (filter) => view.summary(filter), {
      hours: async (filter) =>
        (await view.aggregate({ filter, groupBy: ['hour'], calendar: { timeZone: 'UTC', firstDayOfWeek: 1 } })).map(
          ({ key }) => Date.parse(`${key[0]?.slice(0, 13)}:00:00Z`),
        ),
      first: async (filter) => {
        const page = await view.page({ filter, sort: 'time', descending: false, offset: 0, limit: 1 });
        const [row] = page.rows;
        return row === undefined ? undefined : Date.parse(row.record.timestamp);
      },
      now,
      samples: readSamples(samples).quota,
      budget: await nearestBudget(view, now),
    }),
    files: ledgers.flatMap(({ path: file }) => [file, `${file}-wal`, incompleteName(file)]),
    unsound: states.find(({ health }) => health === 'damaged' || health === 'unavailable')?.health,
  }));
  if (flags.json === true) {
    await writeJson(terminal.out, statusJson(status, now));
    return EXIT.done;
  }
  const warning =
    unsound === undefined
      ? ''
      : ` · ${unsound === 'damaged' ? t`ledger damaged, see llm-spend verify` : t`ledger unavailable, see llm-spend verify`}`;
  const line = `${statusText(status, now, flags.format)}${warning}`;
  const followed = [...files, samples, ...budgetFiles(), ...(transcript === undefined ? [] : [transcript])];
  await keepLine(argv, text, { at: now, line, files: followed });
  await terminal.out.line(line);
  return EXIT.done;
}

/** Keeps what Claude Code says of the plan's quota, and of the session's cost by its own count. */
async function keepSamples(path: string, input: StatusInput, now: number): Promise<void> {
  const agent = claudeCode.id;
  const { session_id: session } = input;
  const cost = givenCost(input);
  await addSamples(
    path,
    {
      quota: quotaWindows(input.rate_limits, now).map((window) => ({ ...window, agent, at: now })),
      sessions: typeof session === 'string' && cost !== undefined ? [{ agent, session, cost, at: now }] : [],
    },
    now,
  );
}

function givenCost({ cost }: StatusInput): number | undefined {
  const given = cost?.total_cost_usd;
  return typeof given === 'number' && given >= 0 && Number.isFinite(given) ? given : undefined;
}

/** Imports the session's usage since the last call. */
async function followSession(named: string, flags: LedgerFlag, terminal: Terminal): Promise<void> {
  if (!path.isAbsolute(named)) return;
  // Normalised first: `projects/../x.jsonl` would appear to be inside the folder of the logs.
  const transcript = path.normalize(named);
  const folder = path.dirname(transcript);
  const root = path.dirname(folder);
  const environment = ownEnvironment();
  // Only files in Claude Code's log folders are read, whatever stdin names.
  if (!claudeCode.locate(environment).includes(root) || !existsSync(transcript)) return;
  const target = importLedger(flags.ledger);
  let ledger: Ledger | undefined;
  try {
    const session = path.basename(transcript, '.jsonl');
    const project = path.basename(folder);
    await importSource(claudeCode, [root], {
      path: target,
      ledger: async () => (ledger ??= openLedger({ ledger: target, pricing: false })),
      pricer: async () => (await userPrices()).pricer(),
      assign: assignByUserRules(),
      now: terminal.now,
      within: [`${project}/${session}.jsonl`, `${project}/${session}`],
    });
  } finally {
    await ledger?.close();
  }
}

interface Questions {
  hours: (filter: UsageFilter) => Promise<number[]>;
  first: (filter: UsageFilter) => Promise<number | undefined>;
  now: number;
  samples: readonly QuotaSample[];
  budget: BudgetState | undefined;
}

async function statusOf(
  input: StatusInput,
  summary: (filter: UsageFilter) => Promise<Totals>,
  { hours, first, now, samples, budget }: Questions,
): Promise<Status> {
  const { since, until } = rangeOf('today', now, localCalendar());
  const own = { source: [SOURCE] };
  const session =
    typeof input.session_id === 'string'
      ? await summary({ values: { ...own, session: [input.session_id] } })
      : undefined;
  const block = blocksOf(await hours({ since: now - CHAIN_MS, until: now + 1, values: own })).at(-1);
  const name = input.model?.display_name;
  const status: Status = {
    model: typeof name === 'string' ? name : undefined,
    session: session !== undefined && session.records > 0 ? session : undefined,
    sessionGiven: givenCost(input),
    today: await summary({ since, until }),
    block: undefined,
    quota: currentQuota(samples, now),
    samples,
    budget,
    priceDays: undefined,
  };
  if ([status.today, status.session ?? status.today].some(isPricedByList)) status.priceDays = await oldPricesDays(now);
  if (block !== undefined && now < block.end) {
    const filter: UsageFilter = { since: block.start, until: block.end, values: own };
    const totals = await summary(filter);
    const elapsed = Math.max(60_000, now - ((await first(filter)) ?? now));
    const perHour = (valueNanos(totals) * BigInt(HOUR_MS)) / BigInt(Math.round(elapsed));
    status.block = { ...block, totals, perHour };
  }
  return status;
}

/** The parts of the line by the name of their slot; those that are unknown are empty. */
function slotsOf(
  { model, session, sessionGiven, today, block, quota, samples, budget, priceDays }: Status,
  now: number,
): Record<Slot, string> {
  const given = sessionGiven === undefined ? '' : t`${formatUsd(usdToNanos(sessionGiven))} session`;
  return {
    model: model === undefined ? '' : plain(model, { max: 40 }),
    session: session === undefined ? given : t`${logTotals(session)} session`,
    today: t`${logTotals(today)} today`,
    block:
      block === undefined
        ? ''
        : t`${logTotals(block.totals)} block, ${shortDuration(block.end - now)} left, ${formatUsd(block.perHour)}/h`,
    quota: quota
      .map((sample) => {
        const isOnly = quota.every(({ agent }) => agent === claudeCode.id);
        const name = isOnly ? '' : `${quotaAgent(sample.agent)} `;
        return plain(`${name}${quotaWords(sample, samples, now)}`);
      })
      .join(', '),
    budget: budget === undefined ? '' : shareText(budget),
    prices: priceDays === undefined ? '' : t`prices ${priceDays} days old`,
  };
}

const SLOTS = ['model', 'session', 'today', 'block', 'quota', 'budget', 'prices'] as const;
type Slot = (typeof SLOTS)[number];

function statusText(status: Status, now: number, format: string | undefined): string {
  const slots = slotsOf(status, now);
  if (format === undefined) return SLOTS.flatMap((slot) => slots[slot] || []).join(' · ');
  return plain(SLOTS.reduce((text, slot) => text.replaceAll(`{${slot}}`, () => slots[slot]), format));
}

function statusJson(
  { model, session, sessionGiven, today, block, quota, samples, budget, priceDays }: Status,
  now: number,
): object {
  return envelope('statusline', {
    model: model ?? null,
    session: session === undefined ? null : totalsJson(session),
    session_given_usd: sessionGiven ?? null,
    today: totalsJson(today),
    block:
      block === undefined
        ? null
        : {
            start: new Date(block.start).toISOString(),
            end: new Date(block.end).toISOString(),
            usd_per_hour: nanosToUsd(block.perHour),
            ...totalsJson(block.totals),
          },
    quota: quota.map((sample) => {
      const end = sampledEnd(sample, samples, now);
      return {
        agent: sample.agent,
        window: sample.name,
        used_percent: sample.usedPercent,
        resets_at: new Date(sample.resetsAt).toISOString(),
        empty_at: typeof end === 'number' ? new Date(end).toISOString() : null,
        lasts: end === 'lasts',
        sampled_at: new Date(sample.at).toISOString(),
      };
    }),
    budget: budget === undefined ? null : { name: budget.budget.name, percent: budget.percent, over: budget.isOver },
    prices: 'list',
    old_prices_days: priceDays ?? null,
  });
}

export const command: CommandSpec<StatuslineFlags> = {
  summary: "print one line for Claude Code's statusLine setting: session, today, block",
  options: [
    { flags: '--no-import', help: 'do not import the session named on stdin' },
    {
      flags: '--format <text>',
      help: 'the line, with the placeholders {model}, {session}, {today}, {block}, {quota}, {budget} and {prices}',
    },
  ],
  examples: ['llm-spend statusline < session.json', "llm-spend statusline --format '{today} | {quota}' < session.json"],
  notes: t`In ~/.claude/settings.json:  "statusLine": { "type": "command", "command": "llm-spend statusline" }`,
  run: ({ flags, argv, terminal }) => statusline(flags, argv, terminal),
};
