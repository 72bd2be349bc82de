import * as vscode from 'vscode';
import { COMMANDS, EXTENSION_ID, SETTINGS, WALKTHROUGH } from '../../contributions.ts';
import type { DisplayCurrency } from '../../pricing/currency.ts';
import { pricesFolder } from '../../prices/files.ts';
import { OLD_PRICES_DAYS, priceAgeDays } from '../../prices/priceAge.ts';
import type { AggregateQuery, Calendar, Group, Page, PageQuery } from '../../usage/query.ts';
import { budgetRows } from '../budgets/budgetRows.ts';
import type { BudgetWatch } from '../budgets/budgetWatch.ts';
import { records } from '../common/costText.ts';
import { exportedText, exportUsage } from '../ledger/exportUsage.ts';
import type { BudgetRow } from '../../protocol/budgetRow.ts';
import type { MoneyQuestion } from '../../protocol/messages.ts';
import type { CoverageReport, MoneyReport } from '../../protocol/reports.ts';
import { keepLogs, readCoverage } from './coverage.ts';
import { moneyReport, reportArguments } from './moneyReports.ts';
import { askCommand } from '../common/ownCommand.ts';
import type { HistoryBackend, LedgerAction } from './historyContract.ts';
import { openLedgerFile, style } from '../ledger/ledgerActions.ts';
import { undoName } from '../ledger/ledgerReport.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import type { LedgerSnapshot } from '../ledger/ledgerSnapshot.ts';
import { chooseScope } from '../team/scopeChoice.ts';
import type { ScopedCosts } from '../team/scopedCosts.ts';
import type { Scope } from '../../usage/dimensions.ts';
import { onDidChangeSettings, readSettings } from '../common/settings.ts';

/** Actions that are a command of the editor. */
const COMMAND_OF = {
  record: 'recordUsage',
  import: 'importUsage',
  connect: 'connectAgents',
  copyCommand: 'copyCliCommand',
  verify: 'verifyLedger',
  repair: 'repairLedger',
  updatePrices: 'updatePrices',
} as const;

/** Connects the cost history to the ledger service: its data and its actions. */
export class ServiceBackend implements HistoryBackend, vscode.Disposable {
  readonly #service: LedgerService;
  readonly #budgets: BudgetWatch;
  readonly #shown: ScopedCosts;
  /** The path of the command. */
  readonly #cli: string;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable[];
  /** Changes of settings that affect the display count as changes of the ledgers. */
  #settingsVersion = 0;
  #priceDays: number | undefined;

  constructor(service: LedgerService, shown: ScopedCosts, budgets: BudgetWatch, cli: string) {
    this.#service = service;
    this.#shown = shown;
    this.#budgets = budgets;
    this.#cli = cli;
    this.#subscriptions = [
      this.#changed,
      shown.onDidChange(() => {
        this.#changed.fire();
        void this.#lookAtPrices();
      }),
      budgets.onDidChange(() => this.#changed.fire()),
      onDidChangeSettings([SETTINGS.timeZone, SETTINGS.weekStart, SETTINGS.currency], () => {
        this.#settingsVersion += 1;
        this.#changed.fire();
      }),
    ];
    void this.#lookAtPrices();
  }

  get snapshot(): LedgerSnapshot {
    const { snapshot } = this.#shown;
    return { ...snapshot, version: snapshot.version + this.#settingsVersion };
  }

  get scope(): Scope | undefined {
    return this.#shown.scope;
  }

  get calendar(): Calendar {
    return readSettings().calendar;
  }

  get currency(): DisplayCurrency | undefined {
    return readSettings().currency;
  }

  get budgets(): readonly BudgetRow[] {
    const { calendar, currency } = readSettings();
    return budgetRows(this.#budgets.states, { calendar, currency, style: style() });
  }

  get priceDays(): number | undefined {
    return this.#priceDays;
  }

  onDidChange(listener: () => void): vscode.Disposable {
    return this.#changed.event(listener);
  }

  aggregate(query: AggregateQuery): Promise<Group[]> {
    return this.#shown.aggregate(query);
  }

  page(query: PageQuery): Promise<Page> {
    return this.#shown.page(query);
  }

  async coverage(signal: AbortSignal): Promise<CoverageReport> {
    return readCoverage(this.#cli, this.#service.path, signal);
  }

  async money(question: MoneyQuestion, signal: AbortSignal): Promise<MoneyReport> {
    const ledgers = this.#service.snapshot.ledgers.map(({ path }) => path);
    const answer = await askCommand(this.#cli, reportArguments(question, ledgers, style()), { signal });
    const report = moneyReport(question.report, answer, style());
    const { scope = 'machine' } = this.#shown;
    if (scope === 'machine') return report;
    const { t } = vscode.l10n;
    const note = t('This machine only: each call has to be priced, and the ledger of the team only adds up.');
    return { ...report, notes: [note, ...report.notes] };
  }

  async perform(action: LedgerAction): Promise<string | undefined> {
    const { t } = vscode.l10n;
    switch (action.verb) {
      case 'record':
      case 'import':
      case 'connect':
      case 'copyCommand':
      case 'verify':
      case 'repair':
      case 'updatePrices':
        await vscode.commands.executeCommand(COMMANDS[COMMAND_OF[action.verb]]);
        await this.#lookAtPrices();
        return undefined;
      case 'edit':
        await vscode.commands.executeCommand(COMMANDS.editRecords, action.ids);
        return undefined;
      case 'setPrices':
        await vscode.commands.executeCommand(COMMANDS.setPrices, { provider: action.provider, model: action.model });
        return undefined;
      case 'budgets':
        await vscode.commands.executeCommand(COMMANDS.budgets, { budget: action.name });
        return undefined;
      case 'keepLogs':
        return keepLogs();
      case 'walkthrough':
        await vscode.commands.executeCommand('workbench.action.openWalkthrough', `${EXTENSION_ID}#${WALKTHROUGH.id}`);
        return undefined;
      case 'refresh':
        await this.#shown.refresh();
        return undefined;
      case 'remove': {
        const { removed, missing } = await this.#service.remove(action.ids);
        const done = t('Removed {0}.', records(removed.length, style()));
        if (missing.length === 0) return done;
        return `${done} ${t('Not removed, because they are in another ledger: {0}.', missing.length)}`;
      }
      case 'undo': {
        const undone = await this.#service.undo();
        return undone === undefined ? t('There is nothing to undo.') : t('Undid the {0}.', undoName(undone, style()));
      }
      case 'export': {
        const { format, filter } = action;
        const done = await exportUsage(this.#shown, { format, filter });
        return done && exportedText(done);
      }
      case 'openLedger': {
        const { path, usageId } = action;
        await openLedgerFile(this.#service, { ...(path && { path }), ...(usageId && { usageId }) });
        return undefined;
      }
      case 'scope':
        await chooseScope(action.scope);
        return undefined;
      default:
        return action satisfies never;
    }
  }

  /** Never fails. */
  async #lookAtPrices(): Promise<void> {
    const days = await priceAgeDays(pricesFolder(), Date.now());
    const old = days > OLD_PRICES_DAYS ? days : undefined;
    if (old === this.#priceDays) return;
    this.#priceDays = old;
    this.#settingsVersion += 1;
    this.#changed.fire();
  }

  dispose(): void {
    for (const each of this.#subscriptions) each.dispose();
  }
}
