import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { SETTINGS, SETTINGS_SECTION } from '../../contributions.ts';
import { importedLedgerPath } from '../../library/index.ts';
import type { Source } from '../../sources/source.ts';
import { Coalescer } from '../../system/coalescer.ts';
import { commandPath } from '../common/commandPath.ts';
import { showInfo } from '../common/dialogs.ts';
import { runOwnCommand } from '../common/ownCommand.ts';
import { chooseAgents, CHOICE_SETTINGS, existing, isFurther, isWanted } from './agentChoice.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import type { Prices } from '../prices/prices.ts';
import { onDidChangeSettings } from '../common/settings.ts';
import { importedBefore, showImported } from './importUndo.ts';
import { isPartlyUnreadable, warnOfUnreadable } from './unreadable.ts';
import type { SourceOutcome } from './unreadable.ts';

/** Agents write in bursts, so a burst is read soon, but not after each line. */
const TIMING = { quietMs: 500, maxWaitMs: 2_500 };
/** Logs are also checked periodically: watchers miss events, and new folders appear. */
const LOOK_EVERY_MS = 5 * 60_000;
/** A new watcher misses changes until it is set up, so the logs are read once more after this time. */
const WATCHING_MS = 5_000;
/** Delay after the editor's start, which has more important work. */
const START_MS = 4_000;

/** The output of `llm-spend import --json --progress`. */
interface Outcome {
  added: number;
  updated: number;
  unpriced: number;
  undoable_at: string | null;
  sources: SourceOutcome[];
}

/**
 * Follows the logs of coding agents once the user has agreed: a separate process with low priority imports new usage to
 * `imported.db` beside the ledger. The window itself only watches.
 */
export class AgentImport implements vscode.Disposable {
  readonly #cli: string;
  readonly #service: LedgerService;
  readonly #prices: Prices;
  readonly #log: vscode.LogOutputChannel;
  readonly #refresher: Coalescer;
  readonly #subscriptions: vscode.Disposable[] = [];
  #watchers: vscode.Disposable[] = [];
  #watched = '';
  #timers: NodeJS.Timeout[] = [];
  #running: AbortController | undefined;
  /** Whether the user is watching a first import, so that no other import may replace it. */
  #isFirst = false;
  #disposed = false;

