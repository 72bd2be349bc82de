import { convertedCost, convertedGroups } from '../../pricing/converted.ts';
import { currencyNote, sameCurrency } from '../../pricing/currency.ts';
import type { DisplayCurrency } from '../../pricing/currency.ts';
import { DEFAULT_CHOICES, parseChoices, sameChoices } from '../../protocol/choices.ts';
import type { Choices } from '../../protocol/choices.ts';
import { parseToHost } from '../../protocol/messages.ts';
import type {
  Action,
  GroupsQuestion,
  LedgerInfo,
  Question,
  HistorySnapshot,
  ToView,
  WireAnswer,
} from '../../protocol/messages.ts';
import { Coalescer } from '../../system/coalescer.ts';
import { encodeGroups } from '../../protocol/wire.ts';
import { isDimension } from '../../usage/dimensions.ts';
import type { Group } from '../../usage/query.ts';
import { LedgerModels } from './ledgerModels.ts';
import { isEditorAction } from './historyContract.ts';
import type { Disposable, HistoryBackend, SessionOptions } from './historyContract.ts';
import type { Memory } from './historyPalette.ts';

const CHOICES_KEY = 'llmSpend.history.choices';
/** Limits repaints while records arrive in quick succession. */
const SNAPSHOT_TIMING = { quietMs: 0, maxWaitMs: 0, intervalMs: 100 };
const MAX_COLOURED = 32;
const MAX_PROBLEMS = 50;

/**
 * The conversation with one webview: answers its questions, and sends a snapshot after each change of the ledgers or settings.
 * Does not use `vscode`, so that the same code runs in tests and with the development page.
 */
export class HistorySession {
  readonly #options: SessionOptions;
  readonly #subscriptions: Disposable[];
  readonly #running = new Map<number, AbortController>();
  readonly #models: LedgerModels;
  #ready = false;
  #visible = true;
  #stale = false;
  readonly #snapshots = new Coalescer(() => Promise.resolve(this.#snapshot()), { timing: SNAPSHOT_TIMING });
  /** Choices that were sent to the webview and not confirmed yet. */
  #asked: Choices | undefined;
  /** The currency of the last snapshot, in which the webview interprets amounts. */
  #currency: DisplayCurrency | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#models = new LedgerModels(options.backend);
    this.#subscriptions = [
      options.port.onMessage((message) => this.#onMessage(message)),
      options.backend.onDidChange(() => this.#changed()),
    ];
  }

  /** For the page about to be loaded, which answers when it is ready. */
  firstSnapshot(): HistorySnapshot {
    return this.#compose();
  }

