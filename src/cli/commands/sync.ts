import { constants, setPriority } from 'node:os';
import { ledgerPath, type LedgerFlag } from '../arguments/ledgers.ts';
import { choice as chosen } from '../arguments/arguments.ts';
import type { CommandSpec } from '../command.ts';
import { EXIT, usageError } from '../output/exit.ts';
import { envelope, writeJson } from '../output/json.ts';
import { say, warn, type Terminal } from '../output/terminal.ts';
import { counted, whole } from '../report/numbers.ts';
import type { LedgerChoice } from '../../library/countedLedgers.ts';
import { jsonText } from '../../usage/jsonText.ts';
import type { UsageRecord } from '../../usage/record.ts';
import { plain } from '../../usage/text.ts';
import { keepBudgetSums } from '../../sync/budgetTeam.ts';
import {
  CHOOSABLE_FIELDS,
  newMembership,
  PROJECT_MODES,
  readMembership,
  saveMembership,
  type Membership,
} from '../../sync/membership.ts';
import { rolesSql } from '../../sync/roles.ts';
import { membershipPath } from '../../system/paths.ts';
import { leaveTeam, previewRecords, syncNow, syncStatus, withLocalLedgers } from '../../sync/sync.ts';
import { t } from '../language/text.ts';

export interface SyncFlags extends LedgerFlag {
  to?: string;
  user?: string;
  machine?: string;
  fields?: string;
  projects?: string;
  projectName?: string[];
  dryRun?: boolean;
  status?: boolean;
  full?: boolean;
  leave?: boolean;
  forget?: boolean;
  printSql?: boolean;
  json?: boolean;
}

/** Maximum number of refused records that are named. */
const MOST_NAMED = 10;
/** Number of records that a preview as JSON contains. */
const MOST_PREVIEWED = 100;

/** `llm-spend sync`: keeps a team's ledger in step with the ledgers of this machine. */
export async function sync(flags: SyncFlags, terminal: Terminal): Promise<number> {
  checkFlags(flags);
  if (flags.printSql === true) {
    await terminal.out.write(rolesSql(terminal.now()));
    return EXIT.done;
  }
  const before = readMembership();
  const membership = membershipOf(flags, before, terminal.now());
  const ledgers: LedgerChoice = { primary: membership.ledger ?? ledgerPath(flags) };
  if (flags.leave === true) return leave(membership, flags, terminal);
  if (flags.dryRun === true) return preview(membership, ledgers, flags, terminal);
  if (flags.status === true) return status(membership, ledgers, flags, terminal);
  const joining = JSON.stringify(membership) !== JSON.stringify(before);
  // A team that could not be reached is not joined.
  const result = await syncNow({
    membership,
    ledgers,
    joining,
    full: flags.full === true,
    now: terminal.now,
    onLongWork: process.env['LLM_SPEND_BACKGROUND'] === '1' ? lowerPriority : undefined,
    onSent: joining ? () => saveMembership(membership) : undefined,
  });
  await keepBudgetSums(membership, terminal.now());
  if (flags.json === true) {
    const { records, sent, withdrawn, unchanged, inStepAt } = result;
    const refused = result.refused.map(({ usageId, reason }) => ({ usage_id: usageId, reason }));
    await writeJson(
      terminal.out,
      envelope('sync', { team: membership.url, records, sent, withdrawn, refused, unchanged, in_step_at: inStepAt }),
    );
  } else {
    const joined = before === undefined ? `${t`Joined ${plain(membership.url)} as ${plain(membership.user)}.`}\n` : '';
    const removed = result.withdrawn > 0 ? `, ${t`${whole(result.withdrawn)} withdrawn`}` : '';
    await terminal.out.line(
      `${joined}${t`In step: ${counted(result.records, 'record')} of this machine, ${whole(result.sent)} sent`}${removed}.`,
    );
    for (const { usageId, reason } of result.refused.slice(0, MOST_NAMED)) {
      await warn(terminal, t`${plain(usageId)} was refused and stays on this machine: ${plain(reason)}`);
    }
  }
  return result.refused.length > 0 ? EXIT.failed : EXIT.done;
}

/** The editor asked for this run: no user waits for it. */
function lowerPriority(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // If the priority cannot be set, the process runs at normal priority.
  }
}

function checkFlags(flags: SyncFlags): void {
  if (flags.forget === true && flags.leave !== true) throw usageError(t`--forget: belongs to --leave.`, '--forget');
  const tasks = [flags.dryRun, flags.status, flags.leave, flags.printSql].filter((flag) => flag === true);
  if (tasks.length > 1) throw usageError(t`sync: --dry-run, --status, --leave and --print-sql exclude each other.`);
}

function membershipOf(flags: SyncFlags, before: Membership | undefined, now: number): Membership {
  const url = flags.to ?? before?.url;
  if (url === undefined) {
    throw usageError(
      t`sync: this machine is not in a team (${membershipPath()}). Join one: llm-spend sync --to URL`,
      '--to',
    );
  }
  const projects = flags.projects === undefined ? undefined : chosen('--projects', flags.projects, PROJECT_MODES);
  const fields = flags.fields?.split(',').map((name) => name.trim());
  const { user, machine } = flags;
  const projectNames = namesOf(flags.projectName, before);
  const ledger = flags.ledger === undefined && before?.ledger !== undefined ? undefined : ledgerPath(flags);
  return newMembership({ url, user, machine, fields, projects, projectNames, ledger }, before, now);
}

