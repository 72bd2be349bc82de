import type { Ledger } from '../../ledger/ledger.ts';
import type { RuleEffect, RulePlan } from '../../rules/planRules.ts';
import { fieldRow } from '../../usage/fieldLists.ts';
import { commandLine } from '../arguments/shell.ts';
import { envelope, writeJson } from '../output/json.ts';
import { table } from '../output/table.ts';
import { say, styled, type Terminal } from '../output/terminal.ts';
import { counted, whole } from './numbers.ts';
import { t, tText } from '../language/text.ts';

/** Reports the effect of rules on older records. */

/** A ledger with what rules would change in it. */
export interface LedgerPlan {
  ledger: Ledger;
  plan: RulePlan;
}

export interface RulesOutcome {
  dryRun: boolean;
  changed: number;
  left: number;
}

export async function reportRules(
  plans: readonly LedgerPlan[],
  flags: { json?: boolean },
  terminal: Terminal,
  { dryRun, changed, left }: RulesOutcome,
): Promise<void> {
  const planned = plans.reduce((sum, { plan }) => sum + plan.changes.length, 0);
  const records = plans.reduce((sum, { plan }) => sum + plan.records, 0);
  if (flags.json === true) {
    const ledgers = plans.map(({ ledger, plan }) => ({ path: ledger.path, to_change: plan.changes.length }));
    const body = { dry_run: dryRun, records, to_change: planned, changed, changed_meanwhile: left, ledgers };
    await writeJson(terminal.out, envelope('rules', { ...body, effects: effectsOf(plans) }));
    return;
  }
  if (planned === 0) {
    await terminal.out.line(`${t`Nothing to change in ${counted(records, 'record')}.`}${withoutFolder(plans)}`);
    return;
  }
  if (dryRun) {
    await terminal.out.line(effectsText(plans, terminal));
    await terminal.out.line(
      `\n${t`${counted(planned, 'record')} of ${whole(records)} would change.`}${withoutFolder(plans)} ${t`Nothing was changed.`}`,
    );
    return;
  }
  const rest =
    left === 0
      ? ''
      : ` ${t`${counted(left, 'record')} had been changed by another process and were left as they are.`}`;
  await terminal.out.line(`${t`Changed ${counted(changed, 'record')}.`}${rest}`);
  for (const { ledger, plan } of plans) {
    if (plan.changes.length > 0) await say(terminal, t`To undo: ${commandLine('undo', { ledger: ledger.path })}`);
  }
}

function withoutFolder(plans: readonly LedgerPlan[]): string {
  const missing = plans.reduce((sum, { plan }) => sum + plan.withoutFolder, 0);
  return missing === 0
    ? ''
    : ` ${t`${counted(missing, 'imported record')} name no folder: rules by folder or repository cannot match these.`}`;
}

function effectsOf(plans: readonly LedgerPlan[]): RuleEffect[] {
  return plans.flatMap(({ plan }) => plan.effects).toSorted((a, b) => b.records - a.records);
}

export function effectsText(plans: readonly LedgerPlan[], { out }: Terminal): string {
  const rows = effectsOf(plans).map(({ rule, field, before, after, records }) => [
    rule,
    tText(fieldRow(field)?.label ?? field),
    before === '' ? t`none` : before,
    after,
    whole(records),
  ]);
  const columns = [
    { title: t`Rule`, shrinks: true },
    { title: t`Field` },
    { title: t`Before`, shrinks: true },
    { title: t`After`, shrinks: true },
    { title: t`Records`, align: 'right' as const },
  ];
  return table(columns, rows, { width: out.columns, head: (line) => styled(out, 'bold', line) });
}
