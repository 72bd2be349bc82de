import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { COMMANDS, SETTINGS, SETTINGS_SECTION } from '../../contributions.ts';
import { openLedger, resolveLedgerPath } from '../../library/index.ts';
import { migrate } from '../../ledger/migrate.ts';
import type { Migration, MigrationProgress } from '../../ledger/migrate.ts';
import { storeKind } from '../../system/paths.ts';
import { formatUsdExact } from '../../usage/money.ts';
import { plain } from '../../usage/text.ts';
import { records } from '../common/costText.ts';
import { type Actions, confirm, showInfo, showWarning } from '../common/dialogs.ts';
import { style } from './ledgerActions.ts';
import type { LedgerService } from './ledgerService.ts';

/**
 * Number of records from which a JSON ledger is offered a migration: at this size one more record makes the editor write about
 * 40 MB, and opening it takes a second (`npm run bench -- sqlite`).
 */
const COMFORTABLE_RECORDS = 100_000;
/** Key of the ledgers for which the offer was made. */
const OFFERED = 'llmSpend.migrate.offered';

/** Copies all records of the primary ledger to another file, and offers to use that file from then on. */
export async function askToMigrate(service: LedgerService): Promise<void> {
  const from = service.path;
  const to = await chooseTarget(from);
  if (to !== undefined) await migrateInto(from, to);
}

/** An interrupted migration continues without a file dialog, which would ask whether to overwrite the target. */
async function chooseTarget(from: string): Promise<string | undefined> {
  const { t } = vscode.l10n;
  const isJson = storeKind(from) === 'json';
  const proposed = from.replace(/\.[^.]+$/, isJson ? '.db' : '.json');
  const title = t('Move the Ledger to');
  if (existsSync(proposed)) {
    const there = {
      label: plain(basename(proposed)),
      detail: t('Already exists. Its records are kept, and none is copied twice.'),
    };
    const another = { label: t('Another File…') };
    const chosen = await vscode.window.showQuickPick([there, another], { title, placeHolder: title });
    if (chosen !== another) return chosen && proposed;
  }
  const target = await vscode.window.showSaveDialog({
    title,
    saveLabel: t('Move'),
    defaultUri: vscode.Uri.file(proposed),
    filters: { [t('SQLite (for large histories)')]: ['db', 'sqlite'], [t('JSON (readable by any program)')]: ['json'] },
  });
  return target?.fsPath;
}

async function migrateInto(from: string, to: string): Promise<void> {
  const { t } = vscode.l10n;
  const result = await copy(from, to);
  if (result.interrupted) {
    showInfo(t('Interrupted. {0} is unchanged.', plain(from)), { [t('Continue')]: () => migrateInto(from, to) });
    return;
  }
  const left = result.differing.length + result.refused.length + result.unreadable;
  if (result.mismatches.length > 0) {
    const [{ source }] = result.mismatches as [Migration['mismatches'][number]];
    showWarning(
      t(
        'The two ledgers differ in {0}, because another program changed one of them. Move the ledger again.',
        source.month,
      ),
      {
        [t('Move Again')]: () => migrateInto(from, to),
      },
    );
    return;
  }
  const sum = result.months.reduce((total, { nanos }) => total + nanos, 0n);
  const detail = [
    t(
      '{0}, {1}: identical in both ledgers, month by month. {2} is unchanged.',
      records(result.adopted + result.present, style()),
      formatUsdExact(sum, style().locale),
      plain(from),
    ),
    ...(left === 0
      ? []
      : [t('Not copied, because they are not valid records or differ from the records there: {0}.', left)]),
  ];
  if (resolveLedgerPath({ setting: to }) !== to) {
    showInfo(
      [...detail, t('To use {0}, set the variable LLM_SPEND_LEDGER to its path.', plain(to))].join(' '),
      copyPath(to),
    );
    return;
  }
  detail.push(t('Programs outside the editor use it once the variable LLM_SPEND_LEDGER is set to its path.'));
  if (await confirm(t('Use {0} from now on?', plain(to)), detail.join('\n'), t('Use It'))) {
    const section = vscode.workspace.getConfiguration(SETTINGS_SECTION);
    await section.update(SETTINGS.ledgerPath, to, vscode.ConfigurationTarget.Global);
    showInfo(t('The ledger is now {0}.', plain(to)), copyPath(to));
  }
}

function copyPath(path: string): Actions {
  return { [vscode.l10n.t('Copy Path')]: () => vscode.env.clipboard.writeText(path) };
}

/** Offers a migration once for each JSON ledger that has grown too large. */
export function offerMigration(context: vscode.ExtensionContext, service: LedgerService): vscode.Disposable {
  return service.onDidChange(() => {
    const { primary } = service;
    if (!primary || primary.strict || storeKind(primary.path) !== 'json') return;
    if (primary.state.records < COMFORTABLE_RECORDS) return;
    const offered = context.globalState.get<string[]>(OFFERED, []);
    if (offered.includes(primary.path)) return;
    void context.globalState.update(OFFERED, [...offered, primary.path]);
    const { t } = vscode.l10n;
    showInfo(t('Large ledger ({0}). Move it to SQLite to keep it fast?', records(primary.state.records, style())), {
      [t('Move It…')]: () => vscode.commands.executeCommand(COMMANDS.migrateLedger),
    });
  });
}

async function copy(from: string, to: string): Promise<Migration> {
  const { t } = vscode.l10n;
  const source = openLedger({ ledger: from, pricing: false });
  const target = openLedger({ ledger: to, pricing: false });
  const location = vscode.ProgressLocation.Notification;
  try {
    return await vscode.window.withProgress(
      { location, title: t('Moving the ledger'), cancellable: true },
      async (progress, cancelled) => {
        const interrupt = new AbortController();
        cancelled.onCancellationRequested(() => interrupt.abort());
        progress.report({ message: t('copying') });
        let shown = 0;
        const onProgress = ({ step, done, total }: MigrationProgress): void => {
          // Two steps, each half of the progress bar.
          const now = (step === 'copying' ? 0 : 50) + (total === 0 ? 50 : (50 * done) / total);
          const message = step === 'copying' ? t('copying') : t('comparing');
          progress.report({ message, increment: Math.max(0, now - shown) });
          shown = Math.max(shown, now);
        };
        return migrate(source, target, { signal: interrupt.signal, onProgress });
      },
    );
  } finally {
    await source.close();
    await target.close();
  }
}
