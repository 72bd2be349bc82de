import type { CommandSpec } from '../../command.ts';
import { BudgetError, amountPlaces, checkedBudget, DEFAULT_LEVELS, type Budget } from '../../../budgets/budget.ts';
import { BudgetFileError, changeBudgets, readBudgets } from '../../../budgets/budgetFile.ts';
import { budgetStates, type BudgetAnswers, type BudgetState } from '../../../budgets/budgetState.ts';
import { forecastWords, stateWords } from '../../report/budgetWords.ts';
import { decimalText } from '../../../pricing/decimal.ts';
import { readMembership } from '../../../sync/membership.ts';
import { RATE_PLACES } from '../../../usage/amount.ts';
import { plain } from '../../../usage/text.ts';
import { SCOPES, type Scope } from '../../../usage/dimensions.ts';
import { choice, positive, shown } from '../../arguments/arguments.ts';
import { displayCurrency } from '../../arguments/currency.ts';
import { FILTER_NOTES, FILTER_OPTIONS, selection, type FilterFlags } from '../../arguments/filters.ts';
import { warnOfDamage, withView, type LedgerFlag, type Sources } from '../../arguments/ledgers.ts';
import { CliError, EXIT, usageError } from '../../output/exit.ts';
import { envelope, totalsJson, writeJson } from '../../output/json.ts';
import { styled, warn, type Terminal } from '../../output/terminal.ts';
import { FollowedTeam } from '../../report/followedTeam.ts';
import { allowAgents, hook } from './hook.ts';
import { webhook } from './webhook.ts';
import { t } from '../../language/text.ts';

export interface BudgetFlags extends FilterFlags, LedgerFlag {
  amount?: string;
  currency?: string;
  period?: string;
  start?: string;
  levels?: string;
  plan?: boolean;
  scope?: string;
  once?: boolean;
  today?: boolean;
  remove?: boolean;
  test?: boolean;
  json?: boolean;
}

type Action = (name: string | undefined, flags: BudgetFlags, terminal: Terminal) => Promise<number>;

const ACTIONS: Readonly<Record<string, Action>> = {
  set: (name, flags, terminal) => set(needed('set', name), flags, terminal),
  list: (_, flags, terminal) => report('list', undefined, flags, terminal),
  remove: (name, flags, terminal) => remove(needed('remove', name), flags, terminal),
  check: (name, flags, terminal) => report('check', name, flags, terminal),
  hook: (name, _, terminal) => hook(name, terminal),
  allow: (_, flags, terminal) => allowAgents(flags, terminal),
  webhook: (name, flags, terminal) => webhook(name, flags, terminal),
};

/** `llm-spend budget ACTION [NAME]`. */
export async function budget(
  action: string,
  name: string | undefined,
  flags: BudgetFlags,
  terminal: Terminal,
): Promise<number> {
  const run = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
  if (run === undefined) {
    throw usageError(t`budget: ${shown(action)} is no action. Actions: ${Object.keys(ACTIONS).join(', ')}.`);
  }
  try {
    return await run(name, flags, terminal);
  } catch (error) {
    if (error instanceof BudgetFileError) throw new CliError('budgets', error.message);
    throw error;
  }
}

function needed(action: string, name: string | undefined): string {
  if (name === undefined) throw usageError(t`budget ${action}: needs the name of a budget.`);
  return name;
}

async function set(name: string, flags: BudgetFlags, terminal: Terminal): Promise<number> {
  if (flags.amount === undefined) throw usageError(t`--amount: is needed, for example --amount 50.`, '--amount');
  const { period = 'month', since, until } = flags;
  // The period says which time counts; the other flags say which records.
  const { since: _since, until: _until, ...fields } = flags;
  const { filter } = selection(fields, terminal.now());
  const currency = flags.currency === undefined ? undefined : currencySetting(await displayCurrency(flags.currency));
  const entry = {
    name,
    amount: flags.amount,
    currency,
    period,
    start: flags.start === undefined ? undefined : positive('--start', flags.start),
    since: period === 'once' ? since : undefined,
    until: period === 'once' ? until : undefined,
    levels: levelsOf(flags.levels),
    filter: filter.values,
    search: filter.search,
    plan: flags.plan,
    scope: scopeOf(flags.scope),
  };
  const checked = checkedFlags(JSON.parse(JSON.stringify(entry)));
  let isNew = true;
  await changeBudgets((entries) => {
    const at = entries.findIndex((each) => (each as Partial<Budget> | null)?.name === name);
    isNew = at === -1;
    return isNew ? [...entries, checked] : entries.with(at, checked);
  });
  if (flags.json === true) {
    await writeJson(
      terminal.out,
      envelope('budget', { action: 'set', status: isNew ? 'added' : 'changed', budget: checked }),
    );
  } else {
    await terminal.out.line(
      `${isNew ? t`Added the budget ${plain(name)}.` : t`Changed the budget ${plain(name)}.`} ${t`See how it stands: llm-spend budget check`}`,
    );
  }
  return EXIT.done;
}

