/**
 * The cost history in a browser without an editor: the released bundle under the released content security policy, connected to
 * the host's session over the released tables. Only the editor's frame is simulated.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { historyHtml } from '../../../src/host/history/historyHtml.ts';
import { HistoryPalette } from '../../../src/host/history/historyPalette.ts';
import { HistorySession } from '../../../src/host/history/historySession.ts';
import type { EditorAction, HistoryBackend } from '../../../src/host/history/historyContract.ts';
import type { Choices } from '../../../src/protocol/choices.ts';
import { LONG } from '../../long.ts';
import { repository } from '../harness/codeServer.ts';
import { Memento } from '../../fixtures/tableBackend.ts';
import themes from './themes.json' with { type: 'json' };

export type Theme = keyof typeof themes;
/** Every theme with its variables. */
export const ALL_THEMES = Object.keys(themes) as Theme[];
/** The editor's own: tests of single pages look at these. */
export const THEMES = ALL_THEMES.filter((theme) => !theme.startsWith('solarized'));

/** The themes that one of several similar tests looks at: each `turn` takes other ones of `turns`. In the long form it is all of them. */
export function themesOf(turn: number, turns: number, themesToSee: readonly Theme[] = THEMES): Theme[] {
  return themesToSee.filter((_, i) => LONG || i % turns === turn % turns);
}

const ORIGIN = 'https://history.test';
const media = path.join(repository, 'dist/webview');
const TYPES: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css', '.ttf': 'font/ttf' };

export interface HistoryPageOptions {
  readonly backend: HistoryBackend;
  readonly theme?: Theme;
  readonly width?: number;
  readonly height?: number;
  readonly place?: 'sidebar' | 'panel';
  readonly choices?: Partial<Choices>;
  readonly locale?: string;
  readonly language?: string;
  /** The bundle of a language. */
  readonly texts?: Readonly<Record<string, string>>;
  /** Runs in the page before its own scripts. */
  readonly script?: () => void;
}

export class HistoryPage {
  readonly page: Page;
  readonly session: HistorySession;
  /** Errors, and violations of the content security policy. */
  readonly complaints: string[];
  /** The page's requests to the editor. */
  readonly editorActions: EditorAction[];

  readonly #devtools: CDPSession;

  private constructor(
    page: Page,
    devtools: CDPSession,
    session: HistorySession,
    complaints: string[],
    editorActions: EditorAction[],
  ) {
    this.page = page;
    this.#devtools = devtools;
    this.session = session;
    this.complaints = complaints;
    this.editorActions = editorActions;
  }

  static async open(browser: Browser, options: HistoryPageOptions): Promise<HistoryPage> {
    const { backend, theme = 'dark', width = 1400, height = 900, place = 'panel', locale = 'en-US' } = options;
    const page = await browser.newPage({ viewport: { width, height }, reducedMotion: 'reduce' });
    const complaints: string[] = [];
    const editorActions: EditorAction[] = [];
    page.on('pageerror', (error) => complaints.push(String(error.stack ?? error)));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    const devtools = await page.context().newCDPSession(page);
    const memory = new Memento();
    const listeners: ((message: unknown) => void)[] = [];
    const session = new HistorySession({
      backend,
      palette: new HistoryPalette(memory),
      memory,
      place,
      locale,
      log: (message) => complaints.push(message),
      perform: (action) => {
        editorActions.push(action);
        return Promise.resolve(action.verb === 'copy' ? 'Copied.' : undefined);
      },
      port: {
        post: (message) => {
          // JSON inside a string literal, which the page parses faster than an object literal.
          const expression = `postMessage(JSON.parse(${JSON.stringify(JSON.stringify(message))}))`;
          void devtools.send('Runtime.evaluate', { expression }).catch(() => {});
        },
        onMessage: (listener) => {
          listeners.push(listener);
          return { dispose: () => {} };
        },
      },
    });
    if (options.choices !== undefined) session.show(options.choices);
    devtools.on('Runtime.bindingCalled', ({ payload }) => {
      for (const listener of listeners) listener(JSON.parse(payload) as unknown);
    });
    await devtools.send('Runtime.enable');
    await devtools.send('Runtime.addBinding', { name: 'sendToHost' });
    await page.addInitScript(playEditor);
    await page.addInitScript(
      `document.addEventListener('DOMContentLoaded', () => (${dressPage.toString()})(${JSON.stringify(themes[theme])}))`,
    );
    if (options.script !== undefined) await page.addInitScript(options.script);
    // Created once, because the editor keeps the page and loads it again.
    const html = historyHtml({
      nonce: 'dGVzdA==',
      cspSource: ORIGIN,
      script: `${ORIGIN}/main.js`,
      style: `${ORIGIN}/main.css`,
      icons: `${ORIGIN}/codicon.css`,
      title: 'Cost History',
      snapshot: session.firstSnapshot(),
      language: options.language ?? 'en',
      texts: options.texts,
    });
    await page.route(`${ORIGIN}/**`, async (route) => {
      const name = new URL(route.request().url()).pathname.slice(1);
      if (name !== '') {
        const body = await readFile(path.join(media, path.basename(name)));
        await route.fulfill({ body, contentType: TYPES[path.extname(name)] ?? 'application/octet-stream' });
        return;
      }
      await route.fulfill({ body: html, contentType: 'text/html' });
    });
    await page.goto(`${ORIGIN}/`);
    return new HistoryPage(page, devtools, session, complaints, editorActions);
  }

  /**
   * The value of an expression in the page, or of its promise. Uses the protocol directly: the first call of Playwright's own
   * `evaluate` loads a script of 300 KB into the page, whose time would be included in measurements.
   */
  async evaluate<T>(expression: string): Promise<T> {
    const how = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.#devtools.send('Runtime.evaluate', how);
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value as T;
  }

  /** Changes the theme of the page, like the editor. */
  async dress(theme: Theme): Promise<void> {
    await this.evaluate(`(${dressPage.toString()})(${JSON.stringify(themes[theme])})`);
  }

  async close(): Promise<void> {
    this.session.dispose();
    await this.page.close();
  }
}

/** The variables and classes that the editor adds to a webview's page. Runs in the page. */
function dressPage(theme: (typeof themes)[Theme]): void {
  const { document } = globalThis as unknown as {
    document: {
      documentElement: { style: { cssText: string; setProperty(name: string, value: string): void } };
      body: { className: string; style: { backgroundColor: string } };
    };
  };
  const { style } = document.documentElement;
  style.cssText = '';
  for (const [name, value] of Object.entries(theme.variables)) style.setProperty(name, value);
  document.body.className = theme.body;
  document.body.style.backgroundColor = 'var(--vscode-editor-background)';
}

/** The API for talking to the editor. Runs in the page. */
function playEditor(): void {
  const scope = globalThis as unknown as {
    sessionStorage: { getItem(key: string): string | null; setItem(key: string, value: string): void };
    sendToHost: (message: string) => void;
    acquireVsCodeApi: unknown;
  };
  scope.acquireVsCodeApi = () => ({
    postMessage: (message: unknown) => scope.sendToHost(JSON.stringify(message)),
    getState: () => JSON.parse(scope.sessionStorage.getItem('state') ?? 'null') as unknown,
    setState: (state: unknown) => scope.sessionStorage.setItem('state', JSON.stringify(state)),
  });
}
