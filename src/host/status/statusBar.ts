import * as vscode from 'vscode';
import { COMMANDS, SETTINGS } from '../../contributions.ts';
import { nextBucket } from '../../usage/time/calendar.ts';
import { rangeOf } from '../../usage/time/period.ts';
import { amountsOf, lastBuckets, trendQuery } from '../../usage/time/trend.ts';
import type { TimeRange } from '../../usage/time/period.ts';
import type { AggregateQuery, Group, Totals, UsageFilter } from '../../usage/query.ts';
import { forecast, summarize, within } from '../../usage/summary.ts';
import type { SpendSummary } from '../../usage/summary.ts';
import type { TextStyle } from '../common/costText.ts';
import { Coalescer } from '../../system/coalescer.ts';
import { readSamples, samplesPath } from '../../library/agentSamples.ts';
import { pricesFolder } from '../../prices/files.ts';
import { OLD_PRICES_DAYS, priceAgeDays } from '../../prices/priceAge.ts';
import { currentQuota, sampledEnd } from '../../usage/time/quota.ts';
import { openSettings, showWarning } from '../common/dialogs.ts';
import { shownCosts } from '../../pricing/converted.ts';
import type { Converted } from '../../pricing/converted.ts';
import type { ScopedCosts } from '../team/scopedCosts.ts';
import { problemMessages } from '../ledger/ledgerSnapshot.ts';
import { currencyProblem, onDidChangeSettings, readSettings, regionalLocale } from '../common/settings.ts';
import { STATUS_PERIODS } from '../common/settings.ts';
import type { Settings } from '../common/settings.ts';
import { statusLabel, statusText, statusTooltip, TREND_DAYS } from './statusText.ts';
import type { StatusModel } from './statusText.ts';
import { workspaceFilter, workspaceName } from './workspaceScope.ts';
import { inLanguage } from '../common/language.ts';

const TOP_MODELS = 5;
/** A ledger that takes longer to read is said to be read. */
const SLOW_MS = 1_500;
const LINKED = {
  open: COMMANDS.openHistory,
  record: COMMANDS.recordUsage,
  verify: COMMANDS.verifyLedger,
  prices: COMMANDS.setPrices,
  updatePrices: COMMANDS.updatePrices,
  team: COMMANDS.team,
};
const LINKS = {
  open: `command:${LINKED.open}`,
  record: `command:${LINKED.record}`,
  verify: `command:${LINKED.verify}`,
  prices: `command:${LINKED.prices}`,
  updatePrices: `command:${LINKED.updatePrices}`,
  team: `command:${LINKED.team}`,
};

/** The calls that the item shows; undefined: all. */
function scopeOf({ statusBarScope }: Settings): UsageFilter | undefined {
  return statusBarScope === 'workspace' ? workspaceFilter() : undefined;
}

/** The spend of a period in the status bar; its tooltip is a small table. */
export class StatusBar implements vscode.Disposable {
  readonly #costs: ScopedCosts;
  readonly #item: vscode.StatusBarItem;
  readonly #refresher: Coalescer;
  readonly #subscriptions: vscode.Disposable[];
  #settings = readSettings();
  #midnight: NodeJS.Timeout | undefined;
  readonly #slow: NodeJS.Timeout;

