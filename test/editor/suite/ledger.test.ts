import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { COMMANDS, EXTENSION_ID, SETTINGS, SETTINGS_SECTION } from '../../../src/contributions.ts';
import type { LlmSpendApi } from '../../../src/extension.ts';
import type { UsageFilter } from '../../../src/usage/query.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';

const USAGE = { provider: 'openai', model: 'gpt-5' };
const ledger = process.env['LLM_SPEND_LEDGER'] ?? '';
const llmSpend = promisify(execFile);

async function activated(): Promise<LlmSpendApi> {
  const extension = vscode.extensions.getExtension<LlmSpendApi>(EXTENSION_ID);
  assert.ok(extension);
  return extension.activate();
}

/** Resolves once so many records match, as other extensions see it: looks again at each change, and only then. */
async function records(api: LlmSpendApi, operation: string, expected: number): Promise<void> {
  let subscription: vscode.Disposable | undefined;
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      api.summary(of(operation)).then(({ records }) => records === expected && resolve(), reject);
    };
    subscription = api.onDidChange(look);
    look();
  });
  subscription?.dispose();
}

/** Resolves once no journal holds a record: until then what another program does to the file is undone for their sake. */
async function settled(): Promise<void> {
  const folder = path.dirname(ledger);
  for (;;) {
    const journals = (await readdir(folder)).filter((name) => name.endsWith('.journal'));
    const texts = await Promise.all(journals.map((name) => readFile(path.join(folder, name), 'utf8').catch(() => '')));
    if (!texts.some((text) => text.includes('{'))) return;
    await setTimeout(20);
  }
}

/** Each test has an operation of its own, because all share one ledger. */
function of(operation: string): UsageFilter {
  return { values: { operation: [operation] } };
}

