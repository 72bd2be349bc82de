import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { CONTEXT_KEYS, SETTINGS } from '../../contributions.ts';
import { membershipPath } from '../../system/paths.ts';
import { Coalescer } from '../../system/coalescer.ts';
import type { BudgetWatch } from '../budgets/budgetWatch.ts';
import { commandPath } from '../common/commandPath.ts';
import { confirm, showInfo, showWarning } from '../common/dialogs.ts';
import type { ReportDocuments } from '../common/reportDocuments.ts';
import { onDidChangeSettings } from '../common/settings.ts';
import { watchFile } from '../common/watchFile.ts';
import { LedgerService } from '../ledger/ledgerService.ts';
import { openTeamLedger } from '../ledger/openLedgers.ts';
import type { Prices } from '../prices/prices.ts';
import type { TeamCode, TeamMember } from './teamCode.ts';
import type { ScopedCosts } from './scopedCosts.ts';

interface TeamParts {
  service: LedgerService;
  budgets: BudgetWatch;
  prices: Prices;
  documents: ReportDocuments;
  log: vscode.LogOutputChannel;
}

/** Delay after the editor's start, which has more important work. */
const START_MS = 2_000;

/**
 * The team of this machine. Its code is a bundle that is loaded once this machine is in a team, or the user wants to join one. The
 * commands of terminals and other windows change the membership too, so its file is watched.
 */
export class Team implements vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #service: LedgerService;
  readonly #shown: ScopedCosts;
  readonly #budgets: BudgetWatch;
  readonly #prices: Prices;
  readonly #documents: ReportDocuments;
  readonly #log: vscode.LogOutputChannel;
  readonly #following: Coalescer;
  readonly #subscriptions: vscode.Disposable[] = [];
  #timer: NodeJS.Timeout | undefined;
  #member: TeamMember | undefined;

  constructor(
    context: vscode.ExtensionContext,
    shown: ScopedCosts,
    { service, budgets, prices, documents, log }: TeamParts,
  ) {
    this.#context = context;
    this.#service = service;
    this.#shown = shown;
    this.#budgets = budgets;
    this.#prices = prices;
    this.#documents = documents;
    this.#log = log;
    this.#following = new Coalescer(() => this.#follow(), { onError: (error) => log.warn(`Team: ${String(error)}`) });
  }

  /** Follows the team soon, if there is one, otherwise as soon as one is joined. */
  start(): void {
    const follow = (): void => this.#following.request();
    let neededTeam = false;
    const followForBudgets = (): void => {
      if (this.#budgets.needsTeam !== neededTeam) follow();
      neededTeam = this.#budgets.needsTeam;
    };
    this.#subscriptions.push(
      watchFile(membershipPath(), follow),
      onDidChangeSettings([SETTINGS.scope], follow),
      this.#budgets.onDidChange(followForBudgets),
    );
    this.#timer = setTimeout(follow, START_MS);
  }

  async join(): Promise<void> {
    const code = await this.#code();
    await code.join();
    await this.#following.now();
  }

  async leave(): Promise<void> {
    const code = await this.#code();
    await code.leave();
    await this.#following.now();
  }

  /** Sends what waits now, and shows the result. */
  async syncNow(): Promise<void> {
    const code = await this.#code();
    await this.#following.now();
    await code.syncNow(this.#member);
  }

  /** The state of the team, its scopes and actions. */
  async showMenu(): Promise<void> {
    const code = await this.#code();
    await this.#following.now();
    await code.showMenu(this.#member);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#following.dispose();
    for (const each of this.#subscriptions) each.dispose();
    this.#member?.dispose();
  }

  async #follow(): Promise<void> {
    const isThere = existsSync(membershipPath());
    if (isThere || this.#member !== undefined) {
      const code = await this.#code();
      this.#member = await code.follow(this.#member);
    }
    void vscode.commands.executeCommand('setContext', CONTEXT_KEYS.team, this.#member !== undefined);
  }

  async #code(): Promise<TeamCode> {
    const { teamCode } = await import('./teamCode.ts');
    return teamCode({
      cli: commandPath(this.#context),
      secrets: this.#context.secrets,
      service: this.#service,
      shown: this.#shown,
      budgets: this.#budgets,
      documents: this.#documents,
      dialogs: { confirm, showInfo, showWarning },
      log: this.#log,
      open: (url) => new LedgerService(this.#log, this.#prices, (onHint) => openTeamLedger(url, onHint)),
    });
  }
}
