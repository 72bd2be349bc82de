import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { COMMANDS, SETTINGS, SETTINGS_SECTION } from '../../contributions.ts';
import { openLedger, resolveLedgerPath } from '../../library/index.ts';
import { migrate } from '../../ledger/migrate.ts';
import type { Migration, MigrationProgress } from '../../ledger/migrate.ts';
import { storeOf } from '../../system/paths.ts';
import { formatUsdExact } from '../../usage/money.ts';
import { plain } from '../../usage/text.ts';
import { records } from '../common/costText.ts';
import { type Actions, confirm, inform, warn } from '../common/dialogs.ts';
import { style } from './ledgerActions.ts';
import type { LedgerService } from './ledgerService.ts';

/**
 * Records from which a JSON ledger is offered to move: there one more record makes the editor write some 40 MB, and
 * opening it takes a second (`npm run bench -- sqlite`).
 */
const COMFORTABLE_RECORDS = 100_000;
/** Ledgers for which the offer was made. */
const OFFERED = 'llmSpend.migrate.offered';

/** Takes all records of the primary ledger over into another file, and offers to use that one from then on. */
export async function migrateLedger(service: LedgerService): Promise<void> {
  const from = service.path;
  const to = await chooseTarget(from);
  if (to !== undefined) await migrateInto(from, to);
}

/** What an interrupted move left is gone on with: no file dialog, which would speak of overwriting it. */
async function chooseTarget(from: string): Promise<string | undefined> {
  const { t } = vscode.l10n;
  const isJson = storeOf(from) === 'json';
  const proposed = from.replace(/\.[^.]+$/, isJson ? '.db' : '.json');
  const title = t('Move the Ledger to');
  if (existsSync(proposed)) {
    const there = {
      label: plain(basename(proposed)),
      detail: t('Is there already. What it holds stays, and is not taken twice.'),
    };
    const another = { label: t('Another File…') };
    const chosen = await vscode.window.showQuickPick([there, another], { title, placeHolder: title });
    if (chosen !== another) return chosen && proposed;
  }
  const target = await vscode.window.showSaveDialog({
    title,
    saveLabel: t('Move'),
    defaultUri: vscode.Uri.file(proposed),
    filters: { [t('SQLite, for big histories')]: ['db', 'sqlite'], [t('JSON, for any program')]: ['json'] },
  });
  return target?.fsPath;
}

async function migrateInto(from: string, to: string): Promise<void> {
  const { t } = vscode.l10n;
  const result = await copy(from, to);
  if (result.interrupted) {
    inform(t('Interrupted. {0} is as it was.', plain(from)), { [t('Go On')]: () => migrateInto(from, to) });
    return;
  }
  const left = result.differing.length + result.refused.length + result.unreadable;
  if (result.mismatches.length > 0) {
    const [{ source }] = result.mismatches as [Migration['mismatches'][number]];
    warn(t('The two ledgers do not agree in {0}: something changed them meanwhile. Move it again.', source.month), {
      [t('Move Again')]: () => migrateInto(from, to),
    });
    return;
  }
  const sum = result.months.reduce((total, { nanos }) => total + nanos, 0n);
  const detail = [
    t(
      '{0}, {1}: the same in both, month by month. {2} is as it was.',
      records(result.adopted + result.present, style()),
      formatUsdExact(sum, style().locale),
      plain(from),
    ),
    ...(left === 0 ? [] : [t('Not taken over, because they are no records or stand there otherwise: {0}.', left)]),
  ];
  if (resolveLedgerPath({ setting: to }) !== to) {
    inform([...detail, t('To use {0}, name it in the variable LLM_SPEND_LEDGER.', plain(to))].join(' '), copyPath(to));
    return;
  }
  detail.push(t('Programs outside the editor follow once the variable LLM_SPEND_LEDGER names it.'));
  if (await confirm(t('Record into {0} from now on?', plain(to)), detail.join('\n'), t('Use It'))) {
    const section = vscode.workspace.getConfiguration(SETTINGS_SECTION);
    await section.update(SETTINGS.ledgerPath, to, vscode.ConfigurationTarget.Global);
    inform(t('The ledger is {0} now.', plain(to)), copyPath(to));
  }
}

function copyPath(path: string): Actions {
  return { [vscode.l10n.t('Copy Path')]: () => vscode.env.clipboard.writeText(path) };
}

/** Says once of each JSON ledger that has outgrown its store that it can move. */
export function offerMigration(context: vscode.ExtensionContext, service: LedgerService): vscode.Disposable {
  return service.onDidChange(() => {
    const { primary } = service;
    if (!primary || primary.strict || storeOf(primary.path) !== 'json') return;
    if (primary.state.records < COMFORTABLE_RECORDS) return;
    const offered = context.globalState.get<string[]>(OFFERED, []);
    if (offered.includes(primary.path)) return;
    void context.globalState.update(OFFERED, [...offered, primary.path]);
    const { t } = vscode.l10n;
    inform(t('The ledger has {0}. In SQLite it stays fast.', records(primary.state.records, style())), {
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
          // Two steps, each half of the bar.
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
