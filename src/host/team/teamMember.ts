import * as vscode from 'vscode';
import { TeamBudgets, TeamClaims } from '../../sync/budgetTeam.ts';
import type { Membership } from '../../sync/membership.ts';
import { Coalescer } from '../../system/coalescer.ts';
import type { WindowTeam } from '../budgets/budgetWatch.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import { wantedScope } from './scopeChoice.ts';
import { SyncTimer } from './syncTimer.ts';
import { usableMembership, passwordOf, runSync, SyncFailure, type TeamWindow } from './teamWindow.ts';

/** A change reaches the others within two seconds, but a burst of changes is not sent one by one. */
const TIMING = { quietMs: 100, maxWaitMs: 500, intervalMs: 1_000 };

/** Codes of failures that say nothing about the membership. */
const UNREACHABLE: ReadonlySet<string> = new Set(['io', 'busy']);

/** The output of `llm-spend sync --json`. */
export interface SyncOutcome {
  records: number;
  sent: number;
  withdrawn: number;
  refused: readonly { usage_id: string; reason: string }[];
}

/**
 * The membership of this machine in a team while a window is open: sends changes in the background, and reads the team's costs while
 * they are shown. Each synchronisation is a process; those of several windows wait for each other.
 */
export class TeamMember implements vscode.Disposable {
  readonly membership: Membership;
  readonly #window: TeamWindow;
  readonly #syncing: Coalescer<SyncOutcome | undefined>;
  readonly #subscriptions: vscode.Disposable[];
  readonly #stop = new AbortController();
  readonly #timer = new SyncTimer(() => this.#syncing.request());
  #costs: LedgerService | undefined;
  #claims: TeamClaims | undefined;
  #budgets: WindowTeam | undefined;
  #problem: string | undefined;

  constructor(window: TeamWindow, membership: Membership) {
    this.#window = window;
    this.membership = membership;
    this.#syncing = new Coalescer(() => this.#sync(), { timing: TIMING });
    this.#subscriptions = [
      window.service.onDidChange(() => {
        if (!this.#timer.isPaused) this.#syncing.request();
      }),
      vscode.window.onDidChangeWindowState(({ focused }) => {
        // The network may be back.
        if (focused) this.#timer.resume();
      }),
    ];
    this.#syncing.request();
  }

  /** Sends what waits. Resolves with undefined when the membership has ended. @throws {SyncFailure} */
  async syncNow(): Promise<SyncOutcome | undefined> {
    while (!this.#stop.signal.aborted) {
      this.#timer.resume();
      const outcome = await this.#syncing.now();
      // An attempt in the background may have failed just before, and asked for a pause.
      if (outcome !== undefined) return outcome;
    }
    return undefined;
  }

  /** Opens or closes the team's ledger as the chosen scope and the budgets need it. */
  async applyScope(): Promise<void> {
    if (wantedScope() === 'machine' && !this.#window.budgets.needsTeam) {
      const [costs, claims] = [this.#costs, this.#claims];
      this.#costs = this.#claims = this.#budgets = undefined;
      this.#show();
      await Promise.all([costs?.close(), claims?.close()]);
      return;
    }
    if (this.#costs === undefined) {
      const { url, user } = this.membership;
      const address = new URL(url);
      address.password = encodeURIComponent((await passwordOf(this.#window, url)) ?? '');
      const costs = this.#window.open(address.href);
      this.#costs = costs;
      this.#claims = new TeamClaims(address.href, user);
      this.#budgets = followed(costs, this.#claims);
      await costs.refresh();
    }
    this.#show();
  }

  dispose(): void {
    this.#stop.abort();
    this.#timer.dispose();
    this.#syncing.dispose();
    for (const each of this.#subscriptions) each.dispose();
    this.#window.budgets.setTeam(undefined);
    void this.#costs?.close();
    void this.#claims?.close();
  }

  #show(): void {
    const { user } = this.membership;
    const isShown = this.#costs !== undefined && wantedScope() !== 'machine';
    const team = isShown ? { service: this.#costs!, user, problem: this.#problem } : undefined;
    this.#window.shown.setTeam(true, team);
    this.#window.budgets.setTeam(this.#window.budgets.needsTeam ? this.#budgets : undefined);
  }

  async #sync(): Promise<SyncOutcome | undefined> {
    if (this.#timer.isPaused || this.#stop.signal.aborted) return undefined;
    const { service, log } = this.#window;
    try {
      const password = await passwordOf(this.#window, this.membership.url);
      const { signal } = this.#stop;
      const outcome = await runSync<SyncOutcome>(this.#window, ['--ledger', service.path], { password, signal });
      if (outcome.sent + outcome.withdrawn > 0) log.info(`Team: ${outcome.sent} sent, ${outcome.withdrawn} withdrawn`);
      this.#timer.succeeded();
      this.#report(undefined);
      await this.#costs?.refresh();
      return outcome;
    } catch (error) {
      if (this.#stop.signal.aborted) return undefined;
      const message = error instanceof Error ? error.message : String(error);
      if (message !== this.#problem) log.warn(`Team: ${message}`);
      this.#timer.failed(error instanceof SyncFailure && UNREACHABLE.has(error.code));
      this.#report(message);
      throw error;
    }
  }

  #report(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#show();
  }
}

/** Follows the membership as it is now. @returns undefined when this machine is in no team. */
export async function follow(window: TeamWindow, before: TeamMember | undefined): Promise<TeamMember | undefined> {
  const membership = usableMembership();
  const isSame = JSON.stringify(membership) === JSON.stringify(before?.membership);
  if (!isSame) before?.dispose();
  if (membership === undefined) {
    window.shown.setTeam(false, undefined);
    return undefined;
  }
  const member = before !== undefined && isSame ? before : new TeamMember(window, membership);
  await member.applyScope();
  return member;
}

/** The sums and claims of the team's ledger, for the window's budgets. */
function followed(costs: LedgerService, claims: TeamClaims): WindowTeam {
  const budgets = new TeamBudgets(costs, claims);
  return { claims, sums: (scope, query) => budgets.sums(scope, query), onDidChange: costs.onDidChange };
}
