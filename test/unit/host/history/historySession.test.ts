import { beforeEach, describe, expect, test, vi } from 'vitest';
import { HistoryPalette } from '../../../../src/host/history/historyPalette.ts';
import { HistorySession } from '../../../../src/host/history/historySession.ts';
import { readDisplayCurrency } from '../../../../src/pricing/currency.ts';
import type { DisplayCurrency } from '../../../../src/pricing/currency.ts';
import { parseChoices } from '../../../../src/protocol/choices.ts';
import type { ToView, WireAnswer } from '../../../../src/protocol/messages.ts';
import { decodeGroups } from '../../../../src/protocol/wire.ts';
import { costNanos, emptyTotals } from '../../../../src/usage/query.ts';
import type { Group, Totals } from '../../../../src/usage/query.ts';
import { addTotals } from '../../../../src/usage/totals.ts';
import { Memento, TableBackend } from '../../../fixtures/tableBackend.ts';
import type { UsageRecord } from '../../../../src/usage/record.ts';

const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };

function record(id: string, model: string, cost: number): UsageRecord {
  return {
    usage_id: id,
    provider: 'p',
    model,
    operation: 'chat',
    input_tokens: 10,
    output_tokens: 5,
    total_tokens: 15,
    cost_usd: cost,
    cost_known: true,
    billing_mode: 'known',
    timestamp: '2026-11-23T10:00:00Z',
  };
}

let backend: TableBackend;
let memory: Memento;
let posted: ToView[];
let say: (message: unknown) => void;
let logged: string[];
let session: HistorySession;

beforeEach(() => {
  backend = new TableBackend(
    [record('1', 'a', 1), record('2', 'b', 2), record('3', 'c', 3)],
    calendar,
    '/l/costs.json',
  );
  memory = new Memento();
  posted = [];
  logged = [];
  session = new HistorySession({
    backend,
    memory,
    palette: new HistoryPalette(memory),
    place: 'panel',
    locale: 'en',
    log: (message) => logged.push(message),
    perform: () => Promise.resolve('Copied.'),
    port: {
      post: (message) => posted.push(message),
      onMessage: (listener) => {
        say = listener;
        return { dispose: () => {} };
      },
    },
  });
});

/** Only what never happens takes this long, even on a busy machine. */
const PATIENCE = { timeout: 60_000 };

const replied = (): boolean => posted.some(({ type }) => type !== 'snapshot');
const settled = (): Promise<boolean> => vi.waitUntil(replied, PATIENCE);
const groupsOf = (answer: WireAnswer | undefined): Group[] =>
  (answer?.kind === 'groups' && decodeGroups(answer.groups)) || [];
const groups = { kind: 'groups', filter: {}, groupBy: ['model'], calendar };