  constructor(context: vscode.ExtensionContext, service: LedgerService, prices: Prices, log: vscode.LogOutputChannel) {
    this.#cli = commandPath(context);
    this.#service = service;
    this.#prices = prices;
    this.#log = log;
    this.#refresher = new Coalescer(() => this.#follow(), {
      timing: TIMING,
      onError: (error) => this.#log.warn(`Import: ${String(error)}`),
    });
  }

  /** Starts following now if the user has agreed, otherwise as soon as they do. */
  start(): void {
    const settings = [SETTINGS.importEnabled, SETTINGS.ledgerPath, ...CHOICE_SETTINGS];
    this.#subscriptions.push(
      onDidChangeSettings(settings, () => {
        if (!isEnabled()) this.#running?.abort();
        this.#refresher.request();
      }),
      vscode.window.onDidChangeWindowState(({ focused }) => {
        if (focused && isEnabled()) this.#refresher.request();
      }),
    );
    if (isEnabled()) this.#timers.push(setTimeout(() => this.#refresher.request(), START_MS));
    this.#timers.push(setInterval(() => isEnabled() && this.#refresher.request(), LOOK_EVERY_MS));
  }

  /** Asks which agents' logs may be read, listing their folders, then reads them and shows progress. */
  async ask(): Promise<void> {
    const { t } = vscode.l10n;
    const items = (await allAgents())
      .map((source) => {
        const places = existing(source);
        return {
          source,
          isFound: places.length > 0,
          label: source.title,
          description: places.length > 0 ? places.join(', ') : t('nothing found'),
          picked: places.length > 0 && (isWanted(source) || isFurther(source)),
        };
      })
      .sort((a, b) => Number(b.isFound) - Number(a.isFound));
    const chosen = await vscode.window.showQuickPick(items, {
      canPickMany: true,
      title: t('Import Usage of Coding Agents'),
      placeHolder: t('Choose the agents whose logs LLM Spend reads and follows. No data leaves this machine.'),
      ignoreFocusOut: true,
    });
    if (chosen === undefined) return;
    const section = vscode.workspace.getConfiguration(SETTINGS_SECTION);
    const global = vscode.ConfigurationTarget.Global;
    const isChosen = (source: Source): boolean => chosen.some((item) => item.source === source);
    await chooseAgents(items.map(({ source, isFound }) => ({ source, isFound, isChosen: isChosen(source) })));
    await section.update(SETTINGS.importEnabled, chosen.length > 0, global);
    if (chosen.length > 0) await this.#first();
  }

  /** The agents whose logs are on this machine and which were not turned off. Only checks for their folders. */
  async found(): Promise<Source[]> {
    return (await allAgents()).filter(
      (source) => (isWanted(source) || isFurther(source)) && existing(source).length > 0,
    );
  }

  /** Imports the usage of all agents found, and follows them from then on. */
  async importFound(): Promise<void> {
    const section = vscode.workspace.getConfiguration(SETTINGS_SECTION);
    const global = vscode.ConfigurationTarget.Global;
    const found = await this.found();
    await chooseAgents(found.map((source) => ({ source, isFound: true, isChosen: true })));
    await section.update(SETTINGS.importEnabled, true, global);
    await this.#first();
  }

  dispose(): void {
    this.#disposed = true;
    this.#running?.abort();
    this.#refresher.dispose();
    for (const timer of this.#timers) clearTimeout(timer);
    for (const each of [...this.#subscriptions, ...this.#watchers]) each.dispose();
  }

  /** The first import may take a while, so it shows progress and can be stopped. Records imported so far stay. */
  async #first(): Promise<void> {
    const { t } = vscode.l10n;
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: t('Importing usage of coding agents'),
      cancellable: true,
    };
    this.#isFirst = true;
    const before = await importedBefore(this.#service);
    let isCancelled = false;
    let outcome: Outcome | undefined;
    try {
      outcome = await vscode.window.withProgress(options, async (progress, token) => {
        const stop = new AbortController();
        token.onCancellationRequested(() => {
          isCancelled = true;
          stop.abort();
        });
        let done = 0;
        return this.#import(stop, (title, part) => {
          progress.report({ message: title, increment: Math.max(0, part - done) * 100 });
          done = part;
        });
      });
    } finally {
      this.#isFirst = false;
    }
    if (isCancelled) {
      // Otherwise the next read of the logs would continue the import.
      await vscode.workspace
        .getConfiguration(SETTINGS_SECTION)
        .update(SETTINGS.importEnabled, false, vscode.ConfigurationTarget.Global);
      const again = { [t('Import…')]: () => this.ask() };
      showInfo(t('The import was stopped and turned off. Records imported so far are kept.'), again);
    }
    this.#refresher.request();
    if (outcome === undefined) return;
    const { sources, undoable_at: undoableAt } = outcome;
    await showImported(this.#service, before, { undoableAt, isComplete: !sources.some(isPartlyUnreadable) });
    warnOfUnreadable(sources, await allAgents(), () => this.#first());
  }

  async #follow(): Promise<void> {
    if (this.#disposed || this.#isFirst) return;
    await this.#watch();
    if (isEnabled() && !this.#isFirst) await this.#import(new AbortController());
  }

  /** Watches the existing folders of the selected agents. */
  async #watch(): Promise<void> {
    const agents = isEnabled() ? await allAgents() : [];
    if (this.#disposed) return;
    const folders = agents.filter(isWanted).flatMap(existing).filter(isWatchable);
    const names = folders.join('\n');
    if (names === this.#watched) return;
    this.#watched = names;
    for (const watcher of this.#watchers) watcher.dispose();
    const hint = (): void => this.#refresher.request();
    this.#watchers = folders.flatMap((folder) => {
      const isFile = /\.(db|sqlite)$/.test(folder);
      const base = vscode.Uri.file(isFile ? dirname(folder) : folder);
      const pattern = new vscode.RelativePattern(base, isFile ? '*.{db,sqlite}*' : '**/*.{jsonl,json,db,db-wal}');
      const watcher = vscode.workspace.createFileSystemWatcher(pattern);
      return [watcher, watcher.onDidChange(hint), watcher.onDidCreate(hint)];
    });
    if (folders.length > 0) this.#timers.push(setTimeout(hint, WATCHING_MS));
  }

  /** @returns undefined when there was nothing to do, or when the import was stopped or failed; the log has the reason. */
  async #import(
    stop: AbortController,
    onProgress?: (title: string, part: number) => void,
  ): Promise<Outcome | undefined> {
    const wanted = (await allAgents()).filter((source) => isWanted(source) && existing(source).length > 0);
    const isFirst = onProgress !== undefined;
    // One that follows must not end the first, which may have begun since.
    if (wanted.length === 0 || (this.#isFirst && !isFirst)) return undefined;
    this.#running?.abort();
    this.#running = stop;
    const ledger = importedLedgerPath(this.#service.path);
    const args = ['import', ...wanted.map(({ id }) => id), '--json', '--progress', '--ledger', ledger];
    if (!isFirst) args.push('--follow');
    await this.#prices.shared();
    if (stop.signal.aborted) return undefined;
    // Stored records are kept, so stopping at any moment loses nothing.
    const { code, written } = await runOwnCommand(this.#cli, args, {
      signal: stop.signal,
      inBackground: true,
      onLine: (line) => this.#onLine(line, onProgress),
    });
    if (this.#running === stop) this.#running = undefined;
    if (stop.signal.aborted) return undefined;
    if (code !== 0) throw new Error(`llm-spend import ended with ${code}: ${written.slice(0, 1_000)}`);
    const outcome = JSON.parse(written) as Outcome;
    if (outcome.added + outcome.updated > 0) {
      this.#log.info(`Import: ${outcome.added} added, ${outcome.updated} updated, ${outcome.unpriced} unpriced`);
    }
    return outcome;
  }

  #onLine(line: string, onProgress: ((title: string, part: number) => void) | undefined): void {
    let progress: { title: string; bytes: number; bytes_done: number } | undefined;
    try {
      progress = (JSON.parse(line) as { progress?: typeof progress }).progress;
    } catch {
      this.#log.warn(`Import: ${line}`);
    }
    if (progress) onProgress?.(progress.title, progress.bytes === 0 ? 1 : progress.bytes_done / progress.bytes);
  }
}

/** Loaded on demand, because most windows never read a log. */
async function allAgents(): Promise<readonly Source[]> {
  return (await import('../../sources/agents.ts')).AGENTS;
}

function isEnabled(): boolean {
  return vscode.workspace.getConfiguration(SETTINGS_SECTION).get(SETTINGS.importEnabled) === true;
}

/** Chats have a folder per workspace, too many to watch, so they are polled instead. */
function isWatchable(place: string): boolean {
  return !place.endsWith('chatSessions');
}