  constructor(costs: ScopedCosts, log: vscode.LogOutputChannel) {
    this.#costs = costs;
    this.#item = vscode.window.createStatusBarItem('llmSpend.total', vscode.StatusBarAlignment.Right, 100);
    this.#item.name = 'LLM Spend';
    this.#item.command = COMMANDS.showMenu;
    this.#refresher = new Coalescer(() => this.#update(), {
      onError: (error) => log.error(error instanceof Error ? error : String(error)),
    });
    const update = (): void => this.#refresher.request();
    this.#subscriptions = [
      this.#item,
      this.#refresher,
      costs.onDidChange(update),
      vscode.workspace.onDidChangeWorkspaceFolders(update),
      vscode.window.onDidChangeWindowState(({ focused }) => {
        // If the machine slept, a timer may have missed midnight.
        if (focused) update();
      }),
      onDidChangeSettings(
        [
          SETTINGS.statusBarEnabled,
          SETTINGS.statusBarPeriod,
          SETTINGS.statusBarScope,
          SETTINGS.timeZone,
          SETTINGS.weekStart,
          SETTINGS.currency,
        ],
        () => {
          this.#settings = readSettings();
          this.#checkCurrency();
          update();
        },
      ),
    ];
    this.#checkCurrency();
    this.#showLoading(false);
    this.#slow = setTimeout(() => {
      if (costs.health === 'loading') this.#showLoading(true);
    }, SLOW_MS);
  }

  #showLoading(slow: boolean): void {
    const period = this.#settings.statusBarPeriod;
    this.#show({ health: 'loading', problems: [], warnings: [], period, spend: undefined, slow });
  }

  dispose(): void {
    clearTimeout(this.#slow);
    clearTimeout(this.#midnight);
    for (const each of this.#subscriptions) each.dispose();
  }

  #checkCurrency(): void {
    const problem = currencyProblem();
    if (problem !== undefined)
      showWarning(vscode.l10n.t('Setting llmSpend.currency: {0}. Amounts are shown in USD.', problem), {
        [vscode.l10n.t('Open Settings')]: openSettings,
      });
  }

  async #update(): Promise<void> {
    const { snapshot } = this.#costs;
    const settings = this.#settings;
    const now = Date.now();
    const filter = scopeOf(settings);
    const readable = snapshot.loaded && snapshot.ledgers.length > 0;
    let failure: string | undefined;
    let spend: SpendSummary | undefined;
    try {
      if (readable && settings.statusBarEnabled) spend = await this.#summary(settings, now, filter ?? {});
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    const health = failure === undefined ? this.#costs.health : 'unavailable';
    // A failed sum may name another ledger than the primary one, whose own problem comes first.
    const problems = [
      ...(snapshot.failure === undefined ? [] : [snapshot.failure]),
      ...problemMessages(snapshot, 'error'),
      ...(failure === undefined ? [] : [failure]),
    ].map(inLanguage);
    const warnings = problemMessages(snapshot, 'warning').map(inLanguage);
    const shown = spend === undefined ? undefined : await this.#converted(spend, settings, now);
    const scope = filter === undefined ? undefined : workspaceName();
    const team = this.#costs.scope && { scope: this.#costs.scope, problem: this.#costs.syncProblem };
    const further = spend === undefined ? {} : await this.#further(now);
    const trend = spend === undefined ? undefined : await this.#trend(settings, now);
    const { statusBarPeriod: period } = settings;
    const { hasUsage } = this.#costs;
    this.#show({ health, problems, warnings, period, spend, trend, shown, scope, hasUsage, team, ...further });
    this.#wakeAtMidnight(settings, now);
  }

  #summary(settings: Settings, now: number, filter: UsageFilter): Promise<SpendSummary> {
    const ask = (query: AggregateQuery): Promise<Group[]> => this.#costs.aggregate(query);
    return summarize(ask, now, settings.calendar, { filter, period: 'month', models: TOP_MODELS });
  }

  async #trend({ calendar }: Settings, now: number): Promise<StatusModel['trend']> {
    const span = lastBuckets(TREND_DAYS, 'day', now, calendar);
    const groups = await this.#costs.aggregate(trendQuery(span, scopeOf(this.#settings) ?? {}, calendar));
    return { amounts: amountsOf(groups, span), days: span.spans.map(({ key }) => key) };
  }

  /** The costs of the summary in the user's currency; undefined if that is USD. */
  async #converted(spend: SpendSummary, settings: Settings, now: number): Promise<StatusModel['shown']> {
    const { calendar, currency } = settings;
    if (currency === undefined) return undefined;
    const filter = scopeOf(settings) ?? {};
    const ask = (query: AggregateQuery): Promise<Group[]> => this.#costs.aggregate(query);
    const costs = new Map<Totals, Converted>();
    const add = async (range: TimeRange, groupBy: readonly 'model'[], groups: readonly Group[]): Promise<void> => {
      const query = { filter: within(filter, range), groupBy, calendar };
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

  /** The state of plans, and the age of prices. */
  async #further(now: number): Promise<Partial<StatusModel>> {
    const { quota } = readSamples(samplesPath(this.#costs.path));
    const days = await priceAgeDays(pricesFolder(), now);
    return {
      now,
      quota: currentQuota(quota, now).map((sample) => ({ sample, end: sampledEnd(sample, quota, now) })),
      priceDays: days > OLD_PRICES_DAYS ? days : undefined,
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
