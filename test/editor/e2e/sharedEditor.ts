/**
 * Servers and a page that all test files of a project use, one after the other: starting them costs as much CPU time as the rest of a
 * window, and a page that has shown a workbench before keeps its compiled scripts. An opened editor still begins without anything of
 * the one before: files, settings, storage of the page, extension host.
 *
 * The modules of a project stay loaded from file to file (`isolate: false`), so the servers and the page do, too. The browser
 * ends with the process; vitest kills the process, so `globalSetup.ts` ends the servers.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { inject } from 'vitest';
import { FOR_WORKBENCHES, launchBrowser, PAGE, takePicture } from '../harness/browser.ts';
import { type CodeServer, startCodeServer } from '../harness/codeServer.ts';
import { signalProcess } from '../harness/processes.ts';

/** The options of a server that hold for all its windows. */
export interface ServerOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly restricted: boolean;
  readonly unprivileged: boolean;
}

/** The folders of a server that belong to one opened editor. They are emptied, because the server works in the first. */
const OF_ONE_EDITOR = ['home', 'workspace', 'ledger', 'user-data/User', 'user-data/Machine'];

/** An extension host that has not ended this long after its window has closed is killed, ms. */
const GRACE_MS = 30_000;

const servers = new Map<string, CodeServer>();
let shared: { readonly browser: Browser; readonly page: Page } | undefined;

/** The ledger of the server whose state is in `folder`. */
export function ledgerOf(folder: string): string {
  return path.join(folder, 'ledger/costs.json');
}

/** The server with these options, without any window or file of an earlier editor. */
export async function takeServer(options: ServerOptions): Promise<CodeServer> {
  const key = JSON.stringify(options);
  let server = servers.get(key);
  if (server === undefined) {
    const folder = path.join(inject('scratch'), `server-${servers.size}`);
    server = await startCodeServer({
      edition: inject('edition'),
      folder,
      extensions: inject('extensions'),
      env: { LLM_SPEND_LEDGER: ledgerOf(folder), ...options.env },
      restricted: options.restricted,
      unprivileged: options.unprivileged,
    });
    servers.set(key, server);
    await writeFile(`${folder}.pid`, String(server.pid));
  }
  for (const name of OF_ONE_EDITOR) {
    const folder = path.join(server.folder, name);
    await mkdir(folder, { recursive: true });
    for (const entry of await readdir(folder)) {
      await rm(path.join(folder, entry), { recursive: true, force: true, maxRetries: 5 });
    }
  }
  return server;
}

/** The browser, and its page for the first window of an editor. */
export async function takePage(): Promise<{ readonly browser: Browser; readonly page: Page }> {
  if (shared !== undefined && !shared.page.isClosed() && shared.browser.isConnected()) return shared;
  const browser = shared?.browser.isConnected() === true ? shared.browser : await launchBrowser(FOR_WORKBENCHES);
  shared = { browser, page: await browser.newPage(PAGE) };
  return shared;
}

/** A picture of each window that is open, for whoever looks into a test that failed. */
export async function pictureFailure(test: string): Promise<void> {
  const pages = shared?.browser.contexts().flatMap((context) => context.pages()) ?? [];
  const name = test.replaceAll(/[^\p{L}\p{N}]+/gu, '-').slice(0, 80);
  for (const [i, page] of pages.entries()) await takePicture(page, `failed-${name}${i === 0 ? '' : `-${i + 1}`}`);
}

/**
 * Closes the workbench in the page and forgets the page's storage. A page of the same server takes its place: at another address the
 * browser would start another process, without the compiled scripts.
 */
export async function leavePage(page: Page, server: CodeServer): Promise<void> {
  try {
    await page.goto(`${server.url}/healthz`);
    await page.evaluate('sessionStorage.clear()');
    await page.context().clearPermissions();
    const session = await page.context().newCDPSession(page);
    const storageTypes = 'cookies,file_systems,indexeddb,local_storage,service_workers,cache_storage';
    await session.send('Storage.clearDataForOrigin', { origin: server.url, storageTypes });
    await session.detach();
  } catch {
    // A page that does not answer is replaced.
    await page.context().close();
  }
}

/** Waits until no extension host of closed windows runs. The server names them in its log. */
export async function extensionHostsEnded({ output, waitFor }: CodeServer): Promise<void> {
  for (const [, token, pid] of output().matchAll(/\[(\w+)\]\[ExtensionHostConnection\] <(\d+)> Launched/g)) {
    const kill = setTimeout(() => signalProcess(Number(pid), 'SIGKILL'), GRACE_MS);
    try {
      await waitFor(new RegExp(`\\[${token}\\]\\[ExtensionHostConnection\\] <${pid}> Extension Host Process exited`));
    } finally {
      clearTimeout(kill);
    }
  }
}
