import * as vscode from 'vscode';
import { COMMANDS, SETTINGS } from '../../contributions.ts';
import type { Budget } from '../../budgets/budget.ts';
import { budgetsPath, readBudgets } from '../../budgets/budgetFile.ts';
import { budgetStates, headroomOf, type BudgetAnswers, type BudgetState } from '../../budgets/budgetState.ts';
import type { BudgetTeam } from '../../budgets/budgetTeam.ts';
import { BELOW, headroomBasis, keepAnswer, SOFT_PERCENT, type HeadroomBasis } from '../../budgets/headroom.ts';
import { dueWarnings } from '../../budgets/warnings.ts';
import { defaultCountedLedgers } from '../../library/countedLedgers.ts';
import { Coalescer } from '../../system/coalescer.ts';
import type { Calendar } from '../../usage/query.ts';
import { localCalendar, nextBucket } from '../../usage/time/calendar.ts';
import { showWarning, type Actions } from '../common/dialogs.ts';
import { onDidChangeSettings, readSettings, regionalLocale } from '../common/settings.ts';
import { watchFile } from '../common/watchFile.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import { crossingMessage, statusLine, tooltipLines } from './budgetMessages.ts';
import { raiseBudget, showBudget, snoozeBudget } from './budgetActions.ts';

/** A burst of records is looked at once, soon enough for a message within a second. */
const TIMING = { quietMs: 50, maxWaitMs: 250 };
/** A window without the focus leaves the message to the one that has it, if there is one. */
const UNFOCUSED_MS = 300;

/** The team for budgets that cover several machines, and the changes of its ledger. */
export interface WindowTeam extends BudgetTeam {
  onDidChange: vscode.Event<unknown>;
}

/**
 * Watches the budgets: an item in the status bar from the first level on, and one warning for each level, in one window of all.
 * Without budgets it shows and asks nothing.
 */
export class BudgetWatch implements vscode.Disposable {
  readonly #service: LedgerService;
  readonly #log: vscode.LogOutputChannel;
  readonly #item: vscode.StatusBarItem;
  readonly #looking: Coalescer;
  readonly #subscriptions: vscode.Disposable[];
  /** The last budgets that could be read: a file that is damaged for a while does not switch warnings off. */
  #budgets: readonly Budget[] = [];
  #problem = '';
  #timer: NodeJS.Timeout | undefined;
  #warning: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #states: readonly BudgetState[] = [];
  #team: WindowTeam | undefined;
  #followingTeam: vscode.Disposable | undefined;
  readonly #changed = new vscode.EventEmitter<void>();

  /** Fires after each look at the budgets. */
  readonly onDidChange = this.#changed.event;