describe('the ledger in the editor', () => {
  let api: LlmSpendApi;
  before(async () => {
    assert.notEqual(ledger, '', 'the tests need a ledger of their own');
    api = await activated();
  });
  describe('Record Usage with an argument', () => {
    it('records it, and returns the stored record', async () => {
      const record = await vscode.commands.executeCommand<UsageRecord>(COMMANDS.recordUsage, {
        ...USAGE,
        operation: 'priced',
        input_tokens: 1200,
        output_tokens: 80,
        cost_usd: 0.25,
      });
      assert.equal(record.total_tokens, 1280);
      assert.equal(record.cost_known, true);
      assert.equal(record.source, 'extension');
      assert.equal((await api.summary(of('priced'))).recordedNanos, 250_000_000n);
    });

    it('prices a usage without a cost, and one from a response', async () => {
      const usage = {
        ...USAGE,
        operation: 'estimated',
        input_tokens: 10_000,
        cache_read_tokens: 6000,
        output_tokens: 2000,
      };
      const record = await vscode.commands.executeCommand<UsageRecord>(COMMANDS.recordUsage, usage);
      assert.equal(record.cost_usd, 0.02575);
      assert.match(record.price_source ?? '', /^genai-prices .* openai\/gpt-5$/);
      const text = JSON.stringify({
        id: 'chatcmpl-suite',
        object: 'chat.completion',
        model: 'gpt-5',
        usage: { prompt_tokens: 10_000, completion_tokens: 2000, prompt_tokens_details: { cached_tokens: 6000 } },
      });
      const request = { text, operation: 'estimated' };
      const [answered] = await vscode.commands.executeCommand<UsageRecord[]>(COMMANDS.recordFromResponse, request);
      assert.equal(answered?.cost_usd, 0.02575);
      const { estimatedNanos } = await api.summary(of('estimated'));
      assert.equal(estimatedNanos, 51_500_000n);
      await assert.rejects(async () => {
        await vscode.commands.executeCommand(COMMANDS.recordFromResponse, { text: '{' });
      }, /is incomplete/);
    });

    it('takes a usage without a cost as unpriced, not as free', async () => {
      await vscode.commands.executeCommand(COMMANDS.recordUsage, { ...USAGE, operation: 'unpriced' });
      const { unpriced, records } = await api.summary(of('unpriced'));
      assert.deepEqual({ unpriced, records }, { unpriced: 1, records: 1 });
    });

    for (const [what, usage, message] of [
      ['no object', 'gpt-5', /record: must be an object/],
      ['nothing in it', {}, /provider: is required/],
      ['negative tokens', { ...USAGE, operation: 'refused', input_tokens: -1 }, /input_tokens: must not be negative/],
      [
        'a time without offset',
        { ...USAGE, operation: 'refused', timestamp: '2026-01-01T00:00:00' },
        /timestamp: must be an ISO 8601 time/,
      ],
    ] as const) {
      it(`refuses ${what} with an error for the caller`, async () => {
        await assert.rejects(async () => {
          await vscode.commands.executeCommand(COMMANDS.recordUsage, usage);
        }, message);
        assert.equal((await api.summary(of('refused'))).records, 0);
      });
    }
  });

  describe('for other extensions', () => {
    it('records, sums up and tells of changes', async () => {
      const changed = new Promise<void>((resolve) => {
        const subscription = api.onDidChange(() => {
          subscription.dispose();
          resolve();
        });
      });
      const record = await api.track({ ...USAGE, operation: 'api', cost_usd: 0.1, tags: ['a'] });
      await changed;
      assert.deepEqual(record.tags, ['a']);
      assert.equal((await api.summary({ values: { tag: ['a'] } })).recordedNanos, 100_000_000n);
      assert.equal((await api.summary({ values: { tag: ['b'] } })).records, 0);
      await assert.rejects(api.track({ ...USAGE, operation: 'refused', cost_usd: Number.NaN }), {
        name: 'UsageError',
        field: 'cost_usd',
      });
    });
  });

  describe('follows other processes', () => {
    it('that record', async () => {
      const cli = vscode.extensions.getExtension(EXTENSION_ID)?.extensionPath ?? '';
      const args = ['record', '--provider', 'openai', '--model', 'gpt-5', '--operation', 'from-cli', '--cost-usd', '1'];
      await llmSpend(process.execPath, [path.join(cli, 'dist/cli.js'), ...args]);
      await records(api, 'from-cli', 1);
    });

    it('that create, replace, rewrite and delete the file', async () => {
      await settled();
      const element = (id: string): string =>
        JSON.stringify({
          ...USAGE,
          operation: 'foreign',
          usage_id: id,
          cost_usd: 1,
          timestamp: '2026-01-01T00:00:00Z',
        });
      await writeFile(ledger, `[${element('a')}]`);
      await records(api, 'foreign', 1);
      await writeFile(`${ledger}.new`, `[${element('a')},${element('b')}]`);
      await rename(`${ledger}.new`, ledger);
      await records(api, 'foreign', 2);
      await writeFile(ledger, `[${element('c')}]`);
      await records(api, 'foreign', 1);
      // Without the backup: a ledger that is restored from one is called incomplete from then on.
      await rm(`${ledger}.prev`);
      await rm(ledger);
      await records(api, 'foreign', 0);
    });
  });

  it('exports a CSV that a spreadsheet opens without running anything', async () => {
    await api.track({
      ...USAGE,
      model: '=cmd|calc',
      operation: 'export',
      cost_usd: 0.5,
      timestamp: '2026-01-01T00:00:00Z',
    });
    const target = vscode.Uri.file(path.join(tmpdir(), `llm-spend-${process.pid}.csv`));
    try {
      await vscode.commands.executeCommand(COMMANDS.exportCsv, { target, filter: of('export') });
      const [head, row, ...rest] = (await readFile(target.fsPath, 'utf8')).split('\n');
      assert.match(head ?? '', /^usage_id,provider,model,operation,/);
      assert.match(row ?? '', /,openai,'=cmd\|calc,export,/);
      assert.deepEqual(rest, ['']);
    } finally {
      await rm(target.fsPath, { force: true });
    }
  });

  it('lets no workspace name another ledger', async () => {
    const settings = vscode.workspace.getConfiguration(SETTINGS_SECTION);
    await assert.rejects(
      async () => settings.update(SETTINGS.ledgerPath, '/elsewhere.json', vscode.ConfigurationTarget.Workspace),
      /Workspace Settings/,
    );
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    assert.ok(folder);
    const file = vscode.Uri.joinPath(folder, '.vscode/settings.json');
    const hostile = { 'llmSpend.ledgerPath': '/elsewhere.json', 'llmSpend.statusBar.period': 'all' };
    const read = new Promise<void>((resolve) => {
      const subscription = vscode.workspace.onDidChangeConfiguration((event) => {
        if (!event.affectsConfiguration('llmSpend.statusBar.period')) return;
        subscription.dispose();
        resolve();
      });
    });
    await vscode.workspace.fs.writeFile(file, Buffer.from(JSON.stringify(hostile)));
    await read;
    try {
      const now = vscode.workspace.getConfiguration(SETTINGS_SECTION);
      assert.equal(now.get(SETTINGS.statusBarPeriod), 'all');
      assert.equal(now.get(SETTINGS.ledgerPath), '');
    } finally {
      await vscode.workspace.fs.delete(file);
    }
  });
});
