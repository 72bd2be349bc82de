import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CostTracker, type CostTrackerOptions } from '../../../src/library/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llm-spend-library-'));
  vi.stubEnv('XDG_CONFIG_HOME', join(folder, 'config'));
  vi.stubEnv('LLM_SPEND_LEDGER', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

it('throws for an unknown option, naming it and the known ones', () => {
  const wrong = { path: join(folder, 'costs.json') } as CostTrackerOptions;
  expect(() => new CostTracker(wrong)).toThrow(TypeError);
  expect(() => new CostTracker(wrong)).toThrow(
    'unknown option "path". Known options: ledger, source, strict, pricing, now, noteAdditions, folder, disk.',
  );
  expect(existsSync(join(folder, 'config'))).toBe(false);
});

it.each([['a.json'], [null], [7]])('throws for options that are %j', (options) => {
  expect(() => new CostTracker(options as CostTrackerOptions)).toThrow(TypeError);
});

it.each([[new URL('file:///tmp/costs.json')], [''], ['  '], [null], [7]])(
  'throws for a ledger that is %j',
  (ledger) => {
    expect(() => new CostTracker({ ledger } as CostTrackerOptions)).toThrow(/"ledger" must be a path or a URL/);
  },
);

it('takes an option that is undefined as absent', async () => {
  const tracker = new CostTracker({ ledger: undefined, source: undefined });
  expect(tracker.ledger).toMatch(/llm-spend[\\/]costs\.json$/);
  await tracker.close();
});

it('says under `ledger` which ledger it is', async () => {
  const ledger = join(folder, 'costs.json');
  const tracker = new CostTracker({ ledger });
  expect(tracker.ledger).toBe(ledger);
  await tracker.close();
  expect(readdirSync(folder)).toEqual([]);
});