describe('a session', () => {
  test('says nothing before the webview is ready', () => {
    backend.record(record('4', 'a', 1));
    expect(posted).toEqual([]);
    say({ type: 'ready' });
    expect(posted).toMatchObject([{ type: 'snapshot', ledgers: [{ records: 4, primary: true, health: 'ok' }] }]);
  });

  test('does not repeat the snapshot that its page was loaded with', () => {
    const { version } = session.firstSnapshot();
    say({ type: 'ready', version });
    expect(posted).toEqual([]);
  });

  test('says what changed since its page was made', () => {
    const { version, ledgers } = session.firstSnapshot();
    expect(ledgers).toMatchObject([{ records: 3 }]);
    backend.record(record('4', 'a', 1));
    say({ type: 'ready', version });
    expect(posted).toMatchObject([{ type: 'snapshot', ledgers: [{ records: 4 }] }]);
  });

  test('what is to be shown is in the page already, and said again for a page that has its own choices', () => {
    session.show({ search: 'opus' });
    const { version, choices } = session.firstSnapshot();
    expect(choices.search).toBe('opus');
    say({ type: 'ready', version });
    expect(posted).toMatchObject([{ type: 'show', choices: { search: 'opus' } }]);
  });

  test('answers a batch in its order', async () => {
    say({ type: 'ready' });
    say({
      type: 'ask',
      id: 7,
      questions: [groups, { kind: 'page', filter: {}, sort: 'cost', descending: true, offset: 0, limit: 2 }],
    });
    await settled();
    const answer = posted.at(-1);
    expect(answer).toMatchObject({ type: 'answer', id: 7, answers: [{ kind: 'groups' }, { kind: 'page', total: 3 }] });
  });

  test('folds what is beyond the largest, and keeps the sum', async () => {
    say({ type: 'ready' });
    say({ type: 'ask', id: 1, questions: [{ ...groups, top: { count: 1, by: 'cost' } }] });
    await settled();
    const answer = posted.at(-1);
    expect(answer).toMatchObject({
      answers: [
        {
          slots: [['c', 0]],
        },
      ],
    });
    expect(groupsOf(answer?.type === 'answer' ? answer.answers[0] : undefined)).toMatchObject([
      { key: ['c'], totals: { records: 1, recordedNanos: 3_000_000_000n } },
      { key: [null], rest: 2, totals: { records: 2, recordedNanos: 3_000_000_000n } },
    ]);
  });

  test('every request ends in a reply, also one that fails', async () => {
    backend.aggregate = () => Promise.reject(new Error('The disk is on fire.'));
    say({ type: 'ask', id: 3, questions: [groups] });
    await settled();
    expect(posted).toEqual([{ type: 'failed', id: 3, message: 'The disk is on fire.' }]);
  });

  test('a cancelled request has no reply', async () => {
    let answer: (groups: never[]) => void = () => {};
    const asked = new Promise<never[]>((resolve) => (answer = resolve));
    backend.aggregate = () => asked;
    say({ type: 'ask', id: 3, questions: [groups, groups] });
    say({ type: 'cancel', id: 3 });
    answer([]);
    say({ type: 'ask', id: 4, questions: [] });
    await settled();
    expect(posted).toMatchObject([{ type: 'answer', id: 4 }]);
  });

  test('a page that is loaded again does not hear what the one before it asked', async () => {
    let answer = (_groups: never[]): void => {};
    backend.aggregate = () => new Promise((resolve) => (answer = resolve));
    say({ type: 'ask', id: 1, questions: [groups] });
    say({ type: 'ready' });
    answer([]);
    say({ type: 'ask', id: 1, questions: [] });
    await settled();
    expect(posted).toMatchObject([{ type: 'snapshot' }, { type: 'answer', id: 1, answers: [] }]);
  });

  test('what is no message is dropped and named in the log', () => {
    say({ type: 'act', id: 1, action: { verb: 'shell', command: 'rm' } });
    expect(posted).toEqual([]);
    expect(logged).toHaveLength(1);
  });

  test('opens no file but the ledgers shown', async () => {
    say({ type: 'act', id: 1, action: { verb: 'openLedger', path: '/etc/passwd' } });
    await settled();
    expect(posted.at(-1)).toMatchObject({ type: 'failed', id: 1 });
    expect(backend.actions).toEqual([]);
    say({ type: 'act', id: 2, action: { verb: 'openLedger', path: '/l/costs.json', usageId: '1' } });
    await vi.waitFor(() => expect(backend.actions).toHaveLength(1), PATIENCE);
  });

  test('a burst of changes becomes one snapshot; a hidden view gets none until it is shown', async () => {
    vi.useFakeTimers();
    try {
      say({ type: 'ready' });
      for (let n = 0; n < 50; n++) backend.record(record(`n${n}`, 'a', 1));
      await vi.advanceTimersByTimeAsync(200);
      expect(posted).toHaveLength(2);
      session.setVisible(false);
      backend.record(record('late', 'a', 1));
      await vi.advanceTimersByTimeAsync(200);
      expect(posted).toHaveLength(2);
      session.setVisible(true);
      await vi.advanceTimersByTimeAsync(200);
      expect(posted).toHaveLength(3);
    } finally {
      vi.useRealTimers();
    }
  });

  test('shows what it is told to, now or when the webview is ready', () => {
    session.show({ values: { model: ['a'] } });
    expect(posted).toEqual([]);
    say({ type: 'ready' });
    expect(posted.map(({ type }) => type)).toEqual(['show', 'snapshot']);
    session.show({ stack: 'project' });
    expect(posted.at(-1)).toMatchObject({ type: 'show', choices: { stack: 'project', values: { model: ['a'] } } });
  });

  describe('a choice made outside of the page', () => {
    const shows = (): ToView[] => posted.filter(({ type }) => type === 'show');
    const today = { range: { kind: 'today' } } as const;

    test('reaches the page that the editor loads again, when the one of before was gone', () => {
      say({ type: 'ready' });
      session.setVisible(false);
      // To a page that is no longer there: nothing answers.
      session.show(today);
      session.setVisible(true);
      posted.length = 0;
      say({ type: 'ready' });
      expect(shows()).toMatchObject([{ type: 'show', choices: today }]);
    });

    test('is said until the page confirms it, and not again', () => {
      say({ type: 'ready' });
      session.show(today);
      const [shown] = shows();
      say({ type: 'choose', choices: { ...parseChoices({}), search: 'said before it heard' } });
      say({ type: 'ready' });
      expect(shows()).toHaveLength(2);
      say({ type: 'choose', choices: shown?.type === 'show' ? shown.choices : undefined });
      say({ type: 'choose', choices: parseChoices({ range: { kind: 'week' } }) });
      posted.length = 0;
      say({ type: 'ready' });
      expect(shows()).toEqual([]);
      expect(session.firstSnapshot().choices.range).toEqual({ kind: 'week' });
    });

    test('of two, the last counts', () => {
      say({ type: 'ready' });
      session.show(today);
      session.show({ range: { kind: 'month' }, search: 'opus' });
      posted.length = 0;
      say({ type: 'ready' });
      expect(shows()).toMatchObject([{ choices: { range: { kind: 'month' }, search: 'opus' } }]);
    });

    test('outlives an answer to an older one', () => {
      say({ type: 'ready' });
      session.show(today);
      const [first] = shows();
      session.show({ range: { kind: 'month' } });
      say({ type: 'choose', choices: first?.type === 'show' ? first.choices : undefined });
      posted.length = 0;
      say({ type: 'ready' });
      expect(shows()).toMatchObject([{ choices: { range: { kind: 'month' } } }]);
    });
  });
});

