import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { EXTENSION_ID, PANELS, VIEWS } from '../../contributions.ts';
import type { Choices } from '../../protocol/choices.ts';
import type { HistorySnapshot, ToView } from '../../protocol/messages.ts';
import { choicesOfLink } from './deepLink.ts';
import { historyHtml } from './historyHtml.ts';
import { HistoryPalette } from './historyPalette.ts';
import { HistorySession, storedChoices } from './historySession.ts';
import type { EditorAction, HistoryBackend } from './historyContract.ts';
import { inLanguage } from '../common/language.ts';

export interface HistoryController extends vscode.Disposable {
  /** Shows the panel, creating it if necessary, with `choices` (a filter, a range) applied. */
  openPanel(choices?: Partial<Choices>): void;
  /** Changes the choices where a menu was opened: in the side bar's view, or in the panel, which a menu of the tree opens. */
  change(place: 'tree' | HistorySnapshot['place'], changed: (before: Choices) => Partial<Choices>): void;
}

/** Registers the cost history in both places: the sidebar view and the editor panel. */
export function registerHistory(
  context: vscode.ExtensionContext,
  backend: HistoryBackend,
  log: vscode.LogOutputChannel,
): HistoryController {
  const history = new History(context, backend, log);
  context.subscriptions.push(history);
  return history;
}

class History implements HistoryController {
  readonly #context: vscode.ExtensionContext;
  readonly #backend: HistoryBackend;
  readonly #log: vscode.LogOutputChannel;
  readonly #palette: HistoryPalette;
  readonly #media: vscode.Uri;
  readonly #registrations: vscode.Disposable[];
  #panel: { panel: vscode.WebviewPanel; session: HistorySession } | undefined;
  #view: HistorySession | undefined;

  constructor(context: vscode.ExtensionContext, backend: HistoryBackend, log: vscode.LogOutputChannel) {
    this.#context = context;
    this.#backend = backend;
    this.#log = log;
    this.#palette = new HistoryPalette(context.globalState);
    this.#media = vscode.Uri.joinPath(context.extensionUri, 'dist', 'webview');
    this.#registrations = [
      vscode.window.registerUriHandler({
        handleUri: ({ path, query }) => {
          const choices = choicesOfLink(path, query);
          if (choices !== undefined) this.openPanel(choices);
        },
      }),
      vscode.window.registerWebviewViewProvider(VIEWS.history, {
        resolveWebviewView: (view) => this.#resolveView(view),
      }),
      vscode.window.registerWebviewPanelSerializer(PANELS.history, {
        deserializeWebviewPanel: (panel) => {
          // A cost history that was opened while the editor restored this one replaces it.
          if (this.#panel === undefined) this.#adopt(panel);
          else panel.dispose();
          return Promise.resolve();
        },
      }),
    ];
  }

  openPanel(choices?: Partial<Choices>): void {
    if (this.#panel === undefined) {
      closeUnrestoredTabs();
      const title = vscode.l10n.t('Cost History');
      this.#adopt(vscode.window.createWebviewPanel(PANELS.history, title, vscode.ViewColumn.Active), choices);
      return;
    }
    this.#panel.panel.reveal();
    if (choices !== undefined) this.#panel.session.show(choices);
  }

  change(place: 'tree' | HistorySnapshot['place'], changed: (before: Choices) => Partial<Choices>): void {
    const before = storedChoices(this.#context.globalState);
    if (place === 'sidebar' && this.#view !== undefined) this.#view.show(changed(before));
    else this.openPanel(changed(before));
  }

  dispose(): void {
    this.#panel?.panel.dispose();
    for (const registration of this.#registrations) registration.dispose();
  }

  #resolveView(view: vscode.WebviewView): void {
    const session = this.#start(view.webview, 'sidebar');
    this.#view = session;
    view.onDidChangeVisibility(() => session.setVisible(view.visible));
    view.onDidDispose(() => {
      session.dispose();
      if (this.#view === session) this.#view = undefined;
    });
  }

  #adopt(panel: vscode.WebviewPanel, choices?: Partial<Choices>): void {
    const session = this.#start(panel.webview, 'panel', choices);
    this.#panel = { panel, session };
    const icon = (name: string): vscode.Uri => vscode.Uri.joinPath(this.#context.extensionUri, 'media', name);
    panel.iconPath = { light: icon('tabLight.svg'), dark: icon('tabDark.svg') };
    panel.onDidChangeViewState(() => session.setVisible(panel.visible));
    panel.onDidDispose(() => {
      session.dispose();
      if (this.#panel?.panel === panel) this.#panel = undefined;
    });
  }

  #start(webview: vscode.Webview, place: HistorySnapshot['place'], choices?: Partial<Choices>): HistorySession {
    webview.options = { enableScripts: true, localResourceRoots: [this.#media] };
    const session = new HistorySession({
      backend: this.#backend,
      palette: this.#palette,
      memory: this.#context.globalState,
      place,
      locale: vscode.env.language,
      inLanguage,
      port: {
        post: (message: ToView) => void webview.postMessage(message),
        onMessage: (listener) => webview.onDidReceiveMessage(listener),
      },
      perform: (action) => this.#perform(action),
      log: (message) => this.#log.warn(message),
    });
    if (choices !== undefined) session.show(choices);
    const file = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(this.#media, name)).toString();
    webview.html = historyHtml({
      nonce: randomBytes(16).toString('base64'),
      cspSource: webview.cspSource,
      script: file('main.js'),
      style: file('main.css'),
      icons: file('codicon.css'),
      title: vscode.l10n.t('Cost History'),
      snapshot: session.firstSnapshot(),
      language: vscode.l10n.bundle === undefined ? 'en' : vscode.env.language,
      texts: vscode.l10n.bundle,
    });
    return session;
  }

  async #perform(action: EditorAction): Promise<string | undefined> {
    switch (action.verb) {
      case 'copy':
        await vscode.env.clipboard.writeText(action.text);
        return vscode.l10n.t('Copied.');
      case 'openPanel':
        this.openPanel();
        return undefined;
      case 'openSettings':
        await vscode.commands.executeCommand('workbench.action.openSettings', `@ext:${EXTENSION_ID}`);
        return undefined;
      case 'saveImage':
        return saveImage(action);
      default:
        return action satisfies never;
    }
  }
}

/**
 * After a window reload the editor restores a panel only when its tab is activated. Until then the extension cannot access the
 * tab; a new panel replaces it.
 */
function closeUnrestoredTabs(): void {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  // The editor adds a prefix to the view type.
  const ours = tabs.filter(
    ({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith(PANELS.history),
  );
  if (ours.length > 0) void vscode.window.tabGroups.close(ours, true);
}

/** Saves a chart in the format of the chosen file name. */
async function saveImage({ svg, png }: { svg: string; png: string }): Promise<string | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const options: vscode.SaveDialogOptions = { filters: { PNG: ['png'], SVG: ['svg'] } };
  if (folder !== undefined) options.defaultUri = vscode.Uri.joinPath(folder, 'llm-spend.png');
  const target = await vscode.window.showSaveDialog(options);
  if (target === undefined) return undefined;
  await vscode.workspace.fs.writeFile(
    target,
    target.path.toLowerCase().endsWith('.svg') ? Buffer.from(svg) : Buffer.from(png, 'base64'),
  );
  return vscode.l10n.t('Saved the chart as {0}.', target.path.slice(target.path.lastIndexOf('/') + 1));
}
