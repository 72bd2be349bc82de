import * as vscode from 'vscode';
import { excludingRow, filteredByRow, readRow } from '../../protocol/row.ts';
import type { MenuRow } from '../../protocol/row.ts';
import { isBreakdownNode, nodeRow } from '../breakdown/breakdownModel.ts';
import type { HistoryController } from '../history/history.ts';
import { LedgerModels } from '../history/ledgerModels.ts';
import { style } from '../ledger/ledgerActions.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import { records } from './costText.ts';
import { confirm, showInfo, showWarning } from './dialogs.ts';
import { readSettings, regionalLocale } from './settings.ts';

/** The commands of the context menus of the tree and of the cost history's lists. */

/** Number of ids that are asked for at a time. */
const PAGE = 5000;
/** More records than this are removed only after a question. */
const ASK_FROM = 2;

/** The row that a menu's command was called for; undefined for any other argument. */
export function menuRowOf(argument: unknown): MenuRow | undefined {
  if (typeof argument !== 'object' || argument === null) return undefined;
  if (!isBreakdownNode(argument)) return readRow(argument);
  return nodeRow(argument, Date.now(), readSettings().calendar, regionalLocale());
}

export async function copyRow(row: MenuRow | undefined): Promise<void> {
  if (row !== undefined) await vscode.env.clipboard.writeText(row.text);
}

export function filterByRow(row: MenuRow | undefined, history: HistoryController): void {
  if (row !== undefined) history.change(row.place, (before) => filteredByRow(row, before));
}

export async function excludeRow(
  service: LedgerService,
  row: MenuRow | undefined,
  history: HistoryController,
): Promise<void> {
  if (row === undefined) return;
  const { values } = await plainFilter(service, row);
  history.change(row.place, (before) => excludingRow(row, before, values?.model) ?? {});
}

/** The filter of a row with the snapshots of each model that it means. */
function plainFilter(service: LedgerService, { filter }: MenuRow): ReturnType<LedgerModels['filter']> {
  const { calendar } = readSettings();
  const models = new LedgerModels({
    aggregate: (query) => service.aggregate(query),
    calendar,
    snapshot: service.snapshot,
  });
  return models.filter(filter ?? {});
}

/** The ids of the records of a row. */
export async function idsOfRow(service: LedgerService, row: MenuRow): Promise<readonly string[]> {
  if (row.ids !== undefined) return row.ids;
  const filter = await plainFilter(service, row);
  const found: string[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const query = { filter, sort: 'time', descending: false, offset, limit: PAGE } as const;
    const { rows, total } = await service.page(query);
    found.push(...rows.map(({ record }) => record.usage_id));
    if (rows.length === 0 || found.length >= total) return found;
  }
}

/** Removes the records of a row, after a question if they are several, and offers to undo that. */
export async function removeRow(service: LedgerService, row: MenuRow | undefined): Promise<void> {
  const { t } = vscode.l10n;
  const ids = row === undefined ? [] : await idsOfRow(service, row);
  if (ids.length === 0) return;
  const number = records(ids.length, style());
  if (ids.length >= ASK_FROM && !(await confirm(t('Remove {0}?', number), t('Undo restores them.'), t('Remove'))))
    return;
  const { removed, missing } = await service.remove(ids);
  const left = t('Not removed, because they are in another ledger: {0}.', missing.length);
  if (removed.length === 0) {
    showWarning(left);
    return;
  }
  const done = t('Removed {0}.', records(removed.length, style()));
  showInfo(missing.length === 0 ? done : `${done} ${left}`, { [t('Undo')]: () => service.undo() });
}
