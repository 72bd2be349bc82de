import * as vscode from 'vscode';
import { COMMANDS, SETTINGS, SETTINGS_SECTION } from '../../contributions.ts';
import { editorPricesPath, keepEditorPrices, PriceFileError, pricesFolder } from '../../prices/files.ts';
import type * as library from '../../prices/index.ts';
import type { CostFields, CostSource } from '../../pricing/costSource.ts';
import { readCustomPrices } from '../../pricing/custom.ts';
import type { CustomPrice, CustomPriceProblem } from '../../pricing/custom.ts';
import type { Pricer } from '../../pricing/price.ts';
import type { UsageRecord } from '../../usage/record.ts';
import { showInfo, showWarning } from '../common/dialogs.ts';
import { onDidChangeSettings, regionalLocale } from '../common/settings.ts';

type Library = typeof library;

/**
 * The prices of a window: the user's files and the price table, which the command and the library also read. The editor's
 * setting is copied to one of these files. Prices are loaded when the first one is needed.
 */
export class Prices implements CostSource, vscode.Disposable {
  readonly #log: vscode.LogOutputChannel;
  readonly #editor: string;
  readonly #subscription: vscode.Disposable;
  #shared: Promise<void> = Promise.resolve();
  #library: Promise<Library> | undefined;
  #user: Promise<library.UserPrices> | undefined;
  /** The last reason why a file of prices cannot be used. */
  #problem = '';
  /** Problems that no message has shown yet. */
  #untold: string[] = [];

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel) {
    this.#log = log;
    // The folder distinguishes installations of the same editor.
    this.#editor = `${vscode.env.appName} (${context.globalStorageUri.fsPath})`;
    this.#subscription = onDidChangeSettings([SETTINGS.prices], () => this.start());
  }

  /** Publishes the setting for all programs that record on this machine, after the editor's start. Returns at once. */
  start(): void {
    this.#shared = this.#shared.then(() => this.#share());
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  /** Resolves once the setting is saved to the price file. Never rejects. */
  shared(): Promise<void> {
    return this.#shared;
  }

  library(): Promise<Library> {
    this.#library ??= import('../../prices/index.ts');
    return this.#library;
  }

  /** Shows the reason if prices are not available. @throws {Error} then. */
  async pricer(): Promise<Pricer> {
    const pricer = await (await this.#prices()).pricer();
    this.#showUntold();
    return pricer ?? this.#refuse();
  }

  /** For a command, which shows what this throws. @throws {Error} when prices are not available. */
  async requiredPricer(): Promise<Pricer> {
    const pricer = await (await this.#prices()).pricer();
    if (pricer === undefined) this.#untold = this.#untold.filter((message) => message !== this.#problem);
    this.#showUntold();
    return pricer ?? this.#refuse();
  }

  async costsOf(usages: readonly UsageRecord[]): Promise<readonly (CostFields | undefined)[]> {
    try {
      const costs = await (await this.#prices()).costsOf(usages);
      this.#showUntold();
      return costs;
    } catch (error) {
      // A usage matters more than its price: it is recorded as unpriced.
      this.#log.error(error instanceof Error ? error : String(error));
      return usages.map(() => undefined);
    }
  }

  /** Fetches newer price data at the user's request, and never otherwise. */
  async update(): Promise<void> {
    const { t } = vscode.l10n;
    const { fetchPriceData, fetchedAt, PRICE_DATA_URL, BUNDLED } = await this.library();
    const { folder } = await this.#prices();
    const last = await fetchedAt(folder);
    const when =
      last === undefined
        ? t(
            'Prices have not been downloaded yet. The prices of {0} that came with the extension are used.',
            BUNDLED.date,
          )
        : t('Prices were last downloaded on {0}.', new Date(last).toLocaleString(regionalLocale()));
    const yes = t('Download');
    const detail = `${when}\n${t('Source: {0}. No data is sent there.', PRICE_DATA_URL)}`;
    const options = { modal: true, detail };
    if ((await vscode.window.showInformationMessage(t('Download the latest prices?'), options, yes)) !== yes) return;
    const progress = {
      location: vscode.ProgressLocation.Notification,
      title: t('Downloading prices'),
      cancellable: true,
    };
    const done = await vscode.window.withProgress(progress, async (_report, token) => {
      const stop = new AbortController();
      token.onCancellationRequested(() => stop.abort());
      return fetchPriceData(folder, Date.now(), { signal: stop.signal });
    });
    showInfo(t('Downloaded the prices of {0} models.', done.models), {
      [t('Recalculate Estimated Costs…')]: () => vscode.commands.executeCommand(COMMANDS.reprice),
    });
  }

  async #prices(): Promise<library.UserPrices> {
    this.#user ??= this.library().then(
      ({ UserPrices }) =>
        new UserPrices({
          warn: (message) => {
            this.#log.warn(message);
            this.#problem = message;
            this.#untold.push(message);
          },
        }),
    );
    await this.#shared;
    return this.#user;
  }

  async #share(): Promise<void> {
    const { t } = vscode.l10n;
    const folder = pricesFolder();
    try {
      const other = await keepEditorPrices(folder, this.#editor, this.#read());
      if (other === undefined) return;
      this.#notify(t('The prices in the setting llmSpend.prices now apply instead of those of {0}.', other));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const path = editorPricesPath(folder);
      this.#notify(
        t('The setting llmSpend.prices has no effect, because it cannot be saved to {0}. {1}', path, reason),
      );
    }
  }

  #read(): readonly CustomPrice[] {
    const setting = vscode.workspace.getConfiguration(SETTINGS_SECTION).get(SETTINGS.prices);
    const { prices, problems } = readCustomPrices(setting);
    for (const problem of problems) this.#log.warn(settingProblem(problem));
    const [first] = problems;
    if (first !== undefined) {
      showWarning(settingProblem(first), {
        [vscode.l10n.t('Open Settings')]: () =>
          vscode.commands.executeCommand('workbench.action.openSettings', `${SETTINGS_SECTION}.${SETTINGS.prices}`),
      });
    }
    return prices;
  }

  #refuse(): never {
    if (this.#problem !== '') throw new PriceFileError(this.#problem);
    throw new Error(vscode.l10n.t('The prices cannot be read. See the log for the reason.'));
  }

  #showUntold(): void {
    for (const message of this.#untold.splice(0)) showWarning(message);
  }

  #notify(message: string): void {
    this.#log.warn(message);
    showWarning(message);
  }
}

function settingProblem({ index, field, message }: CustomPriceProblem): string {
  const { t } = vscode.l10n;
  const what = field === '' ? message : `${field} ${message}`;
  return index < 0
    ? t('Setting llmSpend.prices: {0}.', what)
    : t('Setting llmSpend.prices, entry {0}: {1}. This price is ignored.', index + 1, what);
}
