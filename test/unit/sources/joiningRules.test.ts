import { describe, expect, test } from 'vitest';
import { counterparts, hasTwoStores, isLive, Meeting, MEETING_MS, merged } from '../../../src/sources/joining.ts';
import type { UsageRecord } from '../../../src/usage/record.ts';

/** Which two reports are of one call, and what their record has of each. */

const MS = Date.parse('2026-11-20T10:00:00.000Z');
const time = (after: number): string => new Date(MS + after).toISOString();

function report(source: string, id: string, more: Partial<UsageRecord> = {}): UsageRecord {
  const tokens = { input_tokens: 100, output_tokens: 10, total_tokens: 110 };
  return {
    usage_id: id,
    source,
    provider: 'anthropic',
    model: 'claude-opus-4-5',
    operation: 'agent',
    cost_usd: 0,
    cost_known: false,
    billing_mode: 'runtime_managed',
    timestamp: time(0),
    session_id: 's',
    ...tokens,
    ...more,
  };
}
const log = (id: string, more: Partial<UsageRecord> = {}): UsageRecord => report('claude-code-log', id, more);
const live = (id: string, more: Partial<UsageRecord> = {}): UsageRecord => report('claude-code-otel', id, more);
const met = (stored: UsageRecord[], ...reports: UsageRecord[]): (string | undefined)[] => {
  const meeting = new Meeting(stored);
  return reports.map((each) => meeting.join(each)?.usage_id);
};

describe('the other reports of a source', () => {
  test.each<[string, string[], boolean]>([
    ['claude-code-log', ['claude-code-otel'], false],
    ['claude-code-otel', ['claude-code-log'], true],
    ['codex-log', ['codex-otel'], false],
    ['gemini-cli-otel', ['gemini-cli-log'], true],
    ['qwen-code-log', ['qwen-otel'], false],
    ['qwen-otel', ['qwen-code-log'], true],
    ['copilot-chat-log', ['otel'], false],
    ['copilot-cli-log', ['otel', 'copilot-cli-log'], false],
    ['otel', ['copilot-chat-log', 'copilot-cli-log'], true],
    ['amp-log', [], false],
    ['hotel', [], false],
    ['otel-import', [], false],
  ])('%s: %j', (source, others, isOneLive) => {
    expect(counterparts(source)).toEqual(others);
    expect(isLive(log('x', { source }))).toBe(isOneLive);
    expect(hasTwoStores(source)).toBe(source === 'copilot-cli-log');
  });

  test('a record without a source is of none', () => {
    expect(counterparts(undefined)).toEqual([]);
    expect(isLive(log('x', { source: null }))).toBe(false);
  });
});

describe('two reports are of one call', () => {
  test('by counts and session within two minutes', () => {
    expect(met([log('a')], live('1', { timestamp: time(MEETING_MS) }))).toEqual(['a']);
    expect(met([log('a')], live('1', { timestamp: time(-MEETING_MS) }))).toEqual(['a']);
    expect(met([log('a')], live('1', { timestamp: time(MEETING_MS + 1) }))).toEqual([undefined]);
    expect(MEETING_MS).toBe(120_000);
  });

  test.each<[string, Partial<UsageRecord>]>([
    ['session', { session_id: 't' }],
    ['no session', { session_id: null }],
    ['input', { input_tokens: 101 }],
    ['output', { output_tokens: 11 }],
    ['cached tokens', { cache_read_tokens: 1 }],
    ['request', { request_id: 'r2' }],
    ['response', { response_id: 'p2' }],
  ])('not with another %s', (_, more) => {
    const ids = { request_id: 'r1', response_id: 'p1' };
    expect(met([log('a', ids)], live('1', more))).toEqual([undefined]);
  });

  test('by an id, whatever their counts and times', () => {
    const request = { request_id: 'r1', input_tokens: 5, session_id: null };
    expect(met([log('a', { request_id: 'r1' })], live('1', request))).toEqual(['a']);
    expect(met([log('a', { response_id: 'p1' })], live('1', { response_id: 'p1', output_tokens: 1 }))).toEqual(['a']);
    // An id that only one of them has says nothing.
    expect(met([log('a', { request_id: 'r1' })], live('1'))).toEqual(['a']);
    expect(met([log('a', { request_id: 'x' })], live('1', { response_id: 'x', output_tokens: 1 }))).toEqual([
      undefined,
    ]);
  });

  test('once: two equal calls meet two reports, the nearest first', () => {
    const stored = [log('far', { timestamp: time(-50_000) }), log('near', { timestamp: time(1_000) })];
    expect(met(stored, live('1'), live('2'), live('3'))).toEqual(['near', 'far', undefined]);
    expect(
      met([log('a', { request_id: 'r' })], live('1', { request_id: 'r' }), live('2', { request_id: 'r' })),
    ).toEqual(['a', undefined]);
  });

  test('again, where they met before', () => {
    const stored = log('a', { confirmed_by: 'claude-code-otel 1' });
    expect(met([stored], live('1', { input_tokens: 1 }), live('2'))).toEqual(['a', undefined]);
    expect(met([log('a')], live('1'), live('1'))).toEqual(['a', 'a']);
  });

  test('not where one is of a turn of a reply that has others', () => {
    const turn = log('a', { request_id: 'r', message_id: 'm/2', output_tokens: 7 });
    const first = log('b', { request_id: 'r', message_id: 'm', output_tokens: 8 });
    expect(met([turn, first], live('1', { request_id: 'r' }))).toEqual(['b']);
    expect(met([turn], live('1', { request_id: 'r' }))).toEqual([undefined]);
  });

  test('not where both are of one source, but for the two stores of Copilot CLI', () => {
    expect(met([log('a')], log('b'))).toEqual([undefined]);
    expect(met([live('a')], live('b'))).toEqual([undefined]);
    const [row, traced] = [report('copilot-cli-log', 'row', { store_row: 1 }), report('copilot-cli-log', 'span')];
    expect(met([row], traced)).toEqual(['row']);
    expect(met([traced], row)).toEqual(['span']);
    expect(met([row], { ...row, usage_id: 'row 2', store_row: 2 })).toEqual([undefined]);
    expect(met([traced], { ...traced, usage_id: 'span 2' })).toEqual([undefined]);
  });
});

