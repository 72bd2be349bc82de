import * as vscode from 'vscode';
import { SETTINGS } from '../../contributions.ts';
import { importedLedgerPath, openLedger, type Ledger } from '../../library/index.ts';
import { HOOK_SUFFIX } from '../../live/hookSuffix.ts';
import { liveSettingsPath, readLiveSettings, type LiveSettings } from '../../live/settings.ts';
import type { SharedReceiver } from '../../live/index.ts';
import { assignByUserRules } from '../../rules/ruleFile.ts';
import { Coalescer } from '../../system/coalescer.ts';
import { showWarning } from '../common/dialogs.ts';
import { onDidChangeSettings } from '../common/settings.ts';
import { watchFile } from '../common/watchFile.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import type { Prices } from '../prices/prices.ts';

const isExporting = (id: string): boolean => !id.endsWith(HOOK_SUFFIX);

/** Delay after the editor's start, which has more important work. */
const START_MS = 3_000;

/**
 * Records the calls of connected agents while this window is open. Only one of all windows and commands listens; another takes
 * over when it ends. Without a connected agent no port is opened.
 */
export class LiveRecording implements vscode.Disposable {
  readonly #service: LedgerService;
  readonly #prices: Prices;
  readonly #log: vscode.LogOutputChannel;
  readonly #following: Coalescer;
  readonly #subscriptions: vscode.Disposable[] = [];
  #timer: NodeJS.Timeout | undefined;
  #shared: SharedReceiver | undefined;
  #ledger: Ledger | undefined;
  /** The options of the running receiver. */
  #running = '';
  #disposed = false;

  constructor(service: LedgerService, prices: Prices, log: vscode.LogOutputChannel) {
    this.#service = service;
    this.#prices = prices;
    this.#log = log;
    this.#following = new Coalescer(() => this.#follow(), {
      onError: (error) => this.#log.warn(`Live recording: ${String(error)}`),
    });
  }

  /** Starts listening soon if an agent is connected, otherwise as soon as one is. */
  start(): void {
    const follow = (): void => this.#following.request();
    this.#subscriptions.push(watchFile(liveSettingsPath(), follow), onDidChangeSettings([SETTINGS.ledgerPath], follow));
    this.#timer = setTimeout(follow, START_MS);
  }

  /** Applies a change of the connected agents now. */
  refresh(): Promise<void> {
    return this.#following.now();
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    this.#following.dispose();
    for (const each of this.#subscriptions) each.dispose();
    void this.#stop();
  }

  async #follow(): Promise<void> {
    const settings = readLiveSettings();
    const isWanted = settings !== undefined && Object.keys(settings.connections).some(isExporting) && !this.#disposed;
    const ledger = importedLedgerPath(this.#service.path);
    const wanted = isWanted ? [settings.port, settings.token, ledger].join('\n') : '';
    if (wanted === this.#running) return;
    await this.#stop();
    this.#running = wanted;
    if (isWanted) await this.#listen(settings, ledger);
  }

  async #listen({ port, token }: LiveSettings, path: string): Promise<void> {
    const { LiveIntake, SharedReceiver } = await import('../../live/index.ts');
    const ledger = openLedger({ ledger: path, pricing: false });
    this.#ledger = ledger;
    this.#shared = new SharedReceiver({
      port,
      token,
      // A call matters more than its price: without prices it is recorded as unpriced.
      intake: new LiveIntake({
        ledger,
        pricer: () => this.#prices.pricer().catch(() => undefined),
        assign: assignByUserRules(),
      }),
      onListening: ({ endpoint }) => this.#log.info(`Live recording: listening on ${endpoint}`),
      onForeign: () => this.#warnOfPort(port),
      onEvent: ({ recorded, rejected, reason }) => {
        if (reason) this.#log.warn(`Live recording: ${rejected} refused: ${reason}`);
        if (recorded > 0) void this.#service.refresh();
      },
    });
    await this.#shared.start();
  }

  #warnOfPort(port: number): void {
    const { t } = vscode.l10n;
    showWarning(t('Live recording is off: another program uses port {0}. Change the port in live.json.', port), {
      [t('Show File')]: () => vscode.window.showTextDocument(vscode.Uri.file(liveSettingsPath())),
    });
  }

  async #stop(): Promise<void> {
    const [shared, ledger] = [this.#shared, this.#ledger];
    this.#shared = undefined;
    this.#ledger = undefined;
    await shared?.close();
    await ledger?.close();
  }
}
