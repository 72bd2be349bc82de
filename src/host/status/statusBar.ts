import * as vscode from 'vscode';
import { COMMANDS, SETTINGS } from '../../contributions.ts';
import { nextBucket } from '../../usage/time/calendar.ts';
import { rangeOf } from '../../usage/time/period.ts';
import type { TimeRange } from '../../usage/time/period.ts';
import type { AggregateQuery, Group, Totals } from '../../usage/query.ts';
import { forecast, summarize } from '../../usage/summary.ts';
import type { SpendSummary } from '../../usage/summary.ts';
import type { TextStyle } from '../common/costText.ts';
import { Coalescer } from '../../system/coalescer.ts';
import { showWarning } from '../common/dialogs.ts';
import { shownCosts } from '../../pricing/converted.ts';
import type { Converted } from '../../pricing/converted.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import { problemMessages } from '../ledger/ledgerSnapshot.ts';
import { currencyProblem, onDidChangeSettings, readSettings, regionalLocale } from '../common/settings.ts';
import { STATUS_PERIODS } from '../common/settings.ts';
import type { Settings } from '../common/settings.ts';
import { statusLabel, statusText, statusTooltip } from './statusText.ts';
import type { StatusModel } from './statusText.ts';

const TOP_MODELS = 5;
const LINKED = {
  open: COMMANDS.openHistory,
  record: COMMANDS.recordUsage,
  verify: COMMANDS.verifyLedger,
  prices: COMMANDS.setPrices,
};
const LINKS = {
  open: `command:${LINKED.open}`,
  record: `command:${LINKED.record}`,
  verify: `command:${LINKED.verify}`,
  prices: `command:${LINKED.prices}`,
};

/** The spend of a period in the status bar; its tooltip is a small table. */
export class StatusBar implements vscode.Disposable {
  readonly #service: LedgerService;
  readonly #item: vscode.StatusBarItem;
  readonly #refresher: Coalescer;
  readonly #subscriptions: vscode.Disposable[];
  #settings = readSettings();
  #midnight: NodeJS.Timeout | undefined;

  constructor(service: LedgerService, log: vscode.LogOutputChannel) {
    this.#service = service;
    this.#item = vscode.window.createStatusBarItem('llmSpend.total', vscode.StatusBarAlignment.Right, 100);
    this.#item.name = 'LLM Spend';
    this.#item.command = COMMANDS.openHistory;
    this.#refresher = new Coalescer(() => this.#update(), {
      onError: (error) => log.error(error instanceof Error ? error : String(error)),
    });
    const update = (): void => this.#refresher.request();
    this.#subscriptions = [
      this.#item,
      this.#refresher,
      service.onDidChange(update),
      vscode.window.onDidChangeWindowState(({ focused }) => {
        // If the machine slept, a timer may have missed midnight.
        if (focused) update();
      }),
      onDidChangeSettings(
        [SETTINGS.statusBarEnabled, SETTINGS.statusBarPeriod, SETTINGS.timeZone, SETTINGS.weekStart, SETTINGS.currency],
        () => {
          this.#settings = readSettings();
          this.#checkCurrency();
          update();
        },
      ),
    ];
    this.#checkCurrency();
    this.#show({
      health: 'loading',
      problems: [],
      warnings: [],
      period: this.#settings.statusBarPeriod,
      spend: undefined,
    });
  }

  dispose(): void {
    clearTimeout(this.#midnight);
    for (const each of this.#subscriptions) each.dispose();
  }

  #checkCurrency(): void {
    const problem = currencyProblem();
    if (problem !== undefined)
      showWarning(vscode.l10n.t('Setting llmSpend.currency: {0}. Amounts are shown in USD.', problem));
  }

  async #update(): Promise<void> {
    const { health, snapshot } = this.#service;
    const settings = this.#settings;
    const now = Date.now();
    const readable = snapshot.loaded && snapshot.ledgers.length > 0;
    const spend =
      readable && settings.statusBarEnabled
        ? await summarize((query) => this.#service.aggregate(query), now, settings.calendar, {
            period: 'month',
            models: TOP_MODELS,
          })
        : undefined;
    const problems = [
      ...(snapshot.failure === undefined ? [] : [snapshot.failure]),
      ...problemMessages(snapshot, 'error'),
    ];
    const warnings = problemMessages(snapshot, 'warning');
    const shown = spend === undefined ? undefined : await this.#converted(spend, settings, now);
    this.#show({ health, problems, warnings, period: settings.statusBarPeriod, spend, shown });
    this.#wakeAtMidnight(settings, now);
  }

  /** The costs of the summary in the user's currency; undefined if that is USD. */
  async #converted(spend: SpendSummary, { calendar, currency }: Settings, now: number): Promise<StatusModel['shown']> {
    if (currency === undefined) return undefined;
    const ask = (query: AggregateQuery): Promise<Group[]> => this.#service.aggregate(query);
    const costs = new Map<Totals, Converted>();
    const add = async (range: TimeRange, groupBy: readonly 'model'[], groups: readonly Group[]): Promise<void> => {
      const query = { filter: range, groupBy, calendar };
      for (const each of await shownCosts(ask, query, groups, currency)) costs.set(...each);
    };
    for (const period of STATUS_PERIODS) {
      await add(rangeOf(period, now, calendar), [], [{ key: [], totals: spend[period] }]);
    }
    const month = rangeOf('month', now, calendar);
    const models = spend.topModels.map(({ model, totals }): Group => ({ key: [model], totals }));
    await add(month, ['model'], models);
    const converted = costs.get(spend.month);
    return {
      currency: currency.currency,
      costs,
      forecast: converted && forecast(converted.totals, month, now),
    };
  }

  #show(model: StatusModel): void {
    if (!this.#settings.statusBarEnabled) {
      this.#item.hide();
      return;
    }
    const style: TextStyle = {
      // A getter, because loading the locale is slow and unnecessary without an amount.
      get locale() {
        return regionalLocale();
      },
      t: vscode.l10n.t,
    };
    this.#item.text = statusText(model, style);
    const tooltip = new vscode.MarkdownString(statusTooltip(model, LINKS, style));
    tooltip.isTrusted = { enabledCommands: Object.values(LINKED) };
    this.#item.tooltip = tooltip;
    this.#item.accessibilityInformation = { label: statusLabel(model, style), role: 'button' };
    this.#item.show();
  }

  #wakeAtMidnight({ calendar }: Settings, now: number): void {
    clearTimeout(this.#midnight);
    this.#midnight = setTimeout(() => this.#refresher.request(), nextBucket(now, 'day', calendar) - now + 1);
  }
}
