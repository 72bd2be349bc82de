import { utimesSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codex } from '../../../src/sources/codex/index.ts';
import type { QuotaSample } from '../../../src/usage/time/quota.ts';
import { jsonLines, NOW, World } from './world.ts';

/** The state of a plan's limits, as the ends of Codex' sessions tell it. */

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const AT = '2026-11-23T11:00:00.000Z';
const DAY_MS = 86_400_000;
const resetsAt = Date.parse('2026-11-23T14:00:00.000Z');

const limits = (used: number): object => ({
  primary: { used_percent: used, window_minutes: 300, resets_at: resetsAt / 1000 },
});
const told = (rateLimits: unknown, more: object = {}, payload: object = {}): object => ({
  timestamp: AT,
  type: 'event_msg',
  payload: { type: 'token_count', rate_limits: rateLimits, ...payload },
  ...more,
});

function session(name: string, content: string, daysAgo = 0): void {
  const path = world.file(`.codex/sessions/${name}.jsonl`, content);
  const written = (NOW - daysAgo * DAY_MS) / 1000;
  utimesSync(path, written, written);
}

async function samples(dryRun = false): Promise<QuotaSample[]> {
  const all: QuotaSample[] = [];
  await world.import(codex, { dryRun, onQuota: async (found) => void all.push(...found) });
  return all;
}

test('is what the last count of tokens says', async () => {
  session(
    'a',
    jsonLines(told(limits(1)), told(limits(42)), { timestamp: AT, type: 'event_msg', payload: { type: 'other' } }),
  );
  expect(await samples()).toEqual([
    { agent: 'codex', at: Date.parse(AT), name: '5 h', usedPercent: 42, resetsAt, lengthMs: 5 * 3_600_000 },
  ]);
});

describe('is not what says none', () => {
  test.each<[string, string]>([
    ['another kind of entry', JSON.stringify(told(limits(2), {}, { type: 'agent_message' }))],
    ['no limits', JSON.stringify(told(null))],
    ['no time', JSON.stringify(told(limits(2), { timestamp: undefined }))],
    ['a time that is none', JSON.stringify(told(limits(2), { timestamp: 'soon' }))],
    ['no payload', '{"rate_limits":{}}'],
    ['no JSON', '{"rate_limits":'],
    ['no object', '"\\"rate_limits\\""'],
  ])('%s', async (_, last) => {
    session('a', `${jsonLines(told(limits(7)))}${last}\n`);
    expect((await samples()).map(({ usedPercent }) => usedPercent)).toEqual([7]);
  });
});

test('of sessions of eight days, the newest 20, the newest first', async () => {
  for (let i = 1; i <= 25; i++) session(`s${i}`, jsonLines(told(limits(i))), i / 4);
  session('old', jsonLines(told(limits(99))), 8);
  expect((await samples()).map(({ usedPercent }) => usedPercent)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
});

test('stands in the last 256 KiB of a long session', async () => {
  const filler = `${JSON.stringify({ type: 'response_item', text: 'x'.repeat(1000) })}\n`.repeat(300);
  session('far', `${jsonLines(told(limits(3)))}${filler}`);
  expect(await samples()).toEqual([]);
  session('near', `${filler}${jsonLines(told(limits(4)))}${filler.slice(0, 100_000)}\n`);
  expect((await samples()).map(({ usedPercent }) => usedPercent)).toEqual([4]);
});

test('of a dry run is not noted, nor of a session without limits', async () => {
  session('a', jsonLines({ timestamp: AT, type: 'session_meta', payload: { id: 'a' } }));
  let isAsked = false;
  await world.import(codex, { onQuota: async () => void (isAsked = true) });
  expect(isAsked).toBe(false);
  session('b', jsonLines(told(limits(5))));
  expect(await samples(true)).toEqual([]);
  expect(await samples()).toHaveLength(1);
});
