import * as vscode from 'vscode';
import { registerTools } from './host/agents/languageModelTools.ts';
import { offerMcpServer } from './host/agents/mcpServer.ts';
import { BudgetTree } from './host/budgets/budgetTree.ts';
import { BudgetWatch } from './host/budgets/budgetWatch.ts';
import { AgentImport } from './host/import/agentImport.ts';
import { offerImport } from './host/import/importOffer.ts';
import { createApi } from './host/api.ts';
import type { LlmSpendApi } from './host/api.ts';
import { BreakdownTree } from './host/breakdown/breakdown.ts';
import { registerCommands } from './host/commands.ts';
import { followContext } from './host/contextKeys.ts';
import { registerHistory } from './host/history/history.ts';
import { ServiceBackend } from './host/history/historyBackend.ts';
import { LedgerService } from './host/ledger/ledgerService.ts';
import { showLedgerWarnings } from './host/ledger/ledgerWarnings.ts';
import { offerMigration } from './host/ledger/migrateLedger.ts';
import { LiveRecording } from './host/live/liveRecording.ts';
import { Prices } from './host/prices/prices.ts';
import { BranchStatus } from './host/git/branchStatus.ts';
import { CommitCosts } from './host/git/commitCosts.ts';
import { CommitTree } from './host/git/commitTree.ts';
import { StatusBar } from './host/status/statusBar.ts';
import { ScopedCosts } from './host/team/scopedCosts.ts';
import { Team } from './host/team/team.ts';
import { ReportDocuments } from './host/common/reportDocuments.ts';
import { commandPath } from './host/common/commandPath.ts';
import { provideCommand } from './host/terminal/terminalCommand.ts';

export type { LlmSpendApi } from './host/api.ts';

/** Name of the performance measure of the activation, ms: wall time, and in `detail` the CPU time of this thread. */
const ACTIVATION = 'llmSpend.activate';

let service: LedgerService | undefined;

/** Wires the parts in the order of the data flow. Reads nothing: the ledger is opened after the editor's start. */
export function activate(context: vscode.ExtensionContext): LlmSpendApi {
  const start = performance.now();
  const cpuBefore = threadTime();
  const log = vscode.window.createOutputChannel('LLM Spend', { log: true });
  const prices = new Prices(context, log);
  service = new LedgerService(log, prices);
  const shown = new ScopedCosts(service);
  const budgets = new BudgetWatch(service, log);
  const backend = new ServiceBackend(service, shown, budgets, commandPath(context));
  const history = registerHistory(context, backend, log);
  const agents = new AgentImport(context, service, prices, log);
  const live = new LiveRecording(service, prices, log);
  const commits = new CommitCosts(service, log);
  const documents = new ReportDocuments();
  const team = new Team(context, shown, { service, budgets, prices, documents, log });
  registerCommands(context, { service, shown, prices, history, agents, live, budgets, commits, team, documents, log });
  context.subscriptions.push(
    log,
    prices,
    service,
    backend,
    agents,
    live,
    followContext(service),
    offerMigration(context, service),
    offerImport(context, agents),
    showLedgerWarnings(service),
    documents,
    shown,
    team,
    new StatusBar(shown, log),
    budgets,
    new BudgetTree(budgets),
    new BreakdownTree(shown),
    commits,
    new CommitTree(commits),
    new BranchStatus(commits),
    registerTools(service, prices),
    offerMcpServer(context, service),
  );
  prices.start();
  service.start();
  agents.start();
  void provideCommand(context, log);
  live.start();
  team.start();
  performance.measure(ACTIVATION, { start, detail: { cpu: threadTime() - cpuBefore } });
  return createApi(service);
}

/** CPU time of this thread in ms, which other processes do not affect. NaN before Node 23.9. */
function threadTime(): number {
  if (!('threadCpuUsage' in process)) return Number.NaN;
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Commits pending records. */
export async function deactivate(): Promise<void> {
  await service?.close();
}
