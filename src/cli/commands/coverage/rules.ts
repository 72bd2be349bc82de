import { existsSync } from 'node:fs';
import path from 'node:path';
import type { CommandSpec } from '../../command.ts';
import type { Ledger } from '../../../ledger/ledger.ts';
import { openLedger } from '../../../library/index.ts';
import { Assigner } from '../../../rules/assign.ts';
import { planRules } from '../../../rules/planRules.ts';
import {
  ASSIGNED_FIELDS,
  checkedAssignment,
  RULE_CONDITIONS,
  type AssignmentRule,
  type RuleCondition,
} from '../../../rules/rule.ts';
import { changeRules, readRules, RuleFileError, rulesPath } from '../../../rules/ruleFile.ts';
import { importedLedgerPath } from '../../../system/paths.ts';
import { fieldRow } from '../../../usage/fieldLists.ts';
import { plain } from '../../../usage/text.ts';
import { choice, shown } from '../../arguments/arguments.ts';
import { confirmed } from '../../arguments/confirm.ts';
import { ledgerPath, type LedgerFlag } from '../../arguments/ledgerPath.ts';
import { CliError, EXIT, usageError } from '../../output/exit.ts';
import { envelope, writeJson } from '../../output/json.ts';
import { table } from '../../output/table.ts';
import { say, styled, type Terminal } from '../../output/terminal.ts';
import { counted } from '../../report/numbers.ts';
import { effectsText, reportRules, type LedgerPlan } from '../../report/rules.ts';
import { userPrices } from '../../userPrices.ts';
import { t, tText } from '../../language/text.ts';

export interface RulesFlags extends LedgerFlag, Partial<Record<RuleCondition, string>> {
  dryRun?: boolean;
  yes?: boolean;
  json?: boolean;
  /** The flags of the fields that rules set. */
  [flag: string]: unknown;
}

const ACTIONS = ['list', 'set', 'remove', 'apply'] as const;

/** `llm-spend rules`: lists, changes and applies the rules that fill in fields of records. */
export async function rules(
  action: string | undefined,
  name: string | undefined,
  flags: RulesFlags,
  terminal: Terminal,
): Promise<number> {
  const asked = choice('rules', action ?? 'list', ACTIONS);
  try {
    if (asked === 'list') return await list(flags, terminal);
    if (asked === 'apply') return await apply(flags, terminal);
    if (name === undefined || name.trim() === '') throw usageError(t`rules ${asked}: needs the name of a rule.`);
    return asked === 'set' ? await set(name, flags, terminal) : await remove(name, flags, terminal);
  } catch (error) {
    if (error instanceof RuleFileError) throw new CliError('rules', error.message);
    throw error;
  }
}

async function list(flags: RulesFlags, { out }: Terminal): Promise<number> {
  const found = readRules();
  if (flags.json === true) {
    await writeJson(out, envelope('rules', { file: rulesPath(), rules: found }));
    return EXIT.done;
  }
  if (found.length === 0) {
    await out.line(t`No rules. Set one: llm-spend rules set acme --folder '~/clients/acme' --account acme`);
  } else {
    const rows = found.map(({ name, when, set: values }) => [name, pairs(when), pairs(values)]);
    const columns = [{ title: t`Rule` }, { title: t`When`, shrinks: true }, { title: t`Sets`, shrinks: true }];
    await out.line(table(columns, rows, { width: out.columns, head: (line) => styled(out, 'bold', line) }));
  }
  await out.line(`\n${t`File: ${plain(rulesPath())}`}`);
  return EXIT.done;
}

