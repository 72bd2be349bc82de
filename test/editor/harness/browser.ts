/** The editor as seen by a user: a Chromium with one workbench open, and the few gestures that tests need. */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type FrameLocator,
  type Locator,
  type Page,
} from 'playwright-core';
import { LONG } from '../../long.ts';
import { repository } from './codeServer.ts';

const EXTENSION = 'llm-spend.llm-spend';
const screenshots = path.join(repository, 'test/editor/screenshots');
/** A picture costs as much CPU time as half a gesture, so `npm test` takes none but of failures. */
const TAKES_PICTURES = LONG || process.env['LLM_SPEND_PICTURES'] !== undefined;

/** Generous, because a test waits for all of it only when something is broken. */
const TIMEOUT = 90_000;

/** The shell without a user interface comes first: a window in it takes a fifth less CPU time. */
const NAMES = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
  'msedge',
];
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  String.raw`C:\Program Files\Google\Chrome\Application\chrome.exe`,
  String.raw`C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`,
];

/**
 * Chromium uses only the last of two lists, so this includes Playwright's list, plus features that each new window would load
 * for its address bar, at a second of CPU time.
 */
const FEATURES_OFF = [
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'TcpPortRandomizationWin',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
];

/** A Chromium on this machine: the path in `CHROMIUM`, else the first one found in the PATH and the usual places. */
export function findBrowser(): string | undefined {
  const named = process.env['CHROMIUM'];
  if (named !== undefined && named !== '') return named;
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const candidates = folders.flatMap((folder) => NAMES.map((name) => path.join(folder, name)));
  return [...candidates, ...PLACES.filter((place) => existsSync(place))].find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * A workbench is seldom open for as long as its optimizing compiler takes to pay off, a tenth of the CPU time of a window.
 */
export const FOR_WORKBENCHES = ['--js-flags=--max-opt=2'];

export async function launchBrowser(more: readonly string[] = []): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === undefined) throw new Error('No Chromium found: install one, or name it in CHROMIUM.');
  return chromium.launch({
    executablePath,
    // Playwright moves the shared memory of the browser's processes to the disk, because Docker's default of 64 MB is too small.
    ...(hasLargeSharedMemory() ? { ignoreDefaultArgs: ['--disable-dev-shm-usage'] } : {}),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--disable-features=${FEATURES_OFF.join()}`,
      ...more,
    ],
  });
}

function hasLargeSharedMemory(): boolean {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize > 2 ** 30;
  } catch {
    return false;
  }
}

/** Of each page with a workbench. The server would compress 15 MB of scripts for each window, which takes three seconds. */
export const PAGE: BrowserContextOptions = { extraHTTPHeaders: { 'accept-encoding': 'identity' } };

export interface WorkbenchOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
}

/** Writes `test/editor/screenshots/NAME.png`. */
export async function takePicture(page: Page, name: string): Promise<void> {
  await mkdir(screenshots, { recursive: true });
  await page.screenshot({ path: path.join(screenshots, `${name}.png`) });
}

/** One window of the editor. */
export class Workbench {
  readonly page: Page;
  /** Errors of the page: uncaught exceptions, and violations of the content security policy. */
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(TIMEOUT);
    page.removeAllListeners('pageerror').on('pageerror', (error) => this.complaints.push(String(error)));
    page.removeAllListeners('console').on('console', (message) => {
      if (/content security policy/i.test(message.text())) this.complaints.push(message.text());
    });
  }

  /** Opens an address of a code-server in a page with storage of its own, and resolves when the workbench is ready. */
  static async open(browser: Browser, address: string, options: WorkbenchOptions = {}): Promise<Workbench> {
    return Workbench.openIn(await browser.newPage(PAGE), address, options);
  }

  /** Opens an address in a page made with {@link PAGE}, in place of what the page shows. */
  static async openIn(page: Page, address: string, options: WorkbenchOptions = {}): Promise<Workbench> {
    const { width = 1280, height = 800, colorScheme = 'dark' } = options;
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const workbench = new Workbench(page);
    await page.goto(address);
    await page.locator('.monaco-workbench').waitFor();
    await page.locator('.part.statusbar').waitFor();
    return workbench;
  }

  /** Our item in the status bar. */
  get statusBarItem(): Locator {
    return this.page.locator(`.part.statusbar .statusbar-item[id^="${EXTENSION}"]`);
  }

  /** The box at the top: command palette, quick pick, input box. */
  get quickInput(): Locator {
    return this.page.locator('.quick-input-widget');
  }

  /** Presses a button of a notification, which closes with it. The editor loses a click while it moves its notifications. */
  async press(notification: Locator, name: string): Promise<void> {
    const button = notification.getByRole('button', { name, exact: true });
    await button.waitFor();
    while (await button.isVisible()) {
      await button.click();
      await button.waitFor({ state: 'hidden', timeout: 5_000 }).catch(() => undefined);
    }
  }

  get notifications(): Locator {
    return this.page.locator('.notifications-toasts .notification-list-item');
  }

  /** Runs a command by its title in the palette, such as `LLM Spend: Record Usage`. */
  async runCommand(title: string): Promise<void> {
    const input = this.quickInput.locator('input[type="text"]').first();
    const row = this.quickInput.locator('.monaco-list-row').filter({ hasText: title }).first();
    // A webview that takes the focus when it has loaded closes the palette, also once it is open.
    for (let attempt = 1; ; attempt++) {
      await this.#press('F1', input);
      try {
        const timeout = attempt < 3 ? 5000 : TIMEOUT;
        await input.fill(`>${title}`, { timeout });
        await row.click({ timeout });
        return;
      } catch (error) {
        if (attempt === 3) throw error;
      }
    }
  }

  /** Presses a key until `answer` appears: a webview that takes the focus while loading swallows key presses. */
  async #press(key: string, answer: Locator): Promise<void> {
    for (const timeout of [2000, 4000, 8000]) {
      await this.page.keyboard.press(key);
      const shown = await answer.waitFor({ timeout }).then(
        () => true,
        () => false,
      );
      if (shown) return;
    }
    await answer.waitFor();
  }

  /** The last copied text. */
  async clipboard(): Promise<string> {
    await this.#allowClipboard();
    return this.page.evaluate('navigator.clipboard.readText()');
  }

  /** Copies a text, like a user in another program. */
  async copy(text: string): Promise<void> {
    await this.#allowClipboard();
    await this.page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
  }

  #allowClipboard(): Promise<void> {
    return this.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  }

  /** Types an answer into the open quick input and accepts it. `prompt` is part of its title, placeholder or question. */
  async answer(prompt: string | RegExp, text: string): Promise<void> {
    const box = this.quickInput;
    const input = box.locator('input[type="text"]').first();
    const asked = box.filter({ hasText: prompt }).or(box.filter({ has: this.page.getByPlaceholder(prompt) }));
    // The command's row in the palette, which may not be closed yet, names it too.
    await asked.filter({ hasNot: this.page.getByPlaceholder('Type the name of a command') }).waitFor();
    await input.fill(text);
    await this.page.keyboard.press('Enter');
  }

  /**
   * The document of one of our webviews: the `view` of the sidebar or the `panel` among the editors. It is the inner of two
   * nested frames.
   */
  webview(place: 'view' | 'panel'): FrameLocator {
    const ours = `iframe.webview[src*="extensionId=${EXTENSION}"]`;
    const inView = '[src*="purpose=webviewView"]';
    const outer = place === 'view' ? `${ours}${inView}` : `${ours}:not(${inView})`;
    return this.page.frameLocator(outer).frameLocator('#active-frame');
  }

  /** The icon of our container in the activity bar. */
  get activityBarItem(): Locator {
    return this.page.locator('.part.activitybar').getByRole('tab', { name: /LLM Spend/ });
  }

  /** Our container in the side bar, opened if necessary. */
  async openSideBar(): Promise<Locator> {
    await this.activityBarItem.click();
    const sideBar = this.page.locator('.part.sidebar').filter({ hasText: /LLM Spend/i });
    // A window that is still restoring its layout may hide the side bar that it has just shown. The click does not: see `QUIET`.
    await sideBar.waitFor({ timeout: 5_000 }).catch(async () => {
      await this.activityBarItem.click();
      await sideBar.waitFor();
    });
    return sideBar;
  }

  /** Writes a picture for visual inspection, in the long form or with `LLM_SPEND_PICTURES`. */
  async screenshot(name: string): Promise<void> {
    if (TAKES_PICTURES) await takePicture(this.page, name);
  }

  async close(): Promise<void> {
    await this.page.close();
  }
}