function namesOf(given: string[] | undefined, before: Membership | undefined): Record<string, string> | undefined {
  if (given === undefined) return undefined;
  const names = { ...before?.projectNames };
  for (const each of given) {
    const at = each.indexOf('=');
    if (at < 1) throw usageError(t`--project-name: has the form NAME=NAME FOR THE TEAM.`, '--project-name');
    names[each.slice(0, at)] = each.slice(at + 1);
  }
  return names;
}

/** Prints the records as they would leave, one a line; with `--json` their number and the newest of them. */
async function preview(
  membership: Membership,
  ledgers: LedgerChoice,
  { json }: SyncFlags,
  terminal: Terminal,
): Promise<number> {
  return withLocalLedgers(ledgers, async (open) => {
    let records = 0;
    let newest: UsageRecord[] = [];
    for await (const part of batches(previewRecords(membership, open))) {
      records += part.length;
      if (json === true) newest = latest([...newest, ...part]);
      else await terminal.out.raw(part.map((record) => `${jsonText(record)}\n`).join(''));
    }
    if (json === true) {
      const { url, user, machine, fields, projects } = membership;
      const choice = { team: url, user, machine, fields, projects, sendable_fields: CHOOSABLE_FIELDS };
      await writeJson(terminal.out, envelope('sync', { ...choice, would_send: records, newest }));
      return EXIT.done;
    }
    await say(
      terminal,
      t`${counted(records, 'record')} would be sent to ${plain(membership.url)}, as shown. Nothing was sent.`,
    );
    return EXIT.done;
  });
}

/** The newest records, newest first. */
function latest(records: readonly UsageRecord[]): UsageRecord[] {
  return records.toSorted((a, b) => Date.parse(b.timestamp) - Date.parse(a.timestamp)).slice(0, MOST_PREVIEWED);
}

async function* batches<T>(all: AsyncIterable<T>): AsyncGenerator<T[]> {
  let part: T[] = [];
  for await (const each of all) {
    part.push(each);
    if (part.length < 1000) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}

async function status(
  membership: Membership,
  ledgers: LedgerChoice,
  { json }: SyncFlags,
  terminal: Terminal,
): Promise<number> {
  const found = await syncStatus(membership, ledgers);
  const { url, user, machine, fields, projects } = membership;
  if (json === true) {
    const { waits, added, inStepAt, problem } = found;
    const refused = found.refused.map(({ usageId, reason }) => ({ usage_id: usageId, reason }));
    const state = { waits, added, in_step_at: inStepAt ?? null, problem: problem ?? null, refused };
    await writeJson(terminal.out, envelope('sync', { team: url, user, machine, fields, projects, ...state }));
    return EXIT.done;
  }
  const lines = [
    t`Team: ${plain(url)}, as ${plain(user)} on ${plain(machine)}`,
    t`Fields sent: ${fields.join(', ')}; projects ${projects}`,
    t`In step: ${found.inStepAt ?? t`never`}`,
    found.waits
      ? t`Waiting: ${found.added > 0 ? counted(found.added, 'new record') : t`changes`}`
      : t`Waiting: nothing`,
    ...(found.problem === undefined ? [] : [t`Last attempt failed: ${plain(found.problem)}`]),
    ...found.refused.map(({ usageId, reason }) => t`Refused: ${plain(usageId)}: ${plain(reason)}`),
  ];
  await terminal.out.line(lines.join('\n'));
  return EXIT.done;
}

async function leave(membership: Membership, flags: SyncFlags, terminal: Terminal): Promise<number> {
  const withdrawn = await leaveTeam(membership, flags.forget === true);
  const what =
    flags.forget === true
      ? t`${counted(withdrawn, 'record')} of this machine were removed from it.`
      : t`The records that this machine sent stay there.`;
  if (flags.json === true) await writeJson(terminal.out, envelope('sync', { left: membership.url, withdrawn }));
  else await terminal.out.line(t`Left ${plain(membership.url)}. ${what}`);
  return EXIT.done;
}

export const command: CommandSpec<SyncFlags> = {
  summary: "synchronize this machine's ledger with a team's ledger",
  options: [
    {
      flags: '--to <url>',
      help: "join the team's ledger: postgres://me@host/database; without it: the team joined before",
    },
    { flags: '--user <name>', help: 'your name in the team (default: the name of your account on this machine)' },
    { flags: '--machine <name>', help: "this machine's name in the team (default: its host name)" },
    {
      flags: '--fields <list>',
      help: 'the fields that are sent (default: no notes, branches, sessions, folders, commits)',
    },
    { flags: '--projects <mode>', help: t`how projects are sent: ${PROJECT_MODES.join(', ')}` },
    { flags: '--project-name <name=other>', help: 'send a project under another name (repeatable)', repeatable: true },
    { flags: '--dry-run', help: 'print the records exactly as they would be sent, and send nothing' },
    { flags: '--status', help: 'show how many records are not sent yet, and when the last sync was' },
    { flags: '--full', help: 'compare everything, even if nothing seems to have changed' },
    { flags: '--leave', help: 'leave the team' },
    { flags: '--forget', help: 'with --leave: remove everything that this machine sent' },
    { flags: '--print-sql', help: 'print the SQL by which an administrator prepares the database' },
  ],
  examples: [
    'llm-spend sync --to postgres://ann@db.example.com/costs --dry-run',
    'llm-spend sync --to postgres://ann@db.example.com/costs --projects hashed',
    'llm-spend sync',
    'llm-spend sync --leave --forget',
  ],
  notes: t`Recording never waits for the team. The password belongs in ~/.pgpass. See docs/team.md.`,
  run: ({ flags, terminal }) => sync(flags, terminal),
};
