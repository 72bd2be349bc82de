import { describe, expect, test } from 'vitest';
import { alternativesTo, loosened } from '../../../media/model/alternatives.ts';
import { filterMessage, filterOf, groups, page } from '../../../media/model/questions.ts';
import { DEFAULT_CHOICES } from '../../../src/protocol/choices.ts';
import type { Choices } from '../../../src/protocol/choices.ts';
import type { HostAnswer, Question } from '../../../src/protocol/messages.ts';
import { emptyTotals } from '../../../src/usage/query.ts';

const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
const now = Date.parse('2026-11-23T14:30:00Z');
const choices: Choices = {
  ...DEFAULT_CHOICES,
  foldSnapshots: false,
  range: { kind: 'today' },
  values: { model: ['gpt-5'], project: [null] },
  search: 'opus  cost>1',
};
const TODAY = { since: Date.parse('2026-11-23T00:00:00Z'), until: Date.parse('2026-11-24T00:00:00Z') };

describe('the ways out of an empty list', () => {
  test('leave out one restriction each', () => {
    expect(loosened(choices)).toEqual([
      { label: 'All time', changes: { range: { kind: 'all' } } },
      { label: 'Any model', changes: { values: { project: [null] } } },
      { label: 'Any project', changes: { values: { model: ['gpt-5'] } } },
      { label: 'Without opus', changes: { search: 'cost>1' } },
      { label: 'Without cost>1', changes: { search: 'opus' } },
    ]);
    expect(loosened({ ...choices, range: { kind: 'all' }, values: {}, search: '' })).toEqual([]);
  });

  let questions: readonly Question[] = [];

  /** A host that finds so many calls for each question; `undefined`: it has no answer. */
  async function found(calls: readonly (number | undefined)[], of = choices): Promise<[string, number][]> {
    const asked: [string, readonly Question[]][] = [];
    const ways = await alternativesTo(
      (purpose, questions) => {
        asked.push([purpose, questions]);
        return Promise.resolve(
          calls.map((records): HostAnswer => {
            if (records === undefined) return { kind: 'groups', groups: [] } as unknown as HostAnswer;
            if (records < 0) return { kind: 'error', groups: [{ totals: { records: 3 } }] } as unknown as HostAnswer;
            return { kind: 'groups', groups: [{ key: [], totals: { ...emptyTotals(), records } }], slots: [] };
          }),
        );
      },
      { calendar },
      of,
      now,
    );
    expect(asked.map(([purpose]) => purpose)).toEqual(['alternatives']);
    questions = asked[0]?.[1] ?? [];
    return ways.map(({ label, calls: count }) => [label, count]);
  }
  test('are those that find calls, the most first', async () => {
    expect(await found([3, 0, 12, undefined, 1])).toEqual([
      ['Any project', 12],
      ['All time', 3],
      ['Without cost>1', 1],
    ]);
    expect(await found([-1, -1, 2])).toEqual([['Any project', 2]]);
  });

  test('are counted in one question each, of the other restrictions', async () => {
    await found([]);
    const values = { model: ['gpt-5'], project: [null] };
    const rest = { groupBy: [], calendar, kind: 'groups', top: undefined };
    expect(questions).toEqual([
      { ...rest, filter: { values, search: 'opus  cost>1' } },
      { ...rest, filter: { ...TODAY, values: { project: [null] }, search: 'opus  cost>1' } },
      { ...rest, filter: { ...TODAY, values: { model: ['gpt-5'] }, search: 'opus  cost>1' } },
      { ...rest, filter: { ...TODAY, values, search: 'cost>1' } },
      { ...rest, filter: { ...TODAY, values, search: 'opus' } },
    ]);
  });

  test('are at most twelve', async () => {
    const search = Array.from({ length: 20 }, (_, i) => `word${i}`).join(' ');
    await found([], { ...choices, search });
    expect(questions).toHaveLength(12);
  });
});

describe('a question to the host', () => {
  test('has no restriction that the choices do not make', () => {
    const none = { values: {}, search: ' \t', foldSnapshots: false };
    expect(filterOf(none)).toEqual({});
    expect(filterOf({ ...none, foldSnapshots: true, search: ' a ' }, { since: 0 })).toEqual({
      folded: true,
      since: 0,
      search: 'a',
    });
    expect(filterOf({ ...none, values: { model: [] } }, { until: 0 })).toEqual({ until: 0, values: { model: [] } });
  });

  test('has lists of its own, which the page may not change afterwards', () => {
    const values = { model: ['a', null] };
    const message = filterMessage({ since: 1, values });
    values.model.push('later');
    expect(message).toEqual({ since: 1, values: { model: ['a', null] } });
    expect(filterMessage({ until: 2 })).toEqual({ until: 2 });
  });

  test('asks for groups, or for a page of records', () => {
    const top = { count: 8, by: 'tokens' } as const;
    expect(groups({ search: 'x' }, ['day', 'model'], calendar, top)).toEqual({
      kind: 'groups',
      filter: { search: 'x' },
      groupBy: ['day', 'model'],
      calendar,
      top,
    });
    expect(page({ search: 'x' }, { by: 'cost', descending: false }, 60, 120)).toEqual({
      kind: 'page',
      filter: { search: 'x' },
      sort: 'cost',
      descending: false,
      offset: 60,
      limit: 120,
    });
  });
});
