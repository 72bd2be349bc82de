import * as vscode from 'vscode';
import { planEdit } from '../../library/edit.ts';
import type { RecordEdit } from '../../library/edit.ts';
import { fieldProblem, readCost, readTags } from '../../usage/line/typedValues.ts';
import type { Reading } from '../../usage/line/typedValues.ts';
import type { UsageRecord } from '../../usage/record.ts';
import { plain } from '../../usage/text.ts';
import { records } from '../common/costText.ts';
import { confirm, showInfo, showWarning } from '../common/dialogs.ts';
import { decimalMark } from '../common/settings.ts';
import { style } from '../ledger/ledgerActions.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import { changeEach, findRecords } from '../ledger/ownLedgers.ts';
import type { Prices } from '../prices/prices.ts';
import { addRule } from './rules.ts';

/** More records than this are changed only after a question. */
const ASK_FROM = 100;
const MAX_SHOWN = 60;

type Field = 'model' | 'provider' | 'project' | 'tags' | 'note' | 'cost_usd';

/** Asks for the new value of a field of these records, and sets it in all of them, with a way back. */
export async function editRecords(service: LedgerService, prices: Prices, ids: readonly string[]): Promise<void> {
  const { t } = vscode.l10n;
  const found = await service.changeOwn((own) => findRecords(own, ids));
  const shown = found.flatMap((each) => each.records);
  if (shown.length === 0) {
    showWarning(t('These records are in ledgers that are only read, so they cannot be edited here.'));
    return;
  }
  const field = await chooseField(shown);
  if (field === 'rule') return addRule(service, prices, ids);
  const value = field && (await askForValue(field, shown));
  if (value === undefined) return;
  const number = records(shown.length, style());
  if (shown.length >= ASK_FROM && !(await confirm(t('Edit {0}?', number), t('Undo reverts the edit.'), t('Edit'))))
    return;
  const pricer = await prices.pricer().catch(() => undefined);
  const { changed, left, undo } = await service.changeOwn((own) =>
    changeEach(own, async (ledger) => {
      const here = found.find((each) => each.ledger === ledger)?.records ?? [];
      const { changes } = await planEdit(
        ledger,
        here.map(({ usage_id }) => usage_id),
        value,
        pricer,
      );
      return ledger.setCosts(changes);
    }),
  );
  const rest = left === 0 ? '' : ` ${t('Changed by another program, and not edited: {0}.', records(left, style()))}`;
  showInfo(`${t('Edited {0}.', records(changed.length, style()))}${rest}`, {
    [t('Undo')]: () => service.changeOwn(() => undo()),
    [t('Edit More…')]: () => editRecords(service, prices, ids),
  });
}

function fieldNames(): Readonly<Record<Field, string>> {
  const { t } = vscode.l10n;
  return {
    model: t('Model'),
    provider: t('Provider'),
    project: t('Project'),
    tags: t('Tags'),
    note: t('Note'),
    cost_usd: t('Cost in USD'),
  };
}

/** @returns `rule` if a rule for such records is wanted instead. */
async function chooseField(shown: readonly UsageRecord[]): Promise<Field | 'rule' | undefined> {
  const { t } = vscode.l10n;
  const fields = Object.entries(fieldNames()).map(([field, name]) => ({
    label: name,
    description: plain(commonText(field as Field, shown) ?? t('several values'), { max: MAX_SHOWN }),
    field: field as Field | 'rule',
  }));
  const rule = { label: t('Add Rule…'), description: t('for all such calls, now and later'), field: 'rule' as const };
  const items = [...fields, rule];
  const chosen = await vscode.window.showQuickPick(items, {
    title: t('Edit {0}', records(shown.length, style())),
    placeHolder: t('Pick a field to change'),
    ignoreFocusOut: true,
  });
  return chosen?.field;
}

async function askForValue(field: Field, shown: readonly UsageRecord[]): Promise<RecordEdit | undefined> {
  const { t } = vscode.l10n;
  const name = fieldNames()[field];
  const prompts: Partial<Record<Field, string>> = {
    project: t('Leave empty to remove the project'),
    tags: t('Tags, separated by commas. They replace the tags of the records'),
    note: t('Leave empty to remove the note'),
    cost_usd: t('The cost of each record'),
  };
  const text = await vscode.window.showInputBox({
    title: t('Edit {0}', records(shown.length, style())),
    prompt: prompts[field] ?? t('Estimated costs are recalculated'),
    placeHolder: name,
    value: commonText(field, shown) ?? '',
    ignoreFocusOut: true,
    validateInput: (typed) => {
      const reading = readValue(field, typed);
      return 'problem' in reading ? `${name} ${reading.problem}` : undefined;
    },
  });
  if (text === undefined) return undefined;
  const reading = readValue(field, text);
  return 'value' in reading ? reading.value : undefined;
}

function readValue(field: Field, text: string): Reading<RecordEdit> {
  const trimmed = text.trim();
  if (field === 'cost_usd') {
    const cost = readCost(trimmed, decimalMark());
    if ('problem' in cost) return cost;
    return cost.value === undefined
      ? { problem: fieldProblem('cost_usd', Number.NaN) ?? '' }
      : { value: { cost_usd: cost.value } };
  }
  if (field === 'tags') {
    const tags = readTags(trimmed);
    return 'problem' in tags ? tags : { value: { tags: tags.value } };
  }
  const isRemoved = trimmed === '' && (field === 'project' || field === 'note');
  const problem = isRemoved ? undefined : fieldProblem(field, trimmed);
  return problem === undefined ? { value: { [field]: isRemoved ? null : trimmed } } : { problem };
}

/** The value that all records have, as the user would type it; undefined when they differ. */
function commonText(field: Field, shown: readonly UsageRecord[]): string | undefined {
  const texts = new Set(shown.map((record) => textOf(field, record)));
  return texts.size === 1 ? [...texts][0] : undefined;
}

function textOf(field: Field, record: UsageRecord): string {
  if (field === 'tags') return (record.tags ?? []).join(', ');
  if (field === 'cost_usd') {
    const digits = { maximumFractionDigits: 9, useGrouping: false } as const;
    return record.cost_known
      ? new Intl.NumberFormat(decimalMark() === ',' ? 'de' : 'en', digits).format(record.cost_usd)
      : '';
  }
  return record[field] ?? '';
}