describe('in another currency', () => {
  const currency = (value: unknown): DisplayCurrency => {
    const read = readDisplayCurrency(value);
    if ('problem' in read) throw new Error(read.problem);
    return read;
  };
  const dated = currency({ currency: 'EUR', rates: { '2026-11-01': 0.5, '2026-11-10': '0.333333333333' } });
  const at = (id: string, model: string, cost: number, day: string): UsageRecord => ({
    ...record(id, model, cost),
    timestamp: `${day}T10:00:00Z`,
  });
  const spread = [
    at('4', 'a', 0.1, '2026-10-31'),
    at('5', 'a', 4, '2026-11-09'),
    { ...at('6', 'b', 0.3, '2026-11-10'), billing_mode: 'estimated' as const },
    { ...at('7', 'c', 0, '2026-10-01'), cost_known: false },
  ];
  const ask = async (questions: readonly unknown[]): Promise<Extract<ToView, { type: 'answer' }>['answers']> => {
    posted.length = 0;
    say({ type: 'ask', id: 9, questions });
    await settled();
    const [answer] = posted;
    return answer?.type === 'answer' ? answer.answers : [];
  };
  const totalsOf = (answer: Awaited<ReturnType<typeof ask>>[number] | undefined): Totals => {
    const all = emptyTotals();
    for (const { totals } of groupsOf(answer)) addTotals(all, totals);
    return all;
  };

  test('the snapshot says nothing of USD', () => {
    say({ type: 'ready' });
    expect(posted[0]).not.toHaveProperty('currency');
  });

  test('one rate multiplies, and is named', async () => {
    backend.currency = currency({ currency: 'EUR', rate: 0.92 });
    say({ type: 'ready' });
    expect(posted[0]).toMatchObject({ currency: { code: 'EUR', note: expect.stringContaining('USD 1 = EUR 0.92') } });
    const [answer] = await ask([groups]);
    expect(totalsOf(answer)).toMatchObject({ recordedNanos: 5_520_000_000n * 10n ** 12n });
  });

  test("each day has that day's rate, and however it is grouped the sum is one", async () => {
    backend.record(...spread);
    backend.currency = dated;
    say({ type: 'ready' });
    const groupings = [
      [],
      ['model'],
      ['day'],
      ['hour', 'model'],
      ['month', 'model'],
      ['week', 'provider', 'model'],
      ['cost'],
    ];
    const answers = await ask([
      ...groupings.map((groupBy) => ({ ...groups, groupBy })),
      { ...groups, groupBy: ['month', 'model'], top: { count: 1, by: 'cost' } },
    ]);
    const expected = {
      ...emptyTotals(),
      records: 7,
      inputTokens: 70,
      outputTokens: 35,
      totalTokens: 105,
      recordedNanos: 4_000_000_000n * 500_000_000_000n + 6_000_000_000n * 333_333_333_333n,
      estimatedNanos: 300_000_000n * 333_333_333_333n,
      estimated: 1,
      unpriced: 1,
      unconvertedNanos: 100_000_000n,
    };
    expect(answers).toHaveLength(8);
    for (const answer of answers) expect(totalsOf(answer)).toEqual(expected);
  });

  test('a day without a rate stays in USD, and one of unknown costs needs none', async () => {
    backend.record(...spread);
    backend.currency = dated;
    say({ type: 'ready' });
    const until = Date.parse('2026-11-01T00:00:00Z');
    const [days] = await ask([{ ...groups, groupBy: ['day'], filter: { until } }]);
    const [unknown, early] = groupsOf(days).map(({ totals }) => totals);
    expect(early).toMatchObject({ recordedNanos: 0n, unconvertedNanos: 100_000_000n });
    expect(unknown).toMatchObject({ records: 1, unpriced: 1 });
    expect(unknown).not.toHaveProperty('unconvertedNanos');
  });

  test('records keep their USD, with the amount beside it where there is one', async () => {
    backend.record(...spread);
    backend.currency = dated;
    say({ type: 'ready' });
    const page = { kind: 'page', filter: {}, sort: 'time', descending: false, offset: 0, limit: 10 };
    const [answer, sum] = await ask([page, groups]);
    const rows = answer?.kind === 'page' ? answer.rows : [];
    expect(rows.map(({ record, amount }) => [record.usage_id, record.cost_usd, amount])).toEqual([
      ['7', 0, undefined],
      ['4', 0.1, undefined],
      ['5', 4, `2${'0'.repeat(21)}`],
      ['6', 0.3, '99999999999900000000'],
      ...['1', '2', '3'].map((id) => [id, Number(id), `${333_333_333_333 * Number(id)}000000000`]),
    ]);
    const added = rows.reduce((total, { amount }) => total + BigInt(amount ?? 0), 0n);
    expect(costNanos(totalsOf(sum))).toBe(added);
  });

  test('an answer is in the currency of the snapshot before it', async () => {
    say({ type: 'ready' });
    let answer = (): void => {};
    const aggregate = backend.aggregate.bind(backend);
    backend.aggregate = async (query) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return aggregate(query);
    };
    posted.length = 0;
    say({ type: 'ask', id: 1, questions: [groups] });
    backend.setCurrency(currency({ currency: 'EUR', rate: 2 }));
    await vi.waitUntil(() => posted.length === 1, PATIENCE);
    backend.aggregate = aggregate;
    answer();
    await settled();
    expect(posted.map(({ type }) => type)).toEqual(['snapshot', 'answer']);
    const [, said] = posted;
    expect(totalsOf(said?.type === 'answer' ? said.answers[0] : undefined).recordedNanos).toBe(12n * 10n ** 21n);
  });
});

