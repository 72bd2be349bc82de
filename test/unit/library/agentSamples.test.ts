import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addSamples, readSamples, samplesPath } from '../../../src/library/agentSamples.ts';
import type { QuotaSample } from '../../../src/usage/time/quota.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'llm-spend-samples-'));
  file = samplesPath(path.join(folder, 'costs.json'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const quota = (usedPercent: number, at: number, resetsAt = NOW + HOUR): QuotaSample => ({
  agent: 'claude-code',
  name: '5 h',
  lengthMs: 5 * HOUR,
  usedPercent,
  resetsAt,
  at,
});

const add = (...samples: QuotaSample[]): Promise<void> => addSamples(file, { quota: samples }, NOW);

test('no file is no samples, and neither is a damaged or newer one', async () => {
  expect(readSamples(file)).toEqual({ quota: [], sessions: [] });
  writeFileSync(file, '{');
  expect(readSamples(file)).toEqual({ quota: [], sessions: [] });
  writeFileSync(file, JSON.stringify({ version: 2, quota: [quota(1, NOW)] }));
  expect(readSamples(file)).toEqual({ quota: [], sessions: [] });
  writeFileSync(file, JSON.stringify({ version: 1, quota: [quota(1, NOW), { agent: 5 }, null], sessions: 'x' }));
  expect(readSamples(file)).toEqual({ quota: [quota(1, NOW)], sessions: [] });
});

test('of equal samples the first and the last are kept', async () => {
  for (let minute = 0; minute < 30; minute += 2) await add(quota(50, NOW + minute * MINUTE));
  await add(quota(51, NOW + 30 * MINUTE));
  expect(readSamples(file).quota.map(({ usedPercent, at }) => [usedPercent, (at - NOW) / MINUTE])).toEqual([
    [50, 0],
    [50, 28],
    [51, 30],
  ]);
});

test('the file stays small: windows that ended a day ago go, and the oldest of too many', async () => {
  await add(quota(1, NOW - 60 * HOUR, NOW - 50 * HOUR));
  expect(readSamples(file).quota).toEqual([]);
  await add(...Array.from({ length: 800 }, (_, i) => quota(i / 10, NOW - 1000 + i)));
  expect(readSamples(file).quota).toHaveLength(500);
  expect(readSamples(file).quota.at(-1)).toMatchObject({ usedPercent: 79.9 });
  expect(readFileSync(file).length).toBeLessThan(100_000);
});

test('a session has its highest cost', async () => {
  const cost = (amount: number): object => ({ agent: 'claude-code', session: 's', cost: amount, at: NOW });
  for (const amount of [1, 3, 2]) {
    await addSamples(file, { sessions: [cost(amount) as never] }, NOW);
  }
  expect(readSamples(file).sessions).toEqual([cost(3)]);
});