  constructor(service: LedgerService, log: vscode.LogOutputChannel) {
    this.#service = service;
    this.#log = log;
    this.#item = vscode.window.createStatusBarItem('llmSpend.budget', vscode.StatusBarAlignment.Right, 99);
    this.#item.name = vscode.l10n.t('LLM Spend: Budget');
    this.#item.command = COMMANDS.budgets;
    this.#looking = new Coalescer(() => this.#look(), {
      timing: TIMING,
      onError: (error) => this.#log.warn(`Budgets: ${String(error)}`),
    });
    const look = (): void => this.#looking.request();
    this.#subscriptions = [
      this.#changed,
      this.#item,
      this.#looking,
      watchFile(budgetsPath(), look),
      service.onDidChange(look),
      onDidChangeSettings([SETTINGS.timeZone], look),
    ];
  }

  dispose(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#warning);
    clearTimeout(this.#retry);
    this.#followingTeam?.dispose();
    for (const each of this.#subscriptions) each.dispose();
  }

  /** The budgets in the order of their file. */
  get states(): readonly BudgetState[] {
    return this.#states;
  }

  /** Whether a budget covers several machines. */
  get needsTeam(): boolean {
    return this.#budgets.some(({ scope }) => scope !== undefined);
  }

  /** @param team undefined: this machine is in no team, or {@link needsTeam} is false. */
  setTeam(team: WindowTeam | undefined): void {
    if (team === this.#team) return;
    this.#team = team;
    this.#followingTeam?.dispose();
    this.#followingTeam = team?.onDidChange(() => this.#looking.request());
    this.#looking.request();
  }

  /** Looks at the budgets now. Never rejects. */
  async refresh(): Promise<void> {
    await this.#looking.now().catch((error: unknown) => this.#log.warn(`Budgets: ${String(error)}`));
  }

  async #look(): Promise<void> {
    const now = Date.now();
    const { calendar } = readSettings();
    // Before the budgets and the ledgers are read, so that both are at least as new.
    const basis = this.#headroomBasis(now, calendar);
    this.#read();
    const { snapshot } = this.#service;
    clearTimeout(this.#timer);
    if (this.#budgets.length === 0 || !snapshot.loaded || snapshot.ledgers.length === 0) {
      this.#item.hide();
      const had = this.#states.length > 0;
      this.#states = [];
      if (had) this.#changed.fire();
      return;
    }
    if (basis !== undefined) await this.#service.refresh();
    const states = await budgetStates(this.#budgets, this.#answers, now, calendar);
    const left = this.#problem === '' ? headroomOf(states, SOFT_PERCENT) : undefined;
    if (basis !== undefined && left !== undefined) {
      keepAnswer(basis, BELOW, left, nextBucket(now, 'day', calendar));
    }
    this.#states = states;
    this.#changed.fire();
    this.#show(states);
    this.#warnSoon();
    // A new day begins new periods.
    this.#timer = setTimeout(() => this.#looking.request(), nextBucket(now, 'day', calendar) - now + 1_000);
  }

  get #answers(): BudgetAnswers {
    return { aggregate: (query) => this.#service.aggregate(query), team: this.#team };
  }

  /** For the hooks of agents. undefined where this window counts other ledgers or days than they do. */
  #headroomBasis(now: number, calendar: Calendar): HeadroomBasis | undefined {
    const local = localCalendar();
    if (calendar.timeZone !== local.timeZone) return undefined;
    if (this.#budgets.length === 0 || this.#service.health !== 'ok') return undefined;
    try {
      const basis = headroomBasis(now, defaultCountedLedgers());
      const shown = new Set(this.#service.snapshot.ledgers.map(({ path }) => path));
      return basis.ledgers.every(({ path }) => shown.has(path)) ? basis : undefined;
    } catch {
      return undefined;
    }
  }

  #read(): void {
    const { t } = vscode.l10n;
    let problem = '';
    try {
      const { budgets, problems } = readBudgets();
      this.#budgets = budgets;
      problem = problems.join(' ');
    } catch (error) {
      problem = (error as Error).message;
    }
    if (problem !== '' && problem !== this.#problem) {
      showWarning(problem, {
        [t('Show File')]: () => vscode.window.showTextDocument(vscode.Uri.file(budgetsPath())),
      });
    }
    this.#problem = problem;
  }

  #show(states: readonly BudgetState[]): void {
    const reached = states.filter(({ level }) => level !== undefined).toSorted((a, b) => b.percent - a.percent);
    const [worst] = reached;
    if (worst === undefined) {
      this.#item.hide();
      return;
    }
    const style = { locale: regionalLocale(), t: vscode.l10n.t };
    const background = worst.isOver ? 'statusBarItem.errorBackground' : 'statusBarItem.warningBackground';
    this.#item.text = `$(${worst.isOver ? 'error' : 'warning'}) ${statusLine(worst, style)}`;
    this.#item.backgroundColor = new vscode.ThemeColor(background);
    this.#item.tooltip = states.map((state) => tooltipLines(state, style)).join('\n');
    this.#item.accessibilityInformation = { label: crossingMessage(worst, worst.level!, style), role: 'button' };
    this.#item.show();
  }

  /** Of all windows the one with the focus claims first. The wait does not delay the next look. */
  #warnSoon(): void {
    if (this.#states.every(({ level }) => level === undefined)) return;
    this.#warning ??= setTimeout(
      () => {
        this.#warning = undefined;
        void this.#warn().catch((error: unknown) => this.#log.warn(`Budgets: ${String(error)}`));
      },
      vscode.window.state.focused ? 0 : UNFOCUSED_MS,
    );
  }

  async #warn(): Promise<void> {
    const { calendar } = readSettings();
    const now = Date.now();
    const { warnings, retryAt } = await dueWarnings(this.#states, { answers: this.#answers, calendar, now });
    const style = { locale: regionalLocale(), t: vscode.l10n.t };
    for (const { state, level, driver, shown } of warnings) {
      showWarning(crossingMessage(state, level, style, driver), this.#actions(state));
      void shown();
    }
    if (retryAt === undefined) return;
    // The process that claimed a warning may have ended before it showed it.
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#looking.request(), retryAt - now + 1);
  }

  #actions(state: BudgetState): Actions {
    const { t } = vscode.l10n;
    return {
      [t('Show')]: () => showBudget(state),
      [t('Raise…')]: () => raiseBudget(state, this),
      [t('Snooze until Tomorrow')]: () => snoozeBudget(state),
    };
  }
}