describe('dated snapshots of models', () => {
  const answersTo = async (...questions: unknown[]): Promise<WireAnswer[]> => {
    say({ type: 'ready' });
    posted.length = 0;
    say({ type: 'ask', id: 1, questions });
    await settled();
    const [answer] = posted;
    return answer?.type === 'answer' ? answer.answers : [];
  };
  const folded = { folded: true };
  beforeEach(() => {
    backend.record(record('4', 'c-20250929', 10));
    backend.record(record('5', 'c@20251101', 4));
    backend.record(record('6', 'd', 12));
  });

  test('are added up in their model before the largest are kept', async () => {
    const [all, top, day, apart] = await answersTo(
      { ...groups, filter: folded },
      { ...groups, filter: folded, top: { count: 1, by: 'cost' } },
      { ...groups, filter: folded, groupBy: ['provider', 'model'] },
      groups,
    );
    const costs = (answer: WireAnswer | undefined): unknown[] =>
      groupsOf(answer).map(({ key, totals }) => [key.at(-1), totals.records, Number(totals.recordedNanos) / 1e9]);
    expect(costs(all)).toEqual([
      ['c', 3, 17],
      ['d', 1, 12],
      ['b', 1, 2],
      ['a', 1, 1],
    ]);
    expect(costs(top)).toEqual([
      ['c', 3, 17],
      [null, 3, 15],
    ]);
    expect(costs(day)).toContainEqual(['c', 3, 17]);
    expect(costs(apart)).toContainEqual(['c-20250929', 1, 10]);
  });

  test('are found by the name of their model, also by an export', async () => {
    const only = { ...folded, values: { model: ['c'] } };
    const page = { kind: 'page', sort: 'cost', descending: true, offset: 0, limit: 9 };
    const answers = await answersTo(
      { ...page, filter: only },
      { ...page, filter: { values: { model: ['c'] } } },
      { ...page, filter: { ...folded, values: { model: ['c-20250929'] } } },
    );
    expect(answers).toMatchObject([{ total: 3 }, { total: 1 }, { total: 1 }]);
    posted.length = 0;
    say({ type: 'act', id: 2, action: { verb: 'export', format: 'csv', filter: only } });
    await settled();
    expect(backend.actions).toEqual([
      { verb: 'export', format: 'csv', filter: { values: { model: ['c', 'c@20251101', 'c-20250929'].toSorted() } } },
    ]);
  });
});

