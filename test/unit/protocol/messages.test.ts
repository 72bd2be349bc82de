import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_CHOICES, parseChoices } from '../../../src/protocol/choices.ts';
import { parseToHost, parseToView } from '../../../src/protocol/messages.ts';
import type { HistorySnapshot } from '../../../src/protocol/messages.ts';
import { decodeGroups, encodeGroups } from '../../../src/protocol/wire.ts';
import { emptyTotals } from '../../../src/usage/query.ts';

const calendar = { timeZone: 'Europe/Berlin', firstDayOfWeek: 1 };

describe('what the host hears', () => {
  test('nothing but its own messages', () => {
    for (const value of [undefined, null, 1, 'ready', {}, { type: 'eval' }, [], { type: 'ask' }]) {
      expect(parseToHost(value)).toBeUndefined();
    }
    expect(parseToHost({ type: 'ready' })).toEqual({ type: 'ready' });
  });

  test('only closed verbs', () => {
    expect(parseToHost({ type: 'act', id: 1, action: { verb: 'record' } })).toBeDefined();
    expect(parseToHost({ type: 'act', id: 1, action: { verb: 'executeCommand', command: 'x' } })).toBeUndefined();
    expect(parseToHost({ type: 'act', id: 1, action: { verb: 'remove', ids: [] } })).toBeUndefined();
  });

  test('questions within their limits', () => {
    const page = { kind: 'page', filter: {}, sort: 'time', descending: true, offset: 0, limit: 500 };
    expect(parseToHost({ type: 'ask', id: 1, questions: [page] })).toBeDefined();
    expect(parseToHost({ type: 'ask', id: 1, questions: [{ ...page, limit: 501 }] })).toBeUndefined();
    expect(parseToHost({ type: 'ask', id: 1, questions: [{ ...page, offset: -1 }] })).toBeUndefined();
    expect(parseToHost({ type: 'ask', id: 1, questions: [{ ...page, sort: 'password' }] })).toBeUndefined();
    const groups = { kind: 'groups', filter: { values: { model: ['a', null] } }, groupBy: ['day', 'model'], calendar };
    expect(parseToHost({ type: 'ask', id: 1, questions: [groups] })).toBeDefined();
    expect(parseToHost({ type: 'ask', id: 1, questions: [{ ...groups, groupBy: ['second'] }] })).toBeUndefined();
    expect(
      parseToHost({ type: 'ask', id: 1, questions: [{ ...groups, filter: { since: Infinity } }] }),
    ).toBeUndefined();
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        parseToHost(value);
        parseToView(value);
      }),
    );
  });
});

describe('what the webview hears', () => {
  const snapshot: HistorySnapshot = {
    type: 'snapshot',
    version: 3,
    loaded: true,
    place: 'panel',
    ledgers: [],
    calendar,
    locale: 'de',
    choices: DEFAULT_CHOICES,
    budgets: [],
  };

  test('a snapshot, and choices made whole', () => {
    expect(parseToView(snapshot)).toEqual(snapshot);
    expect(parseToView({ ...snapshot, choices: { stack: 'project' } })).toMatchObject({
      choices: { ...DEFAULT_CHOICES, stack: 'project' },
    });
    expect(parseToView({ ...snapshot, place: 'window' })).toBeUndefined();
  });

  test('groups that are not whole are refused, and with them the answer', () => {
    const group = { key: ['a'], totals: { ...emptyTotals(), records: 1, recordedNanos: 7n } };
    const wire = encodeGroups([group]);
    const parsed = (groups: unknown): unknown =>
      parseToView({ type: 'answer', id: 1, version: 1, answers: [{ kind: 'groups', groups, slots: [] }] });
    expect(parsed(wire)).toMatchObject({ answers: [{ groups: [group] }] });
    const bad = [
      undefined,
      null,
      [],
      {},
      'x',
      { ...wire, depth: 2 },
      { ...wire, texts: [] },
      { ...wire, texts: [1] },
      { ...wire, groups: wire.groups.replace('7', '1e3') },
      { ...wire, groups: wire.groups.replace('7', '7.5') },
      { ...wire, groups: wire.groups.replace('7', '9'.repeat(61)) },
      { ...wire, groups: wire.groups.replace('1', 'one') },
      { ...wire, groups: wire.groups.replace('0', '') },
      { ...wire, groups: `${wire.groups};` },
      { ...wire, groups: `${wire.groups},` },
    ];
    for (const groups of bad) expect(parsed(groups), JSON.stringify(groups)).toBeUndefined();
  });
});

test('groups cross exactly, whatever their keys, counts and money', () => {
  const money = fc.bigInt({ min: 0n, max: 10n ** 50n });
  const count = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 2 ** 53, 1e21));
  const tokens = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 2n ** 53n, 10n ** 40n + 1n));
  const totals = fc.record({
    records: count,
    inputTokens: tokens,
    outputTokens: tokens,
    totalTokens: tokens,
    cacheReadTokens: tokens,
    cacheWriteTokens: tokens,
    reasoningTokens: tokens,
    guessedTokens: tokens,
    recordedNanos: money,
    estimatedNanos: money,
    planNanos: money,
    plan: count,
    estimated: count,
    unpriced: count,
  });
  const withUnconverted = fc
    .tuple(totals, fc.option(money))
    .map(([sums, unconvertedNanos]) => (unconvertedNanos === null ? sums : { ...sums, unconvertedNanos }));
  const text = fc.option(fc.oneof(fc.string(), fc.constantFrom('', ',', ';', '0', '2026-11-23')));
  const anyGroups = fc
    .nat(3)
    .chain((depth) =>
      fc.array(
        fc
          .tuple(fc.array(text, { minLength: depth, maxLength: depth }), withUnconverted, fc.option(fc.nat()))
          .map(([key, sums, rest]) => (rest === null ? { key, totals: sums } : { key, totals: sums, rest })),
      ),
    );
  fc.assert(
    fc.property(anyGroups, (groups) => {
      expect(decodeGroups(JSON.parse(JSON.stringify(encodeGroups(groups))))).toEqual(groups);
    }),
  );
});

describe('choices', () => {
  test('nothing kept: the defaults', () => {
    for (const value of [undefined, null, 'x', 4, [], {}]) expect(parseChoices(value)).toEqual(DEFAULT_CHOICES);
  });

  test('what does not fit falls back alone', () => {
    const kept = { stack: 'project', range: { kind: 'dates', from: '2026-02-01', to: '2026-01-01' }, search: 5 };
    expect(parseChoices(kept)).toEqual({ ...DEFAULT_CHOICES, stack: 'project' });
    expect(parseChoices({ levels: ['model', 'model'] }).levels).toEqual(DEFAULT_CHOICES.levels);
    expect(parseChoices({ range: { kind: 'dates', from: '2026-02-30x', to: '2026-03-01' } }).range).toEqual(
      DEFAULT_CHOICES.range,
    );
  });

  test('parsing twice changes nothing', () => {
    fc.assert(
      fc.property(fc.object(), (value) => {
        const once = parseChoices(value);
        expect(parseChoices(structuredClone(once))).toEqual(once);
      }),
    );
  });
});