  /** A hidden webview receives nothing; when shown it receives the newest snapshot at once. */
  setVisible(visible: boolean): void {
    this.#visible = visible;
    if (visible && this.#stale) this.#changed();
  }

  /**
   * Makes the webview show `choices`, now or as soon as it is ready. The editor discards the page of a hidden webview together
   * with any messages on their way, so the choices are sent to each page that loads until one confirms them.
   */
  show(choices: Partial<Choices>): void {
    this.#asked = parseChoices({ ...this.#choices(), ...choices });
    void this.#options.memory.update(CHOICES_KEY, this.#asked);
    if (this.#ready) this.#postAsked();
  }

  dispose(): void {
    this.#snapshots.dispose();
    for (const controller of this.#running.values()) controller.abort();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #postAsked(): void {
    if (this.#asked !== undefined) this.#options.port.post({ type: 'show', choices: this.#asked });
  }

  #choices(): Choices {
    return storedChoices(this.#options.memory);
  }

  #changed(): void {
    if (!this.#ready) return;
    if (!this.#visible) {
      this.#stale = true;
      return;
    }
    this.#snapshots.request();
  }

  readonly #inLanguage = (english: string): string => this.#options.inLanguage?.(english) ?? english;

  #snapshot(): void {
    this.#stale = false;
    this.#options.port.post(this.#compose());
  }

  #compose(): HistorySnapshot {
    const { backend, place, locale } = this.#options;
    const { version, loaded, ledgers, failure, updatedAt } = backend.snapshot;
    const message: HistorySnapshot = {
      type: 'snapshot',
      version,
      loaded,
      place,
      ledgers: ledgers.map((ledger) => describeLedger(ledger, this.#inLanguage)),
      calendar: backend.calendar,
      locale,
      choices: this.#choices(),
      budgets: [...backend.budgets],
    };
    if (!sameCurrency(this.#currency, backend.currency)) this.#currency = backend.currency;
    if (this.#currency !== undefined) {
      message.currency = { code: this.#currency.currency, note: currencyNote(this.#currency) };
    }
    if (backend.priceDays !== undefined) message.priceDays = backend.priceDays;
    if (backend.scope !== undefined) message.scope = backend.scope;
    if (failure !== undefined) message.failure = this.#inLanguage(failure);
    if (updatedAt !== undefined) message.updatedAt = updatedAt;
    return message;
  }

  #onMessage(value: unknown): void {
    const message = parseToHost(value);
    if (message === undefined) {
      this.#options.log('The cost history sent a message that it may not send; it was dropped.');
      return;
    }
    switch (message.type) {
      case 'ready':
        // The page was loaded, perhaps again. It numbers its requests from 1, so answers to an earlier page must not reach it.
        for (const controller of this.#running.values()) controller.abort();
        this.#running.clear();
        this.#ready = true;
        // Sent before the snapshot, because the page starts to ask once it has one.
        this.#postAsked();
        if (message.version !== this.#options.backend.snapshot.version) void this.#snapshots.now();
        break;
      case 'ask':
        void this.#reply(message.id, (signal) => this.#answer(message.id, message.questions, signal));
        break;
      case 'act':
        void this.#reply(message.id, () => this.#act(message.id, message.action));
        break;
      case 'cancel':
        this.#running.get(message.id)?.abort();
        break;
      case 'choose':
        if (this.#asked !== undefined && sameChoices(message.choices, this.#asked)) this.#asked = undefined;
        void this.#options.memory.update(CHOICES_KEY, this.#asked ?? message.choices);
        break;
      default:
        message satisfies never;
    }
  }

  /** Every request gets exactly one reply, unless the webview cancelled it. */
  async #reply(id: number, work: (signal: AbortSignal) => Promise<ToView>): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    let reply: ToView;
    try {
      reply = await work(controller.signal);
    } catch (error) {
      reply = { type: 'failed', id, message: this.#inLanguage(error instanceof Error ? error.message : String(error)) };
    }
    if (this.#running.get(id) === controller) this.#running.delete(id);
    if (!controller.signal.aborted) this.#options.port.post(reply);
  }

  async #answer(id: number, questions: readonly Question[], signal: AbortSignal): Promise<ToView> {
    const { version } = this.#options.backend.snapshot;
    const currency = this.#currency;
    const answers: WireAnswer[] = [];
    for (const question of questions) {
      signal.throwIfAborted();
      if (question.kind === 'groups') answers.push(await this.#groups(question, currency));
      else if (question.kind === 'page') answers.push(await this.#page(question, currency));
      else if (question.kind === 'money')
        answers.push({ kind: 'money', report: await this.#options.backend.money(question, signal) });
      else answers.push({ kind: 'coverage', report: await this.#options.backend.coverage(signal) });
    }
    // The webview has received a snapshot in another currency since, and would show these amounts in that currency.
    if (this.#currency !== currency) return this.#answer(id, questions, signal);
    return { type: 'answer', id, version, answers };
  }

  async #page(
    question: Extract<Question, { kind: 'page' }>,
    currency: DisplayCurrency | undefined,
  ): Promise<WireAnswer> {
    const { backend } = this.#options;
    const { total, rows } = await backend.page({ ...question, filter: await this.#models.filter(question.filter) });
    if (currency === undefined) return { kind: 'page', total, rows };
    const { calendar } = backend;
    return {
      kind: 'page',
      total,
      rows: rows.map((row) => ({ ...row, amount: convertedCost(row.record, calendar, currency) })),
    };
  }

  async #groups(
    question: Extract<Question, { kind: 'groups' }>,
    currency: DisplayCurrency | undefined,
  ): Promise<WireAnswer> {
    const { backend } = this.#options;
    const ask: HistoryBackend['aggregate'] = (query) => backend.aggregate(query);
    const groups = await this.#models.groups(question, (query) =>
      currency === undefined ? ask(query) : convertedGroups(ask, query, currency),
    );
    return { kind: 'groups', groups: encodeGroups(groups), slots: await this.#slots(question, groups) };
  }

  /** The colours of the values of the innermost dimension. */
  async #slots({ groupBy, filter }: GroupsQuestion, groups: readonly Group[]): Promise<[string, number][]> {
    const inner = groupBy.at(-1);
    if (inner === undefined || !isDimension(inner)) return [];
    const { palette } = this.#options;
    const values = distinct(groups);
    if (inner !== 'model') return palette.slots(inner, values);
    // Below one provider, a model has that provider's hue, also if it costs more elsewhere.
    const [only, another] = filter.values?.provider ?? [];
    const providers = await this.#models.providers();
    return palette.modelSlots(values, (model) =>
      typeof only === 'string' && another === undefined ? only : (providers.get(model) ?? ''),
    );
  }

  async #act(id: number, action: Action): Promise<ToView> {
    const { backend } = this.#options;
    if (action.verb === 'openLedger' && action.path !== undefined) {
      const shown = backend.snapshot.ledgers.some(({ path }) => path === action.path);
      if (!shown) throw new Error('That file is not one of the ledgers shown.');
    }
    const text = await (isEditorAction(action)
      ? this.#options.perform(action)
      : backend.perform(
          action.verb === 'export' ? { ...action, filter: await this.#models.filter(action.filter) } : action,
        ));
    return text === undefined ? { type: 'done', id } : { type: 'done', id, text };
  }
}

/** The choices of the last page in use. */
export function storedChoices(memory: Pick<Memory, 'get'>): Choices {
  return parseChoices(memory.get(CHOICES_KEY) ?? DEFAULT_CHOICES);
}

function describeLedger(
  { path, label, primary, state }: HistoryBackend['snapshot']['ledgers'][number],
  inLanguage: (english: string) => string,
): LedgerInfo {
  return {
    path,
    label,
    primary,
    health: state.health,
    records: state.records,
    pending: state.pending,
    unreadable: state.unreadable,
    problems: state.problems
      .slice(0, MAX_PROBLEMS)
      .map(({ severity, message, line }) => ({ severity, message: inLanguage(message), line })),
  };
}

/** The non-null values of the last key part, in the order of the groups. */
function distinct(groups: readonly Group[]): string[] {
  const values = new Set<string>();
  for (const { key } of groups) {
    const value = key.at(-1);
    if (typeof value === 'string' && values.size < MAX_COLOURED) values.add(value);
  }
  return [...values];
}
