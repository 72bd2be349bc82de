import * as vscode from 'vscode';
import { COMMANDS } from '../../contributions.ts';
import { modelSearch } from '../../pricing/models/known.ts';
import { usedModels } from '../../library/usedModels.ts';
import { bucketKey } from '../../usage/time/calendar.ts';
import { INKWELL_OPERATIONS, INKWELL_PROVIDERS } from '../../usage/inkwell.ts';
import type { UsageRecord } from '../../usage/record.ts';
import { recordedCost } from '../common/costText.ts';
import { showInfo } from '../common/dialogs.ts';
import type { Actions } from '../common/dialogs.ts';
import { decimalMark, readSettings, regionalLocale } from '../common/settings.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import type { Prices } from '../prices/prices.ts';
import { setPrices } from '../prices/unpriced.ts';
import { askForLine } from './recordLineInput.ts';
import type { LineSetting } from './recordLineInput.ts';

const LAST_OPERATION = 'llmSpend.record.operation';
const DRAFT = 'llmSpend.record.draft';

/** Asks for a call in one line and records it. An unfinished line is offered again the next time. */
export async function askAndRecord(
  memory: vscode.Memento,
  service: LedgerService,
  prices: Prices,
): Promise<UsageRecord | undefined> {
  const setting = lineSetting(memory, service, prices);
  const answer = await askForLine(setting, memory.get<string>(DRAFT, ''));
  if ('draft' in answer) {
    await memory.update(DRAFT, answer.draft === '' ? undefined : answer.draft);
    return undefined;
  }
  await memory.update(DRAFT, undefined);
  const record = await service.record(answer.usage);
  await memory.update(LAST_OPERATION, record.operation);
  const { t } = vscode.l10n;
  const done = record.cost_known
    ? t('Recorded {0} for {1}.', recordedCost([record], regionalLocale()), record.model)
    : t('Recorded a call of {0}. Its price is unknown.', record.model);
  const model = { provider: record.provider, model: record.model };
  showInfo(`${done}${otherDayText([record])}`, {
    ...(record.cost_known ? {} : { [t('Set Price…')]: () => setPrices(service, prices, model) }),
    [t('Undo')]: () => service.remove([record.usage_id]),
    ...showInHistory([record]),
  });
  return record;
}

async function lineSetting(memory: vscode.Memento, service: LedgerService, prices: Prices): Promise<LineSetting> {
  const { calendar } = readSettings();
  const [pricer, used, operations] = await Promise.all([
    prices.pricer().catch(() => undefined),
    usedModels(service).catch(() => []),
    service.aggregate({ filter: {}, calendar, groupBy: ['operation'] }).catch(() => []),
  ]);
  const strict = service.primary?.strict === true;
  const often = operations.toSorted((a, b) => b.totals.records - a.totals.records)[0]?.key[0] ?? 'chat';
  return {
    pricer,
    context: {
      search: modelSearch(pricer?.table, used),
      mark: decimalMark(),
      now: Date.now(),
      operation: strict ? INKWELL_OPERATIONS[0] : memory.get(LAST_OPERATION, often),
      project: strict ? '' : (vscode.workspace.name ?? ''),
      providers: [...new Set(used.map(({ provider }) => provider))],
      ...(strict && { allowed: { providers: INKWELL_PROVIDERS, operations: INKWELL_OPERATIONS } }),
    },
  };
}

/** The first and the last day of the records. */
function daysOf(records: readonly UsageRecord[]): { from: string; to: string; isToday: boolean } {
  const { calendar } = readSettings();
  const day = (at: number): string => bucketKey(at, 'day', calendar);
  const days = records.map(({ timestamp }) => day(Date.parse(timestamp))).toSorted();
  const [from, to] = [days[0] ?? '', days.at(-1) ?? ''];
  const today = day(Date.now());
  return { from, to, isToday: from === today && to === today };
}

/** Mentions when the calls were made if that is not today, because today's total does not include them. */
export function otherDayText(records: readonly UsageRecord[]): string {
  const { from, to, isToday } = daysOf(records);
  if (isToday) return '';
  const { t } = vscode.l10n;
  const options = { dateStyle: 'medium', timeZone: 'UTC' } as const;
  const text = (day: string): string => new Date(`${day}T00:00:00Z`).toLocaleDateString(regionalLocale(), options);
  return ` ${from === to ? t('It counts on {0}.', text(from)) : t('They count from {0} to {1}.', text(from), text(to))}`;
}

/** A button that opens the cost history at the records. */
export function showInHistory(records: readonly UsageRecord[]): Actions {
  const { t } = vscode.l10n;
  const { from, to, isToday } = daysOf(records);
  if (isToday) return { [t('Open Cost History')]: () => vscode.commands.executeCommand(COMMANDS.openHistory) };
  const choices = { range: { kind: 'dates', from, to }, values: {}, search: '' };
  return { [t('Show in Cost History')]: () => vscode.commands.executeCommand(COMMANDS.openHistory, choices) };
}