describe('the record of two reports', () => {
  const placed = { project: 'site', branch: 'main', session_id: 's' };
  const priced = { cost_usd: 1, cost_known: true, billing_mode: 'estimated', price_source: 'list' } as const;

  test('has the id, time and source of the one that came first, and names the other', () => {
    const one = merged(log('a', { timestamp: time(5) }), live('1'));
    expect(one).toMatchObject({
      usage_id: 'a',
      source: 'claude-code-log',
      timestamp: time(5),
      confirmed_by: 'claude-code-otel 1',
    });
    const other = merged(live('1'), log('a', { timestamp: time(5) }));
    expect(other).toMatchObject({
      usage_id: '1',
      source: 'claude-code-otel',
      timestamp: time(0),
      confirmed_by: 'claude-code-log a',
    });
  });

  test('has the place of the log, whichever came first', () => {
    const [a, b] = [log('a', placed), live('1', { project: 'other', user: 'ann' })];
    expect(merged(a, b)).toMatchObject({ ...placed, user: 'ann' });
    expect(merged(b, a)).toMatchObject({ ...placed, user: 'ann' });
  });

  test('has the tokens and the cost of the fuller one, and notes both totals', () => {
    const placeholder = log('a', { output_tokens: 1, total_tokens: 101, ...priced, cache_write_tokens: 9 });
    const truth = live('1', { cost_usd: 2, cost_known: true, billing_mode: 'known', reasoning_tokens: 3 });
    for (const record of [merged(placeholder, truth), merged(truth, placeholder)]) {
      expect(record).toMatchObject({
        output_tokens: 10,
        total_tokens: 110,
        reasoning_tokens: 3,
        cost_usd: 2,
        billing_mode: 'known',
        log_tokens: 101,
        live_tokens: 110,
      });
      expect('cache_write_tokens' in record || 'price_source' in record).toBe(false);
    }
  });

  test("has the log's where both are equal", () => {
    const [a, b] = [log('a', { ...priced, cache_write_1h_tokens: 5 }), live('1', { cost_usd: 3, cost_known: true })];
    for (const record of [merged(a, b), merged(b, a)]) {
      expect(record).toMatchObject({ ...priced, cache_write_1h_tokens: 5, log_tokens: 110, live_tokens: 110 });
    }
  });

  test('grows with either, and keeps what it was confirmed by', () => {
    const record = merged(log('a'), live('1'));
    const grown = merged(record, log('a', { output_tokens: 50, total_tokens: 150 }));
    expect(grown).toMatchObject({
      total_tokens: 150,
      confirmed_by: 'claude-code-otel 1',
      log_tokens: 150,
      live_tokens: 110,
    });
    const again = merged(grown, live('1', { total_tokens: 90 }));
    expect(again).toMatchObject({ total_tokens: 150, log_tokens: 150, live_tokens: 110 });
  });

  test('of a reply with iterations has those of the log, and compares nothing', () => {
    const record = merged(log('a', { iterations: 2, ...priced }), live('1', { total_tokens: 999, cost_usd: 9 }));
    expect(record).toMatchObject({ total_tokens: 110, cost_usd: 1 });
    expect('log_tokens' in record || 'live_tokens' in record).toBe(false);
  });

  test('of two stores has the charge of the row, and compares nothing', () => {
    const row = report('copilot-cli-log', 'row', { store_row: 1, ...priced });
    const traced = report('copilot-cli-log', 'span', { total_tokens: 500, project: 'site' });
    for (const record of [merged(row, traced), merged(traced, row)]) {
      expect(record).toMatchObject({ ...priced, total_tokens: 110, project: 'site', store_row: 1 });
      expect('log_tokens' in record || 'live_tokens' in record).toBe(false);
    }
  });

  test('has nothing of what an import keeps beside a record', () => {
    const note = Symbol('note');
    const record = merged({ ...log('a'), [note]: 1 }, live('1'));
    expect(Object.getOwnPropertySymbols(record)).toEqual([]);
  });

  test('has no source where the first has none', () => {
    const { source: _, ...stored } = log('a', { confirmed_by: 'x 1' });
    expect(merged(stored, live('1'))).toMatchObject({
      source: null,
      confirmed_by: 'x 1',
    });
  });
});
