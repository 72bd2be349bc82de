import { Buffer } from 'node:buffer';
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { exportPieces } from '../../usage/exportText.ts';
import type { ExportFormat } from '../../usage/exportText.ts';
import type { UsageFilter } from '../../usage/query.ts';
import type { UsageRecord } from '../../usage/record.ts';
import { plain } from '../../usage/text.ts';
import { records } from '../common/costText.ts';
import { readSettings } from '../common/settings.ts';
import { exportName } from './exportName.ts';
import { style } from './ledgerActions.ts';
import type { LedgerService } from './ledgerService.ts';

/** The records to export. */
type Pages = Pick<LedgerService, 'page'>;

export interface ExportRequest {
  format: Extract<ExportFormat, 'csv' | 'json'>;
  /** The records to export; all if absent. */
  filter?: UsageFilter;
  /** The target file; the user is asked if absent. */
  target?: vscode.Uri;
}

export interface Exported {
  target: vscode.Uri;
  records: number;
}

/** Number of records requested and converted to text at a time. */
const PAGE = 5000;

/** Writes the records, oldest first, to a file chosen by the user. undefined if the user cancelled. */
export async function exportUsage(costs: Pages, request: ExportRequest): Promise<Exported | undefined> {
  const target = request.target ?? (await askForTarget(request));
  if (target === undefined) return undefined;
  return vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t('Exporting usage'),
      cancellable: true,
    },
    async (progress, cancelled) => {
      const chunks: Buffer[] = [];
      let written = 0;
      const pages = recordPages(costs, request.filter ?? {});
      for await (const { text, count } of exportPieces(pages, request.format)) {
        if (cancelled.isCancellationRequested) return undefined;
        chunks.push(Buffer.from(text));
        written += count;
        progress.report({ message: vscode.l10n.t('{0} records', written) });
      }
      // Through the editor, so that the target may be in any workspace, and in one call, so that no partial file remains.
      await vscode.workspace.fs.writeFile(target, Buffer.concat(chunks));
      return { target, records: written };
    },
  );
}

/** Says how many records are in which file. */
export function exportedText({ target, records: count }: Exported): string {
  return vscode.l10n.t('Exported {0} to {1}.', records(count, style()), plain(target.fsPath));
}

async function askForTarget({ format, filter }: ExportRequest): Promise<vscode.Uri | undefined> {
  const options: vscode.SaveDialogOptions = {
    title: vscode.l10n.t('Export Usage'),
    filters: format === 'csv' ? { CSV: ['csv'] } : { JSON: ['json'] },
  };
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(homedir());
  options.defaultUri = vscode.Uri.joinPath(folder, exportName(format, filter, readSettings().calendar));
  return vscode.window.showSaveDialog(options);
}

async function* recordPages(costs: Pages, filter: UsageFilter): AsyncGenerator<UsageRecord[]> {
  for (let offset = 0; ; offset += PAGE) {
    const { rows, total } = await costs.page({ filter, sort: 'time', descending: false, offset, limit: PAGE });
    yield rows.map(({ record }) => record);
    if (rows.length === 0 || offset + rows.length >= total) return;
  }
}
