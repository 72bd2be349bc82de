import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inject } from 'vitest';
import type { UsageRecord } from '../../../src/usage/record.ts';
import { formatLedger } from '../../fixtures/sampleLedger.ts';
import { launchBrowser, Workbench, type WorkbenchOptions } from '../harness/browser.ts';
import { type CodeServer, repository, startCodeServer } from '../harness/codeServer.ts';
import { isolatedEnvironment } from '../harness/environment.ts';
import { output } from '../harness/processes.ts';

export interface EditorOptions extends WorkbenchOptions {
  /** The ledger's records at the start. Absent: there is no ledger file. */
  readonly records?: readonly UsageRecord[];
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Opens the folder in Restricted Mode. */
  readonly restricted?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Writes files to the home folder before the editor starts. */
  readonly prepare?: (home: string) => Promise<void>;
}

/** The installed extension in a separate editor, which shares nothing with other tests or with the developer's own editor. */
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
  const folder = await mkdtemp(path.join(tmpdir(), 'llm-spend-e2e-'));
  const home = path.join(folder, 'home');
  const workspace = path.join(folder, 'workspace');
  const ledger = path.join(folder, 'ledger', 'costs.json');
  await mkdir(workspace, { recursive: true });
  await mkdir(path.dirname(ledger), { recursive: true });
  await options.prepare?.(home);
  if (options.records !== undefined) await writeFile(ledger, formatLedger(options.records));
  const env = { LLM_SPEND_LEDGER: ledger, ...options.env };
  const server = await startCodeServer({
    edition: inject('edition'),
    folder,
    extensions: inject('extensions'),
    env,
    restricted: options.restricted ?? false,
    ...(options.settings === undefined ? {} : { settings: options.settings }),
  });
  const browser = await launchBrowser();
  const openWindow: Editor['openWindow'] = ({ noFolder = false, ...window } = options) =>
    Workbench.open(browser, noFolder ? `${server.url}/?ew=true` : server.address(workspace), window);
  const close = async (): Promise<void> => {
    await browser.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const cli = path.join(repository, 'dist/cli.js');
    return {
      workbench: await openWindow(),
      server,
      home,
      workspace,
      ledger,
      openWindow,
      llmSpend: (...args) =>
        output(process.execPath, [cli, ...args], { cwd: workspace, env: { ...isolatedEnvironment(home), ...env } }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
