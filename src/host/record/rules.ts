import * as vscode from 'vscode';
import { Assigner } from '../../rules/assign.ts';
import { planRules, type RuleEffect } from '../../rules/planRules.ts';
import { Repositories } from '../../rules/repository.ts';
import { ASSIGNED_FIELDS, checkedAssignment, RULE_CONDITIONS } from '../../rules/rule.ts';
import type { AssignmentRule, RuleCondition } from '../../rules/rule.ts';
import { changeRules, readRules, rulesPath } from '../../rules/ruleFile.ts';
import { expandedFolder } from '../../system/paths.ts';
import { fieldRow } from '../../usage/fieldLists.ts';
import { readTags } from '../../usage/line/typedValues.ts';
import { CHARGES } from '../../usage/record.ts';
import type { UsageRecord } from '../../usage/record.ts';
import { plain } from '../../usage/text.ts';
import { records } from '../common/costText.ts';
import { confirm, showInfo } from '../common/dialogs.ts';
import { quickPickLabel } from '../common/escape.ts';
import { style } from '../ledger/ledgerActions.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import { changeEach, findRecords } from '../ledger/ownLedgers.ts';
import type { Prices } from '../prices/prices.ts';

/** Records that suggest conditions when none were chosen. */
const RECENT = 500;
const MAX_EFFECTS = 8;
const MAX_SHOWN = 60;

/**
 * Asks for a rule: which calls, and what to fill in. It is in force for new calls at once, and for older records after a question.
 * @param ids records whose values are suggested. Empty: the newest ones.
 */
export async function addRule(service: LedgerService, prices: Prices, ids: readonly string[]): Promise<void> {
  const { t } = vscode.l10n;
  const when = await chooseConditions(await suggesting(service, ids));
  const field = when && (await chooseField());
  const value = field && (await askForValue(field));
  if (when === undefined || field === undefined || value === undefined) return;
  const about = Object.values(when).join(', ');
  const text = Array.isArray(value) ? value.join(', ') : value;
  const rule = checkedAssignment({ name: `${text} (${about})`, when, set: { [field]: value } });
  await changeRules((there) => [...there.filter(({ name }) => name !== rule.name), rule]);
  showInfo(t('From now on, calls of {0} get {1} {2}.', plain(about), nameOf(field), plain(text)), {
    [t('Apply to Older Records…')]: () => applyRules(service, prices),
    [t('Open Rules')]: () => openRules(),
  });
}

