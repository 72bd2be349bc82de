import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { load } from '../../../media/load.ts';
import { pathId } from '../../../media/model/breakdown.ts';
import { filterOf } from '../../../media/model/questions.ts';
import type { AskHost } from '../../../media/model/questions.ts';
import { rangeOfChoice } from '../../../media/model/range.ts';
import { sum } from '../../../media/model/totals.ts';
import { HistoryPalette } from '../../../src/host/history/historyPalette.ts';
import { HistorySession } from '../../../src/host/history/historySession.ts';
import { CHART_BUCKETS, DEFAULT_CHOICES } from '../../../src/protocol/choices.ts';
import type { Choices, RangeChoice } from '../../../src/protocol/choices.ts';
import { parseToView } from '../../../src/protocol/messages.ts';
import type { HostAnswer } from '../../../src/protocol/messages.ts';
import { PERIODS } from '../../../src/usage/time/period.ts';
import { DIMENSIONS } from '../../../src/usage/dimensions.ts';
import { costKind } from '../../../src/usage/query.ts';
import type { CostKind } from '../../../src/usage/query.ts';
import { usdToNanos } from '../../../src/usage/money.ts';
import { Memento, TableBackend } from '../../fixtures/tableBackend.ts';
import { matches, sum as naiveSum } from '../columns/naive.ts';
import { calendars, instant, records as record } from '../usage/records.ts';
import { runs } from '../../long.ts';

/** Asks a session as the webview does: messages that are cloned and parsed on their way. */
function askSession(backend: TableBackend): AskHost {
  const waiting = new Map<number, (answers: HostAnswer[]) => void>();
  let say = (_message: unknown): void => {};
  const memory = new Memento();
  const session = new HistorySession({
    backend,
    memory,
    palette: new HistoryPalette(memory),
    place: 'panel',
    locale: 'en',
    log: (message) => {
      throw new Error(message);
    },
    perform: () => Promise.resolve(undefined),
    port: {
      post: (message) => {
        const heard = parseToView(structuredClone(message));
        if (heard?.type !== 'answer') throw new Error(JSON.stringify(message));
        waiting.get(heard.id)?.(heard.answers);
      },
      onMessage: (listener) => {
        say = listener;
        return { dispose: () => {} };
      },
    },
  });
  expect(session).toBeDefined();
  let id = 0;
  return (_purpose, questions) =>
    new Promise((resolve) => {
      waiting.set(++id, resolve);
      say(structuredClone({ type: 'ask', id, questions }));
    });
}

const day = instant.map((ms) => new Date(Math.max(ms, 0)).toISOString().slice(0, 10));
const ranges: fc.Arbitrary<RangeChoice> = fc.oneof(
  fc.constantFrom(...PERIODS).map((kind) => ({ kind })),
  fc.tuple(day, day).map(([a, b]) => ({ kind: 'dates' as const, from: a < b ? a : b, to: a < b ? b : a })),
);
const choices: fc.Arbitrary<Choices> = fc
  .record({
    range: ranges,
    bucket: fc.constantFrom('auto', ...CHART_BUCKETS),
    stack: fc.constantFrom(...DIMENSIONS.filter((dimension) => dimension !== 'tag')),
    values: fc.constantFrom({}, { provider: ['openai', 'google'] }, { project: [null, 'alpha'] }),
    search: fc.constantFrom('', 'chat', 'gpt'),
  })
  .map((some) => ({ ...DEFAULT_CHOICES, ...some }));

const span = fc
  .tuple(instant, fc.integer({ min: 1, max: 1000 }))
  .map(([since, days]) => ({ since, until: since + days * 86_400_000 }));

test('every view has the same sum, to the nano-dollar: that of the records themselves', async () => {
  const lists = fc.uniqueArray(record, { selector: ({ usage_id }) => usage_id, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(lists, choices, calendars, instant, span, async (list, chosen, calendar, now, before) => {
      const ledger = '/ledger/costs.json';
      const ask = askSession(new TableBackend(list, calendar, ledger));
      const snapshot = { version: 1, calendar };
      const shown = await load(ask, snapshot, { choices: chosen, expanded: [], now });

      // Whatever the view showed before, and its bars were taken to be.
      const next = await load(ask, snapshot, { choices: chosen, expanded: [], now }, { choices: chosen, span: before });
      expect(next.chart).toEqual(shown.chart);

      const range = rangeOfChoice(chosen.range, now, calendar);
      const filter = filterOf(chosen, range);
      const rows = list.map((each) => ({ ledger, record: each })).filter((row) => matches(row, filter));
      const expected = naiveSum(rows);
      expect(shown.totals).toEqual(expected);
      expect(shown.chart.totals).toEqual(expected);
      const children = shown.children.get(pathId([]))?.groups ?? [];
      expect(sum(children.map(({ totals }) => totals))).toEqual(expected);

      const isPlan = (charge: unknown): boolean => charge === 'plan' || charge === 'credits';
      const ofKind = (kind: CostKind): bigint =>
        shown.records
          .loaded()
          .filter(({ record: { charge } }) => !isPlan(charge))
          .filter(({ record: { billing_mode, cost_known, price_source } }) => {
            const source = typeof price_source === 'string' ? price_source : null;
            return costKind({ billing_mode, cost_known, price_source: source }) === kind;
          })
          .reduce((whole, { record: { cost_usd } }) => whole + usdToNanos(cost_usd), 0n);
      expect(shown.records.total).toBe(expected.records);
      expect(ofKind('recorded')).toBe(expected.recordedNanos);
      expect(ofKind('estimated')).toBe(expected.estimatedNanos);
      const covered = shown.records
        .loaded()
        .filter(({ record: { charge, cost_known } }) => isPlan(charge) && cost_known);
      expect(covered.reduce((whole, { record: { cost_usd } }) => whole + usdToNanos(cost_usd), 0n)).toBe(
        expected.planNanos,
      );
    }),
    { numRuns: runs(20) },
  );
});
