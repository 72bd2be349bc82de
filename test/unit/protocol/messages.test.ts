import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_CHOICES, parseChoices } from '../../../src/protocol/choices.ts';
import { parseToHost, parseToView } from '../../../src/protocol/messages.ts';
import type { Snapshot } from '../../../src/protocol/messages.ts';
import { decodeGroup, encodeGroup } from '../../../src/protocol/wire.ts';
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
  const snapshot: Snapshot = {
    type: 'snapshot',
    version: 3,
    loaded: true,
    place: 'panel',
    ledgers: [],
    calendar,
    locale: 'de',
    choices: DEFAULT_CHOICES,
  };

  test('a snapshot, and choices made whole', () => {
    expect(parseToView(snapshot)).toEqual(snapshot);
    expect(parseToView({ ...snapshot, choices: { stack: 'project' } })).toMatchObject({
      choices: { ...DEFAULT_CHOICES, stack: 'project' },
    });
    expect(parseToView({ ...snapshot, place: 'window' })).toBeUndefined();
  });

  test('groups whose money is no number of nano-dollars are refused', () => {
    const group = encodeGroup({ key: ['a'], totals: emptyTotals() });
    const answer = { type: 'answer', id: 1, version: 1, answers: [{ kind: 'groups', groups: [group], slots: [] }] };
    expect(parseToView(answer)).toBeDefined();
    const bad = { ...group, totals: group.totals.with(7, '1e3') };
    expect(parseToView({ ...answer, answers: [{ kind: 'groups', groups: [bad], slots: [] }] })).toBeUndefined();
  });
});

test('money crosses exactly', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10n ** 30n }),
      fc.bigInt({ min: 0n, max: 10n ** 30n }),
      (recorded, estimated) => {
        const group = {
          key: ['2026-11-23', null],
          totals: { ...emptyTotals(), records: 2, recordedNanos: recorded, estimatedNanos: estimated },
          rest: 4,
        };
        const wired: unknown = JSON.parse(JSON.stringify(encodeGroup(group)));
        expect(decodeGroup(wired as ReturnType<typeof encodeGroup>)).toEqual(group);
      },
    ),
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