function scopeOf(flag: string | undefined): Scope | undefined {
  if (flag === undefined) return undefined;
  const scope = choice('--scope', flag, SCOPES);
  if (scope !== 'machine' && readMembership() === undefined) {
    throw usageError(t`--scope: this machine is not in a team. Join one: llm-spend sync --to URL`, '--scope');
  }
  return scope;
}

/** Converts rates back to the form of the setting, so that the file can be read without the flag. */
function currencySetting({ currency, rates }: Awaited<ReturnType<typeof displayCurrency>>): object {
  const [first] = rates;
  const rateOf = ({ scaled }: { scaled: bigint }): string => decimalText(scaled, RATE_PLACES);
  if (first?.day === '') return { currency, rate: rateOf(first) };
  return { currency, rates: Object.fromEntries(rates.map((rate) => [rate.day, rateOf(rate)])) };
}

function levelsOf(flag: string | undefined): readonly number[] {
  if (flag === undefined) return DEFAULT_LEVELS;
  return flag.split(',').map((part) => {
    if (!/^\d{1,4}(\.\d{1,2})?$/.test(part.trim())) {
      throw usageError(t`--levels: must be percentages such as 50,80,100 (got ${shown(flag)}).`, '--levels');
    }
    return Number(part);
  });
}

function checkedFlags(entry: unknown): Budget {
  try {
    return checkedBudget(entry);
  } catch (error) {
    if (!(error instanceof BudgetError)) throw error;
    throw usageError(`--${error.field.split('.')[0]!}: ${error.message.slice(error.field.length + 2)}.`);
  }
}

async function remove(name: string, flags: BudgetFlags, terminal: Terminal): Promise<number> {
  let isThere = false;
  await changeBudgets((entries) => {
    const rest = entries.filter((each) => (each as Partial<Budget> | null)?.name !== name);
    isThere = rest.length < entries.length;
    return rest;
  });
  if (!isThere) throw new CliError('no-budget', t`There is no budget ${shown(name)}. See: llm-spend budget list`);
  if (flags.json === true)
    await writeJson(terminal.out, envelope('budget', { action: 'remove', status: 'removed', name }));
  else await terminal.out.line(t`Removed the budget ${plain(name)}.`);
  return EXIT.done;
}

/** Lists the budgets and how they stand. `check` says by its exit code whether one is used up. */
async function report(
  action: 'list' | 'check',
  name: string | undefined,
  flags: BudgetFlags,
  terminal: Terminal,
): Promise<number> {
  const { budgets, problems } = readBudgets();
  for (const problem of problems) await warn(terminal, problem);
  const wanted = name === undefined ? budgets : budgets.filter((each) => each.name === name);
  if (name !== undefined && wanted.length === 0) {
    throw new CliError('no-budget', t`There is no budget ${shown(name)}. See: llm-spend budget list`);
  }
  const { calendar } = selection(flags.timezone === undefined ? {} : { timezone: flags.timezone }, terminal.now());
  const followed = new FollowedTeam(flags, terminal.now);
  const statesIn = async ({ view }: Sources): Promise<BudgetState[]> => {
    try {
      const { team, problem } = await followed.refresh(wanted);
      if (problem !== undefined) await warn(terminal, problem);
      const answers: BudgetAnswers = { aggregate: (query) => view.aggregate(query), isPartial: view.isPartial, team };
      return await budgetStates(wanted, answers, terminal.now(), calendar);
    } finally {
      await followed.close();
    }
  };
  return withView(flags, async (sources) => {
    const states = await statesIn(sources);
    if (flags.json === true) {
      await writeJson(terminal.out, envelope('budget', { action, budgets: states.map(stateJson), problems }));
    } else {
      const lines = states.map((state) => stateLines(state, calendar.timeZone, terminal)).join('\n');
      await terminal.out.line(
        lines === '' ? t`There are no budgets. Add one: llm-spend budget set NAME --amount 50` : lines,
      );
    }
    const damage = await warnOfDamage(sources, terminal);
    // A budget that is surely used up says so even if the ledger is damaged.
    if (action === 'check' && states.some(({ isOver }) => isOver)) return EXIT.limit;
    const isUnknown = action === 'check' && states.some(({ stale }) => stale && stale.asOf === undefined);
    if ((problems.length > 0 || isUnknown) && damage === EXIT.done) return EXIT.failed;
    return damage;
  });
}

