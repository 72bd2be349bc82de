import * as vscode from 'vscode';
import { COMMANDS } from '../contributions.ts';
import type { CommandId } from '../contributions.ts';
import { EXAMPLE_COMMAND } from '../protocol/emptyState.ts';
import type { UsageInput, UsageRecord } from '../usage/record.ts';
import type { AgentImport } from './import/agentImport.ts';
import type { Choices } from '../protocol/choices.ts';
import { showFailure, showInfo } from './common/dialogs.ts';
import { copyRow, excludeRow, filterByRow, idsOfRow, removeRow, menuRowOf } from './common/rowActions.ts';
import { exportedText, exportUsage } from './ledger/exportUsage.ts';
import type { ExportRequest } from './ledger/exportUsage.ts';
import { isBreakdownNode, nodeChoices } from './breakdown/breakdownModel.ts';
import type { HistoryController } from './history/history.ts';
import { askToClear, askToUndo, openLedgerFile, askToRepair, showVerification } from './ledger/ledgerActions.ts';
import type { LedgerService } from './ledger/ledgerService.ts';
import { askToMigrate } from './ledger/migrateLedger.ts';
import type { Prices } from './prices/prices.ts';
import { manageBudgets } from './budgets/manageBudgets.ts';
import type { BudgetWatch } from './budgets/budgetWatch.ts';
import { connectAgents } from './live/connectAgents.ts';
import type { LiveRecording } from './live/liveRecording.ts';
import { recordFromResponse } from './record/recordResponse.ts';
import { askAndRecord } from './record/recordUsage.ts';
import { setPrices } from './prices/unpriced.ts';
import type { ModelKey } from './prices/unpriced.ts';
import { editRecords } from './record/editRecords.ts';
import { addRule, applyRules } from './record/rules.ts';
import { repriceLedger, repriceRecorded } from './prices/reprice.ts';
import { showStatusMenu } from './status/statusMenu.ts';
import type { ScopedCosts } from './team/scopedCosts.ts';
import type { Team } from './team/team.ts';
import { addCostTrailer, copyReceipt } from './git/commitActions.ts';
import type { CommitCosts } from './git/commitCosts.ts';
import type { ReportDocuments } from './common/reportDocuments.ts';

/** The parts of the extension that commands act on. */
export interface CommandServices {
  service: LedgerService;
  shown: ScopedCosts;
  prices: Prices;
  history: HistoryController;
  agents: AgentImport;
  live: LiveRecording;
  budgets: BudgetWatch;
  commits: CommitCosts;
  team: Team;
  documents: ReportDocuments;
  log: vscode.LogOutputChannel;
}

/** Registers all commands of the table. Nothing is read or loaded before one of them runs. */
export function registerCommands(
  context: vscode.ExtensionContext,
  { service, shown, prices, history, agents, live, budgets, commits, team, documents, log }: CommandServices,
): void {
  const handlers: Record<CommandId, (argument: unknown) => unknown> = {
    [COMMANDS.recordUsage]: (usage) => recordUsage(context, service, prices, usage),
    [COMMANDS.recordFromResponse]: (source) => recordFromResponse(service, prices, source),
    [COMMANDS.reprice]: () => repriceLedger(service, prices, documents),
    [COMMANDS.repriceRecorded]: () => repriceRecorded(service, prices, documents),
    [COMMANDS.updatePrices]: () => prices.update(),
    [COMMANDS.setPrices]: (model) => setPrices(service, prices, modelOf(model)),
    [COMMANDS.addRule]: async (records) => addRule(service, prices, await idsOf(service, records)),
    [COMMANDS.applyRules]: () => applyRules(service, prices),
    [COMMANDS.editRecords]: async (records) => editRecords(service, prices, await idsOf(service, records)),
    [COMMANDS.removeRecords]: (row) => removeRow(service, menuRowOf(row)),
    [COMMANDS.copyRow]: (row) => copyRow(menuRowOf(row)),
    [COMMANDS.filterByRow]: (row) => filterByRow(menuRowOf(row), history),
    [COMMANDS.excludeRow]: (row) => excludeRow(service, menuRowOf(row), history),
    [COMMANDS.showMenu]: () => showStatusMenu(shown, budgets.states),
    [COMMANDS.openHistory]: (choices) => history.openPanel(historyChoicesOf(choices)),
    [COMMANDS.refresh]: () => shown.refresh(),
    [COMMANDS.exportCsv]: (request) => exportCsv(shown, isObject(request) ? request : {}),
    [COMMANDS.openLedger]: () => openLedgerFile(service),
    [COMMANDS.verifyLedger]: () => showVerification(service, documents),
    [COMMANDS.repairLedger]: () => askToRepair(service),
    [COMMANDS.clearLedger]: () => askToClear(service),
    [COMMANDS.migrateLedger]: () => askToMigrate(service),
    [COMMANDS.importUsage]: () => agents.ask(),
    [COMMANDS.connectAgents]: () => connectAgents(live),
    [COMMANDS.budgets]: (which) => manageBudgets(service, budgets, budgetOf(which)),
    [COMMANDS.copyReceipt]: (row) => copyReceipt(commits, row),
    [COMMANDS.addCostTrailer]: (repository) => addCostTrailer(commits, repository),
    [COMMANDS.team]: () => team.showMenu(),
    [COMMANDS.joinTeam]: () => team.join(),
    [COMMANDS.leaveTeam]: () => team.leave(),
    [COMMANDS.syncNow]: () => team.syncNow(),
    [COMMANDS.undo]: () => askToUndo(service),
    [COMMANDS.copyCliCommand]: () => copyCliCommand(),
    [COMMANDS.showLog]: () => log.show(),
  };
  context.subscriptions.push(
    ...Object.entries(handlers).map(([id, handler]) =>
      vscode.commands.registerCommand(id, async (argument: unknown) => {
        try {
          return await handler(argument);
        } catch (error) {
          // A program passes an argument and expects the error; a user reads it.
          const isRow = menuRowOf(argument) !== undefined;
          if ((isObject(argument) && !isRow) || (id === COMMANDS.recordUsage && argument !== undefined)) throw error;
          showFailure(error, log);
          return undefined;
        }
      }),
    ),
  );
}

