import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { formatLedger } from '../../fixtures/sampleLedger.ts';
import { joinUnreachableTeam } from '../../fixtures/unreachableTeam.ts';
import { Workbench, type WorkbenchOptions } from '../harness/browser.ts';
import { type CodeServer, repository, writeSettings } from '../harness/codeServer.ts';
import { isolatedEnvironment } from '../harness/environment.ts';
import { output } from '../harness/processes.ts';
import { extensionHostsEnded, leavePage, ledgerOf, takePage, takeServer } from './sharedEditor.ts';

export interface EditorOptions extends WorkbenchOptions {
  /** The ledger's records at the start. Absent: there is no ledger file. */
  readonly records?: readonly UsageRecord[];
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Opens the folder in Restricted Mode. */
  readonly restricted?: boolean;
  /** Without root's right to read every file. */
  readonly unprivileged?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Writes files to the home folder before the editor starts. */
  readonly prepare?: (home: string) => Promise<void>;
}

/**
 * The installed extension in an editor that has nothing of an earlier one or of the developer's own. One editor is open at a time:
 * their servers and the page are shared (`sharedEditor.ts`).
 */
export interface Editor {
  readonly workbench: Workbench;
  readonly server: CodeServer;
  /** The home folder of the extension host. */
  readonly home: string;
  /** The opened folder. It is empty. */
  readonly workspace: string;
  /** The ledger that the extension shows. */
  readonly ledger: string;
  /** Another window on the same server, with the same folder or none. */
  readonly openWindow: (options?: WorkbenchOptions & { readonly noFolder?: boolean }) => Promise<Workbench>;
  /** Runs the `llm-spend` command on the ledger, as another process of the same user, and returns its output. */
  readonly llmSpend: (...args: string[]) => Promise<string>;
  readonly close: () => Promise<void>;
}

export async function openEditor(options: EditorOptions = {}): Promise<Editor> {
  const { env = {}, restricted = false, unprivileged = false } = options;
  const server = await takeServer({ env, restricted, unprivileged });
  const home = path.join(server.folder, 'home');
  const workspace = path.join(server.folder, 'workspace');
  const ledger = ledgerOf(server.folder);
  await writeSettings(server.folder, options.settings);
  joinUnreachableTeam(path.join(home, '.config'));
  await options.prepare?.(home);
  if (options.records !== undefined) await writeFile(ledger, formatLedger(options.records));
  const { browser, page } = await takePage();
  const others: Workbench[] = [];
  const openWindow: Editor['openWindow'] = async ({ noFolder = false, ...window } = options) => {
    const address = noFolder ? `${server.url}/?ew=true` : server.address(workspace);
    const other = await Workbench.open(browser, address, window);
    others.push(other);
    return other;
  };
  const close = async (): Promise<void> => {
    for (const other of others) await other.page.context().close();
    await leavePage(page, server);
    await extensionHostsEnded(server);
  };
  try {
    const cli = path.join(repository, 'dist/cli.js');
    const variables = { ...isolatedEnvironment(home), LLM_SPEND_LEDGER: ledger, ...env };
    return {
      workbench: await Workbench.openIn(page, server.address(workspace), options),
      server,
      home,
      workspace,
      ledger,
      openWindow,
      llmSpend: (...args) => output(process.execPath, [cli, ...args], { cwd: workspace, env: variables }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