function stateLines(state: BudgetState, timeZone: string, terminal: Terminal): string {
  const {
    budget: { name },
    isOver,
    level,
  } = state;
  const style = isOver ? 'red' : level === undefined ? 'green' : 'yellow';
  const forecast = forecastWords(state, timeZone);
  const line = `${styled(terminal.out, style, plain(name))}: ${stateWords(state)}`;
  return forecast === undefined ? line : `${line}\n  ${forecast}`;
}

function stateJson(state: BudgetState): object {
  const { budget: each, period, totals, spent, limit, percent, level, isOver, isAtLeast, stale, forecast } = state;
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    ...each,
    since: iso(period.since),
    until: iso(period.until),
    spent: decimalOf(each, spent),
    left: decimalOf(each, limit > spent ? limit - spent : 0n),
    percent,
    level: level ?? null,
    over: isOver,
    at_least: isAtLeast,
    ...(stale && { as_of: stale.asOf === undefined ? null : iso(stale.asOf) }),
    totals: totalsJson(totals),
    forecast: forecast && {
      middle: decimalOf(each, forecast.middle),
      half: forecast.half.map((amount) => decimalOf(each, amount)),
      most: forecast.most.map((amount) => decimalOf(each, amount)),
      passes_at: forecast.passesAt === undefined ? null : iso(forecast.passesAt),
    },
  };
}

/** An exact decimal number of the budget's currency, as text. */
function decimalOf(budget: Budget, amount: bigint): string {
  return decimalText(amount, amountPlaces(budget));
}

export const command: CommandSpec<BudgetFlags> = {
  summary: 'set budgets, and check how much of them is used',
  arguments: [
    { name: '<action>', help: Object.keys(ACTIONS).join(', ') },
    {
      name: '[name]',
      help: 'a budget; for hook: claude-code or codex; for webhook: slack, discord, teams, ntfy or signed',
    },
  ],
  options: [
    { flags: '--amount <x>', help: 'the limit, in USD or in --currency' },
    { flags: '--currency <rate>', help: 'the currency of the amount, with its rate: EUR=0.92 (units per USD)' },
    {
      flags: '--period <period>',
      help: t`day, week, month, year, a number of days such as 30d, or once (default: month)`,
    },
    { flags: '--start <day>', help: 'the first day of a month (1 to 31) or of a week (1, Monday, to 7, Sunday)' },
    { flags: '--levels <list>', help: t`percentages at which to warn (default: ${DEFAULT_LEVELS.join(',')})` },
    { flags: '--plan', help: 'count calls that a plan covers, at list price' },
    {
      flags: '--scope <scope>',
      help: t`whose calls count: ${SCOPES.join(', ')} (this machine, all of your machines, the team; default: machine)`,
    },
    { flags: '--once', help: 'allow: one tool call over the limit' },
    { flags: '--today', help: 'allow: tool calls over the limit until midnight' },
    { flags: '--remove', help: 'webhook: remove it' },
    { flags: '--test', help: 'webhook: send a test message' },
    ...FILTER_OPTIONS.filter(({ flags }) => !flags.includes('--days')),
  ],
  examples: [
    'llm-spend budget set all --amount 50',
    'llm-spend budget set site --amount 20 --currency EUR=0.92 --period week --project site',
    'llm-spend budget check && ./run-agents.sh',
    'llm-spend budget allow --once',
    'llm-spend budget webhook slack < address.txt',
  ],
  notes: t`${FILTER_NOTES}\ncheck exits with 4 when a budget is used up, otherwise with 0. If calls have no known cost, the amount is a lower bound.\nBudgets are stored in budgets.json in the config folder.\nwebhook reads its address from stdin (for signed: the key on a second line) and never prints it.`,
  run: ({ flags, words: [action, name], terminal }) =>
    budget(action as string, name as string | undefined, flags, terminal),
};