/** Shows what the rules would change in older records, and changes them if the user agrees. Undo reverts it. */
export async function applyRules(service: LedgerService, prices: Prices): Promise<number | undefined> {
  const { t } = vscode.l10n;
  const rules = readRules();
  if (rules.length === 0) {
    showInfo(t('There are no rules yet.'), { [t('Add Rule…')]: () => addRule(service, prices, []) });
    return 0;
  }
  const pricer = await prices.pricer().catch(() => undefined);
  const assigner = new Assigner(rules);
  const progress = { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Applying rules') };
  const plans = await vscode.window.withProgress(progress, () =>
    service.changeOwn(async (own) => {
      const found = new Map<string, Awaited<ReturnType<typeof planRules>>>();
      for (const ledger of own) {
        // inkwell drops the fields that rules set.
        if (!ledger.strict) found.set(ledger.path, await planRules(ledger, assigner, pricer));
      }
      return found;
    }),
  );
  const effects = [...plans.values()].flatMap((plan) => plan.effects);
  const planned = [...plans.values()].reduce((sum, { changes }) => sum + changes.length, 0);
  if (planned === 0) {
    showInfo(t('No older record would change.'));
    return 0;
  }
  const question = t('Change {0}?', records(planned, style()));
  if (!(await confirm(question, `${effectLines(effects)}\n\n${t('Undo reverts the change.')}`, t('Apply')))) {
    return undefined;
  }
  const { changed, left, undo } = await service.changeOwn((own) =>
    changeEach(own, async (ledger) => ledger.setCosts(plans.get(ledger.path)?.changes ?? [])),
  );
  const rest = left === 0 ? '' : ` ${t('Changed by another program, and not edited: {0}.', records(left, style()))}`;
  showInfo(`${t('Changed {0}.', records(changed.length, style()))}${rest}`, {
    [t('Undo')]: () => service.changeOwn(() => undo()),
    [t('Open Rules')]: () => openRules(),
  });
  return changed.length;
}

async function openRules(): Promise<void> {
  await vscode.window.showTextDocument(vscode.Uri.file(rulesPath()));
}

function effectLines(effects: readonly RuleEffect[]): string {
  const { t } = vscode.l10n;
  const sorted = effects.toSorted((a, b) => b.records - a.records);
  const lines = sorted
    .slice(0, MAX_EFFECTS)
    .map(({ field, before, after, records: n }) =>
      t(
        '{0}: {1} instead of {2}, {3}',
        nameOf(field),
        plain(after, { max: MAX_SHOWN }),
        before === '' ? t('none') : plain(before, { max: MAX_SHOWN }),
        records(n, style()),
      ),
    );
  return sorted.length > MAX_EFFECTS ? `${lines.join('\n')}\n…` : lines.join('\n');
}

function nameOf(field: string): string {
  return fieldRow(field)?.label ?? field;
}

async function suggesting(service: LedgerService, ids: readonly string[]): Promise<UsageRecord[]> {
  if (ids.length > 0) {
    return (await service.changeOwn((own) => findRecords(own, ids))).flatMap((found) => found.records);
  }
  const { rows } = await service.page({ filter: {}, sort: 'time', descending: true, offset: 0, limit: RECENT });
  return rows.map(({ record }) => record);
}

/** The values of records that a rule may go by, most frequent first in each kind. */
function conditionsOf(shown: readonly UsageRecord[]): { condition: RuleCondition; value: string; records: number }[] {
  const repositories = new Repositories();
  const folderOf = ({ folder }: UsageRecord): string | undefined => (typeof folder === 'string' ? folder : undefined);
  const values: Readonly<Record<RuleCondition, (record: UsageRecord) => string | null | undefined>> = {
    folder: folderOf,
    repository: (record) => {
      const folder = folderOf(record);
      return folder === undefined ? undefined : repositories.of(expandedFolder(folder));
    },
    branch: ({ branch }) => branch,
    source: ({ agent, source }) => (typeof agent === 'string' && agent !== '' ? agent : source),
    model: ({ model }) => model,
    provider: ({ provider }) => provider,
  };
  return RULE_CONDITIONS.flatMap((condition) => {
    const counts = new Map<string, number>();
    for (const record of shown) {
      const value = values[condition](record);
      if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return [...counts].sort(([, a], [, b]) => b - a).map(([value, n]) => ({ condition, value, records: n }));
  });
}

async function chooseConditions(shown: readonly UsageRecord[]): Promise<AssignmentRule['when'] | undefined> {
  const { t } = vscode.l10n;
  const names: Readonly<Record<RuleCondition, string>> = {
    folder: t('Folder'),
    repository: t('Repository'),
    branch: t('Branch'),
    source: t('Agent or source'),
    model: t('Model'),
    provider: t('Provider'),
  };
  const items = conditionsOf(shown).map(({ condition, value, records: n }) => ({
    label: quickPickLabel(plain(value, { max: MAX_SHOWN })),
    description: `${names[condition]} · ${records(n, style())}`,
    condition,
    value,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: t('Add Rule: Which Calls?'),
    placeHolder: t('Choose what the calls have in common. A call must match all of it'),
    canPickMany: true,
    matchOnDescription: true,
    ignoreFocusOut: true,
  });
  if (chosen === undefined || chosen.length === 0) return undefined;
  return Object.fromEntries(chosen.map(({ condition, value }) => [condition, value]));
}

async function chooseField(): Promise<string | undefined> {
  const { t } = vscode.l10n;
  const chosen = await vscode.window.showQuickPick(
    ASSIGNED_FIELDS.map((field) => ({ label: nameOf(field), field })),
    {
      title: t('Add Rule: What to Fill In?'),
      placeHolder: t('Pick the field that the rule sets'),
      ignoreFocusOut: true,
    },
  );
  return chosen?.field;
}

async function askForValue(field: string): Promise<string | string[] | undefined> {
  const { t } = vscode.l10n;
  const { rule } = fieldRow(field) ?? {};
  const title = t('Add Rule: {0}', nameOf(field));
  if (rule === 'charge') return vscode.window.showQuickPick([...CHARGES], { title, ignoreFocusOut: true });
  const text = await vscode.window.showInputBox({
    title,
    prompt: rule === 'tags' ? t('Tags, separated by commas') : t('The value in these calls'),
    ignoreFocusOut: true,
    validateInput: (typed) => (typed.trim() === '' ? t('Enter a value') : undefined),
  });
  if (text === undefined) return undefined;
  if (rule !== 'tags') return text.trim();
  const tags = readTags(text.trim());
  return 'value' in tags ? tags.value : undefined;
}
