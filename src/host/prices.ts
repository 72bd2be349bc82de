import * as vscode from 'vscode';
import { COMMANDS, SETTINGS, SETTINGS_SECTION } from '../contributions.ts';
import type * as library from '../ledger/prices.ts';
import type { CostFields, PriceSource } from '../ledger/types.ts';
import { readCustomPrices } from '../pricing/custom.ts';
import type { CustomPrice, CustomPriceProblem } from '../pricing/custom.ts';
import type { Pricer } from '../pricing/price.ts';
import type { UsageRecord } from '../usage/record.ts';
import { inform, warn } from './dialogs.ts';
import { onDidChangeSettings, regionalLocale } from './settings.ts';

type Library = typeof library;

/**
 * The prices of a window: the person's files and the setting, which wins, and the price table. Loaded when the first price
 * is asked for.
 */
export class Prices implements PriceSource, vscode.Disposable {
  readonly #log: vscode.LogOutputChannel;
  readonly #subscription: vscode.Disposable;
  #own: readonly CustomPrice[];
  #library: Promise<Library> | undefined;
  #user: Promise<library.UserPrices> | undefined;

  constructor(log: vscode.LogOutputChannel) {
    this.#log = log;
    this.#own = this.#read();
    this.#subscription = onDidChangeSettings([SETTINGS.prices], () => {
      this.#own = this.#read();
    });
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  /** Those of the setting. */
  get own(): readonly CustomPrice[] {
    return this.#own;
  }

  library(): Promise<Library> {
    this.#library ??= import('../ledger/prices.ts');
    return this.#library;
  }

  /** @throws {Error} when the prices cannot be had. */
  async pricer(): Promise<Pricer> {
    const pricer = await (await this.#prices()).pricer();
    if (pricer === undefined) throw new Error(vscode.l10n.t('The prices cannot be read. The log says why.'));
    return pricer;
  }

  async costsOf(usages: readonly UsageRecord[]): Promise<readonly (CostFields | undefined)[]> {
    try {
      return await (await this.#prices()).costsOf(usages);
    } catch (error) {
      // A usage is worth more than its price: it is recorded as unpriced.
      this.#log.error(error instanceof Error ? error : String(error));
      return usages.map(() => undefined);
    }
  }

  /** Fetches newer price data, because the person asked for it: nothing else ever does. */
  async update(): Promise<void> {
    const { t } = vscode.l10n;
    const { fetchPriceData, fetchedAt, PRICE_DATA_URL, BUNDLED } = await this.library();
    const { folder } = await this.#prices();
    const last = await fetchedAt(folder);
    const when =
      last === undefined
        ? t('Prices were never fetched; those of {0} that came with the extension are used.', BUNDLED.date)
        : t('Prices were last fetched at {0}.', new Date(last).toLocaleString(regionalLocale()));
    const yes = t('Fetch');
    const detail = `${when}\n${t('They would come from {0}, and nothing is sent there.', PRICE_DATA_URL)}`;
    const options = { modal: true, detail };
    if ((await vscode.window.showInformationMessage(t('Fetch newer prices?'), options, yes)) !== yes) return;
    const progress = { location: vscode.ProgressLocation.Notification, title: t('Fetching prices'), cancellable: true };
    const done = await vscode.window.withProgress(progress, async (_report, token) => {
      const stop = new AbortController();
      token.onCancellationRequested(() => stop.abort());
      return fetchPriceData(folder, Date.now(), undefined, stop.signal);
    });
    inform(t('Fetched the prices of {0} models.', done.models), {
      [t('Reprice…')]: () => vscode.commands.executeCommand(COMMANDS.reprice),
    });
  }

  async #prices(): Promise<library.UserPrices> {
    this.#user ??= this.library().then(
      ({ UserPrices }) =>
        new UserPrices({
          customPrices: () => this.#own,
          warn: (message) => {
            this.#log.warn(message);
            warn(message);
          },
        }),
    );
    return this.#user;
  }

  #read(): readonly CustomPrice[] {
    const setting = vscode.workspace.getConfiguration(SETTINGS_SECTION).get(SETTINGS.prices);
    const { prices, problems } = readCustomPrices(setting);
    for (const problem of problems) this.#log.warn(settingProblem(problem));
    const [first] = problems;
    if (first !== undefined) {
      warn(settingProblem(first), {
        [vscode.l10n.t('Open Settings')]: () =>
          vscode.commands.executeCommand('workbench.action.openSettings', `${SETTINGS_SECTION}.${SETTINGS.prices}`),
      });
    }
    return prices;
  }
}

function settingProblem({ index, field, message }: CustomPriceProblem): string {
  const { t } = vscode.l10n;
  const what = field === '' ? message : `${field} ${message}`;
  return index < 0
    ? t('Setting llmSpend.prices: {0}.', what)
    : t('Setting llmSpend.prices, entry {0}: {1}. This price is left out.', index + 1, what);
}