describe('the palette', () => {
  test('a value keeps its colour over windows, whatever is seen later', () => {
    const first = new HistoryPalette(memory).slots('model', ['b', 'a']);
    expect(first).toEqual([
      ['b', 0],
      ['a', 1],
    ]);
    expect(new HistoryPalette(memory).slots('model', ['c', 'a', '__proto__'])).toEqual([
      ['c', 2],
      ['a', 1],
      ['__proto__', 3],
    ]);
  });

  test('a model has the hue of its provider, in a shade of its own', () => {
    const providers = new Map([
      ['gpt-5', 'openai'],
      ['gpt-5-mini', 'openai'],
      ['opus', 'anthropic'],
    ]);
    const of = (model: string): string => providers.get(model) ?? '';
    const first = new HistoryPalette(memory).modelSlots(['gpt-5', 'opus', 'gpt-5-mini'], of);
    expect(first).toEqual([
      ['gpt-5', 0],
      ['opus', 1],
      ['gpt-5-mini', 12],
    ]);
    expect(new HistoryPalette(memory).modelSlots(['gpt-5-mini'], of)).toEqual([['gpt-5-mini', 12]]);
    expect(new HistoryPalette(memory).slots('provider', ['anthropic'])).toEqual([['anthropic', 1]]);
  });

  test('remembers no endless list', () => {
    const many = Array.from({ length: 1000 }, (_, n) => `session-${n}`);
    const palette = new HistoryPalette(memory);
    const slots = palette.slots('session', many);
    expect(palette.slots('session', many)).toEqual(slots);
    expect(JSON.stringify(memory.get('llmSpend.history.palette')).length).toBeLessThan(5000);
  });
});