function pairs(values: object): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(', ') : String(value)}`)
    .join('; ');
}

async function set(name: string, flags: RulesFlags, terminal: Terminal): Promise<number> {
  const rule = ruleOf(name, flags);
  const before = readRules();
  const isNew = !before.some((each) => each.name === name);
  const next = isNew ? [...before, rule] : before.map((each) => (each.name === name ? rule : each));
  if (flags.dryRun === true) return preview(next, flags, terminal);
  await changeRules((there) =>
    there.some((each) => each.name === name)
      ? there.map((each) => (each.name === name ? rule : each))
      : [...there, rule],
  );
  if (flags.json === true) {
    await writeJson(terminal.out, envelope('rules', { action: 'set', status: isNew ? 'added' : 'changed', rule }));
    return EXIT.done;
  }
  await terminal.out.line(
    `${isNew ? t`Added the rule ${plain(name)}.` : t`Changed the rule ${plain(name)}.`} ${t`It applies to new calls; older records stay as they are: llm-spend rules apply --dry-run shows what would change in them.`}`,
  );
  return EXIT.done;
}

/** @throws {CliError} for a rule without conditions or values, or with a value that its field refuses. */
function ruleOf(name: string, flags: RulesFlags): AssignmentRule {
  const when = Object.fromEntries(
    RULE_CONDITIONS.flatMap((condition) => {
      const value = flags[condition];
      if (value === undefined) return [];
      return [[condition, condition === 'folder' ? absoluteFolder(value) : value]];
    }),
  );
  const values = Object.fromEntries(
    ASSIGNED_FIELDS.flatMap((field) => {
      const value = flags[fieldRow(field)?.flag?.name ?? field];
      return value === undefined ? [] : [[field, value]];
    }),
  );
  try {
    return checkedAssignment({ name, when, set: values });
  } catch (error) {
    throw usageError(t`rules set: ${(error as Error).message}.`);
  }
}

/** A relative path is that of a folder; a pattern that begins with a star is not. */
function absoluteFolder(folder: string): string {
  return /^[~*/\\]|^[a-z]:/i.test(folder) ? folder : path.resolve(folder);
}

async function remove(name: string, flags: RulesFlags, terminal: Terminal): Promise<number> {
  let isThere = false;
  await changeRules((there) => {
    isThere = there.some((each) => each.name === name);
    return there.filter((each) => each.name !== name);
  });
  if (flags.json === true) await writeJson(terminal.out, envelope('rules', { removed: isThere ? 1 : 0 }));
  else if (isThere) await terminal.out.line(t`Removed the rule ${plain(name)}. Records keep what it set.`);
  else await say(terminal, t`There is no rule ${shown(name)}. See: llm-spend rules`);
  return isThere ? EXIT.done : EXIT.failed;
}

async function preview(wanted: readonly AssignmentRule[], flags: RulesFlags, terminal: Terminal): Promise<number> {
  return withPlans(wanted, flags, async (plans) => {
    await reportRules(plans, flags, terminal, { dryRun: true, changed: 0, left: 0 });
    return EXIT.done;
  });
}

async function apply(flags: RulesFlags, terminal: Terminal): Promise<number> {
  const wanted = readRules();
  if (flags.dryRun === true) return preview(wanted, flags, terminal);
  const asks = flags.yes !== true;
  if (asks && !(process.stdin.isTTY && terminal.err.isTTY)) {
    throw usageError(
      t`rules apply: cannot ask for confirmation without a terminal. Confirm with --yes, or preview with --dry-run.`,
      '--yes',
    );
  }
  return withPlans(wanted, flags, async (plans) => {
    const planned = plans.reduce((sum, { plan }) => sum + plan.changes.length, 0);
    if (asks && planned > 0) {
      await terminal.out.line(effectsText(plans, terminal));
      if (!(await confirmed(t`Change ${counted(planned, 'record')}? [y/N] `))) {
        await say(terminal, t`Nothing was changed.`);
        return EXIT.failed;
      }
    }
    let changed = 0;
    let left = 0;
    for (const { ledger, plan } of plans) {
      if (plan.changes.length === 0) continue;
      const result = await ledger.setCosts(plan.changes);
      changed += result.changed.length;
      left += result.missing.length + result.differing.length;
    }
    await reportRules(plans, flags, terminal, { dryRun: false, changed, left });
    return EXIT.done;
  });
}

/** Plans for the ledger of records and for that of imported usage, or for the one that `--ledger` names. */
async function withPlans(
  wanted: readonly AssignmentRule[],
  flags: RulesFlags,
  use: (plans: readonly LedgerPlan[]) => Promise<number>,
): Promise<number> {
  const primary = ledgerPath(flags);
  const imported = importedLedgerPath(primary);
  const paths = flags.ledger === undefined && existsSync(imported) ? [primary, imported] : [primary];
  const assigner = new Assigner(wanted);
  const pricer = await (await userPrices()).pricer();
  const plans: LedgerPlan[] = [];
  const opened: Ledger[] = [];
  try {
    for (const each of new Set(paths)) {
      const ledger = openLedger({ ledger: each, pricing: false });
      opened.push(ledger);
      // inkwell drops the fields that rules set.
      if (!ledger.strict) plans.push({ ledger, plan: await planRules(ledger, assigner, pricer) });
    }
    return await use(plans);
  } finally {
    for (const ledger of opened) await ledger.close();
  }
}

export const command: CommandSpec<RulesFlags> = {
  summary: 'set account, charge, project, user or tags by folder, repository, branch, source, model or provider',
  arguments: [
    { name: '[action]', help: t`${ACTIONS.join(', ')} (default: list)` },
    { name: '[name]', help: 'the name of the rule' },
  ],
  options: [
    { flags: '--folder <pattern>', help: 'calls from this folder and those below it' },
    { flags: '--repository <pattern>', help: 'calls from clones of this repository, for example github.com/acme/*' },
    { flags: '--branch <pattern>', help: 'calls from this git branch' },
    { flags: '--source <pattern>', help: 'calls of this agent or recorder, for example claude-code' },
    { flags: '--model <pattern>', help: 'calls of this model' },
    { flags: '--provider <pattern>', help: 'calls of this provider' },
    ...ASSIGNED_FIELDS.flatMap((field) => {
      const row = fieldRow(field);
      if (row?.flag === undefined) return [];
      const { name, value } = row.flag;
      const isList = row.rule === 'tags';
      const help = isList ? t`add this tag (repeatable)` : tText(`set the ${row.label.toLowerCase()}`);
      return [{ flags: `--${name} ${value}`, help, repeatable: isList }];
    }),
    { flags: '--dry-run', help: 'show which records would change, and change nothing' },
    { flags: '--yes', help: 'do not ask for confirmation' },
  ],
  examples: [
    "llm-spend rules set acme --folder '~/clients/acme' --account acme --tag client --dry-run",
    'llm-spend rules set subscription --source claude-code --provider anthropic --charge plan',
    'llm-spend rules apply',
  ],
  notes: t`Rules apply to calls that are imported, received or recorded from now on; apply changes older records, and undo reverts it.\nThe first rule that sets a field decides it. Values that a program or person recorded are kept.`,
  run: ({ flags, words: [action, name], terminal }) =>
    rules(action as string | undefined, name as string | undefined, flags, terminal),
};
