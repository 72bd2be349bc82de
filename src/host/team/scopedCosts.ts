import * as vscode from 'vscode';
import type { AggregateQuery, Group, Page, PageQuery, Totals, UsageFilter } from '../../usage/query.ts';
import type { Scope } from '../../usage/dimensions.ts';
import { scopedFilter } from '../../sync/scopedFilter.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import type { Health, LedgerSnapshot } from '../ledger/ledgerSnapshot.ts';
import { wantedScope } from './scopeChoice.ts';

/** The team's ledger as this window reads it, and my user name in it. */
export interface TeamCosts {
  service: LedgerService;
  user: string;
  /** Why the last synchronisation failed, as display text. */
  problem: string | undefined;
}

/**
 * The costs that the views show: those of this machine, mine on all machines, or the team's. The sums of the last two come from
 * the team's ledger. Recording and all other actions work on this machine's ledgers.
 */
export class ScopedCosts implements vscode.Disposable {
  readonly #own: LedgerService;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable[];
  #team: TeamCosts | undefined;
  #following: vscode.Disposable | undefined;
  /** Increases when another source is shown, so that versions of snapshots only increase. */
  #base = 0;
  #isMember = false;

  /** Fires after each change of the costs shown. */
  readonly onDidChange = this.#changed.event;

  constructor(own: LedgerService) {
    this.#own = own;
    this.#subscriptions = [this.#changed, own.onDidChange(() => this.#changed.fire())];
  }

  /** undefined: this machine is in no team. */
  get scope(): Scope | undefined {
    return this.#isMember ? wantedScope() : undefined;
  }

  get snapshot(): LedgerSnapshot {
    const { snapshot } = this.#source;
    return {
      ...snapshot,
      version: this.#base + this.#own.snapshot.version + (this.#team?.service.snapshot.version ?? 0),
    };
  }

  get health(): Health {
    return this.#source.health;
  }

  get hasUsage(): boolean {
    return this.#source.hasUsage;
  }

  /** Why the team's ledger may lack records of this machine, as display text. */
  get syncProblem(): string | undefined {
    return this.#team?.problem;
  }

  /** The absolute path of this machine's primary ledger. */
  get path(): string {
    return this.#own.path;
  }

  /** Shows costs of the team; without them, or in the scope of this machine, those of this machine. */
  setTeam(isMember: boolean, team: TeamCosts | undefined): void {
    if (team?.service !== this.#team?.service) {
      this.#following?.dispose();
      this.#base += 1 + (this.#team?.service.snapshot.version ?? 0);
      this.#following = team?.service.onDidChange(() => this.#changed.fire());
    }
    this.#isMember = isMember;
    this.#team = team;
    this.#base += 1;
    this.#changed.fire();
  }

  aggregate(query: AggregateQuery): Promise<Group[]> {
    return this.#source.aggregate({ ...query, filter: this.#scoped(query.filter) });
  }

  page(query: PageQuery): Promise<Page> {
    return this.#source.page({ ...query, filter: this.#scoped(query.filter) });
  }

  summary(filter: UsageFilter = {}): Promise<Totals> {
    return this.#source.summary(this.#scoped(filter));
  }

  /** Reads this machine's ledgers and the one shown now. */
  async refresh(): Promise<void> {
    await Promise.all([this.#own.refresh(), this.#team?.service.refresh()]);
  }

  dispose(): void {
    this.#following?.dispose();
    for (const each of this.#subscriptions) each.dispose();
  }

  get #source(): LedgerService {
    return this.#team?.service ?? this.#own;
  }

  #scoped(filter: UsageFilter): UsageFilter {
    if (this.#team === undefined || this.scope !== 'me') return filter;
    return scopedFilter(filter, 'me', this.#team.user);
  }
}
