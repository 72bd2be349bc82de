import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { EXTENSION_ID, LANGUAGE_MODEL_TOOLS } from '../../../src/contributions.ts';
import type { LlmSpendApi } from '../../../src/extension.ts';

/** Calls a tool as the editor's agents do, and returns the text of its answer. */
async function invoke(tool: string, input: object): Promise<string> {
  const result = await vscode.lm.invokeTool(LANGUAGE_MODEL_TOOLS[tool]!, { input, toolInvocationToken: undefined });
  return result.content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('');
}

const USAGE = { provider: 'anthropic', model: 'claude-sonnet-4-5', operation: 'agent tool', input_tokens: 1000 };

describe('the tools for agents in the editor', () => {
  let api: LlmSpendApi;
  before(async () => {
    api = await vscode.extensions.getExtension<LlmSpendApi>(EXTENSION_ID)!.activate();
  });

  it('are listed, with the schema that they check', () => {
    const listed = new Map(vscode.lm.tools.map(({ name, inputSchema }) => [name, inputSchema as object]));
    for (const name of Object.values(LANGUAGE_MODEL_TOOLS)) {
      assert.deepEqual((listed.get(name) as { type: string } | undefined)?.type, 'object', name);
    }
  });

  it('record what was confirmed, and answer for it', async () => {
    assert.match(await invoke('record_usage', USAGE), /^Recorded as .*: ~\$0\.003\.$/);
    const { records, estimatedNanos } = await api.summary({ values: { operation: ['agent tool'] } });
    assert.deepEqual([records, estimatedNanos], [1, 3_000_000n]);
    assert.equal(
      await invoke('spend', { operation: 'agent tool' }),
      'Spend, month, operation "agent tool": ~$0.003, 1 record\n~: 1 costs are estimated at list price.',
    );
    assert.match(await invoke('price_call', { model: 'gpt-5', input_tokens: 1000 }), /^\$0\.00125 for openai\/gpt-5/);
    assert.match(await invoke('budgets_left', {}), /^(?:No budgets are set\.|Budgets:)/);
  });

  it('refuse a wrong input, and record nothing of it', async () => {
    await assert.rejects(invoke('spend', { period: 'decade' }), /period: must be one of/);
    await assert.rejects(
      invoke('record_usage', { ...USAGE, operation: 'wrong', input_tokens: 'many' }),
      /input_tokens/,
    );
    await assert.rejects(
      invoke('record_usage', { ...USAGE, operation: 'wrong', ledger: '/etc/passwd' }),
      /no property/,
    );
    assert.equal((await api.summary({ values: { operation: ['wrong'] } })).records, 0);
  });
});
