import assert from 'node:assert/strict';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { EXTENSION_ID, SETTINGS, SETTINGS_SECTION } from '../../../src/contributions.ts';
import type { LlmSpendApi } from '../../../src/extension.ts';
import type { Totals } from '../../../src/usage/query.ts';

const IMPORTED = { values: { source: ['claude-code-log'] } };
const claude = process.env['CLAUDE_CONFIG_DIR'] ?? '';

function reply(n: number): string {
  const line = {
    timestamp: new Date().toISOString(),
    sessionId: 'one',
    version: '2.1.0',
    cwd: '/home/me/site',
    requestId: `req_${n}`,
    message: { id: `msg_${n}`, model: 'claude-opus-4-6', usage: { input_tokens: 1_000, output_tokens: 100 } },
  };
  return `${JSON.stringify(line)}\n`;
}

describe("coding agents' usage", () => {
  let api: LlmSpendApi;
  const section = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration(SETTINGS_SECTION);

  /** What was imported, once there is so much of it. */
  async function imported(records: number): Promise<Totals> {
    let subscription: vscode.Disposable | undefined;
    const totals = await new Promise<Totals>((resolve, reject) => {
      const look = (): void => {
        api.summary(IMPORTED).then((each) => each.records === records && resolve(each), reject);
      };
      subscription = api.onDidChange(look);
      look();
    });
    subscription?.dispose();
    return totals;
  }

  before(async function () {
    if (claude === '') this.skip();
    const extension = vscode.extensions.getExtension<LlmSpendApi>(EXTENSION_ID);
    assert.ok(extension);
    api = await extension.activate();
  });
  after(() => section().update(SETTINGS.importEnabled, undefined, vscode.ConfigurationTarget.Global));

  it('is not read unless the person says so, then follows the logs as they grow', async () => {
    const file = path.join(claude, 'projects', '-home-me-site', 'one.jsonl');
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, reply(1) + reply(2));
    assert.equal(section().get(SETTINGS.importEnabled), false);
    assert.equal((await api.summary(IMPORTED)).records, 0);

    await section().update(SETTINGS.importEnabled, true, vscode.ConfigurationTarget.Global);
    const first = await imported(2);
    assert.equal(first.estimated, 2);
    assert.equal(first.estimatedNanos, 15_000_000n);

    await appendFile(file, reply(3));
    await imported(3);
  }).timeout(60_000);
});
