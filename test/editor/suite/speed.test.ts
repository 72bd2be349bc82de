import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { performance, type PerformanceMeasure } from 'node:perf_hooks';
import path from 'node:path';
import * as vscode from 'vscode';
import { EXTENSION_ID } from '../../../src/contributions.ts';
import type { LlmSpendApi } from '../../../src/extension.ts';

const RECORDS = 10_000;
const ledger = process.env['LLM_SPEND_LEDGER'] ?? '';

/**
 * Measures the turns of the event loop until the returned function is called, which returns the longest one, in ms of this
 * thread's CPU time, so that other processes do not count. (Before Node 23.9: ms of wall time.)
 */
function watchTurns(): () => number {
  const now = (): number => {
    if (!('threadCpuUsage' in process)) return performance.now();
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let last = now();
  let longest = 0;
  const look = (): void => {
    longest = Math.max(longest, now() - last);
    last = now();
  };
  const timer = setInterval(look, 1);
  return () => {
    clearInterval(timer);
    look();
    return longest;
  };
}

describe('the time that the extension takes', () => {
  it('is under 75 ms from loading to the end of activate()', async () => {
    const extension = vscode.extensions.getExtension<LlmSpendApi>(EXTENSION_ID);
    assert.ok(extension);
    await extension.activate();
    const [activation] = performance.getEntriesByName('llmSpend.activate') as PerformanceMeasure[];
    assert.ok(activation);
    const { cpu } = activation.detail as { cpu: number };
    const activating = Number.isNaN(cpu) ? activation.duration : cpu;
    const bundle = path.join(extension.extensionPath, 'dist/extension.js');
    // The best of several, to exclude other load on the machine.
    const loads = [1, 2, 3, 4, 5].map(() => {
      delete require.cache[bundle];
      const start = performance.now();
      require(bundle);
      return performance.now() - start;
    });
    const took = Math.min(...loads) + activating;
    // The goal is 50 ms, which a quiet machine reaches; machines of tests differ by a third from hour to hour.
    assert.ok(took < 75, `loading ${Math.min(...loads).toFixed(1)} ms, activate() ${activating.toFixed(1)} ms`);
  });

  it('never blocks the extension host for more than 50 ms on a ledger of 10,000 records', async () => {
    const extension = vscode.extensions.getExtension<LlmSpendApi>(EXTENSION_ID);
    assert.ok(extension);
    const api = await extension.activate();
    const start = Date.parse('2026-01-01T00:00:00Z');
    const records = Array.from({ length: RECORDS }, (_, i) => ({
      usage_id: `speed-${i}`,
      provider: 'openai',
      model: `gpt-${i % 7}`,
      operation: 'chat',
      input_tokens: i,
      output_tokens: 10,
      cost_usd: 0.01,
      timestamp: new Date(start + i * 60_000).toISOString(),
    }));
    await writeFile(`${ledger}.new`, JSON.stringify(records));
    const stop = watchTurns();
    const read = new Promise<void>((resolve) => {
      const subscription = api.onDidChange(async () => {
        if ((await api.summary()).records < RECORDS) return;
        subscription.dispose();
        resolve();
      });
    });
    await rename(`${ledger}.new`, ledger);
    await read;
    const blocked = stop();
    assert.ok(blocked < 50, `blocked for ${blocked.toFixed(1)} ms`);
  });
});