/**
 * With an argument, records it without asking and returns the stored record; without one, asks for a line.
 * @throws {UsageError} when the argument is not a usage, {@link LedgerError} when it could not be stored.
 */
async function recordUsage(
  context: vscode.ExtensionContext,
  service: LedgerService,
  prices: Prices,
  argument: unknown,
): Promise<UsageRecord | undefined> {
  // The ledger validates all fields, and that the argument is an object.
  if (argument !== undefined && argument !== null) return service.record(argument as UsageInput);

  return askAndRecord(context.globalState, service, prices);
}

async function exportCsv(shown: ScopedCosts, request: Partial<ExportRequest>): Promise<vscode.Uri | undefined> {
  const done = await exportUsage(shown, { ...request, format: 'csv' });
  if (done === undefined) return undefined;
  const { t } = vscode.l10n;
  showInfo(exportedText(done), {
    [t('Open')]: () => vscode.commands.executeCommand('vscode.open', done.target),
  });
  return done.target;
}

async function copyCliCommand(): Promise<void> {
  await vscode.env.clipboard.writeText(EXAMPLE_COMMAND.join(' '));
  const { t } = vscode.l10n;
  showInfo(t('Copied an example of llm-spend, which every new terminal of this editor knows.'), {
    [t('New Terminal')]: () => vscode.window.createTerminal().show(),
  });
}

/** The records that an argument names: ids, or the row of a menu. */
async function idsOf(service: LedgerService, argument: unknown): Promise<readonly string[]> {
  if (Array.isArray(argument)) return argument.map(String);
  const row = menuRowOf(argument);
  return row === undefined ? [] : idsOfRow(service, row);
}

/** A row of the tree is shown at its values; another object has choices itself. */
function historyChoicesOf(argument: unknown): Partial<Choices> | undefined {
  if (!isObject(argument)) return undefined;
  return isBreakdownNode(argument) ? nodeChoices(argument) : argument;
}

/** The name of the budget that a row of the view passes. */
function budgetOf(argument: unknown): string | undefined {
  const { budget } = isObject(argument) ? (argument as { budget?: unknown }) : {};
  return typeof budget === 'string' ? budget : undefined;
}

/** The model that an argument names, as far as it does. */
function modelOf(argument: unknown): ModelKey | undefined {
  if (!isObject(argument)) return undefined;
  const row = menuRowOf(argument);
  // The row of a menu has the values of its levels, the page of the cost history passes names.
  const { provider, model } =
    row === undefined
      ? (argument as { provider?: unknown; model?: unknown })
      : (Object.fromEntries(row.values) as { provider?: unknown; model?: unknown });
  return typeof provider === 'string' && typeof model === 'string' ? { provider, model } : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
