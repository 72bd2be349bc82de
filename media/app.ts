import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { DEFAULT_CHOICES, parseChoices, sameChoices } from '../src/protocol/choices.ts';
import type { Choices } from '../src/protocol/choices.ts';
import type { Action, HistorySnapshot } from '../src/protocol/messages.ts';
import { nextBucket } from '../src/usage/time/calendar.ts';
import type { Dimension } from '../src/usage/query.ts';
import { plain } from '../src/usage/text.ts';
import { Client, Superseded } from './client.ts';
import type { EditorApi } from './client.ts';
import { NOTHING_OPEN } from './context.ts';
import type { ViewContext, Ephemeral } from './context.ts';
import { load, offersOf } from './load.ts';
import type { ShownHistory } from './load.ts';
import { Format } from './model/format.ts';
import { dimensionValueName } from './model/names.ts';
import type { Offer } from './model/names.ts';
import type { AskHost } from './model/questions.ts';
import { datesOf } from './model/range.ts';
import { Trail } from './trail.ts';
import { figuresTemplate } from './view/figuresSection.ts';
import { LightElement } from './view/light.ts';
import { iconButton } from './view/controls.ts';
import { scopeTemplate } from './view/scope.ts';
import { failureTemplate, loadingTemplate, problemsTemplate, withoutRecordsTemplate } from './view/states.ts';
import { findKey } from './view/findKey.ts';
import { Toasts, toastTemplate } from './view/toast.ts';
import { t } from './model/texts.ts';

/** Update interval of relative times such as "2 minutes ago". */
const CLOCK_MS = 15_000;

/** The root element: keeps the choices and the data from the host, and renders them. */
export class SpendApp extends LightElement {
  readonly #api: EditorApi;
  readonly #client: Client;
  readonly #first: HistorySnapshot | undefined;
  #snapshot: HistorySnapshot | undefined;
  #choices: Choices = DEFAULT_CHOICES;
  readonly #trail = new Trail();
  #shown: ShownHistory | undefined;
  /** Built lazily, because that is slow: see {@link #formats}. */
  #format: Format | undefined;
  #ui: Ephemeral = NOTHING_OPEN;
  #error: string | undefined;
  readonly #toasts = new Toasts(() => this.requestUpdate());
  #dayTimer: ReturnType<typeof setTimeout> | undefined;
  #clock: ReturnType<typeof setInterval> | undefined;

  /** @param first the snapshot in the page, in the form in which the host sends snapshots. */
  constructor(api: EditorApi, first?: HistorySnapshot) {
    super();
    this.#api = api;
    this.#first = first;
    this.#client = new Client(api, (message) => {
      if (message.type === 'snapshot') this.#receive(message);
      else this.#show(message.choices);
    });
  }

  override connectedCallback(): void {
    // Sent before any question: if the page's snapshot is out of date, the host first sends a new one.
    this.#client.post({ type: 'ready', version: this.#first?.version });
    if (this.#first !== undefined && this.#snapshot === undefined) this.#receive(this.#first);
    // Called last because it renders: the host answers the questions in the meantime.
    super.connectedCallback();
    window.addEventListener('keydown', findKey);
    this.#clock = setInterval(() => this.requestUpdate(), CLOCK_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('keydown', findKey);
    clearInterval(this.#clock);
    clearTimeout(this.#dayTimer);
    this.#toasts.close();
  }

  #receive(snapshot: HistorySnapshot): void {
    const before = this.#snapshot;
    this.#snapshot = snapshot;
    document.body.dataset['place'] = snapshot.place;
    if (before === undefined) {
      this.#choices = parseChoices(this.#api.getState() ?? snapshot.choices);
      // When the editor reloads the page, its embedded snapshot is as old as the page, so the stored choices are newer.
      this.#api.setState(this.#choices);
    }
    const { calendar, currency } = snapshot;
    const sameCurrency = currency?.code === before?.currency?.code && currency?.note === before?.currency?.note;
    if (before?.calendar.timeZone !== calendar.timeZone || !sameCurrency) this.#format = undefined;
    document.body.toggleAttribute('data-currency', currency !== undefined);
    if (!sameCurrency) {
      // Amounts of one currency must not appear under the name of another.
      this.#shown = undefined;
      this.#ui = { ...this.#ui, detail: undefined };
    }
    // Figures of ledgers without records would say $0.00 until the first figures are there.
    if (before?.ledgers.every(({ records }) => records === 0) === true) this.#shown = undefined;
    const isLoaded = sameCurrency && before?.version === snapshot.version && this.#shown?.version === snapshot.version;
    // Called first, so that the host works while the page renders. A change of budgets alone changes no figure.
    if (!isLoaded || this.#error !== undefined) void this.#load();
    this.requestUpdate();
  }

  #formats({ locale, calendar, currency }: HistorySnapshot): Format {
    return (this.#format ??= new Format(locale, calendar.timeZone, currency));
  }

  /** Choices made outside the page win over the stored ones. The host repeats them until they are confirmed. */
  #show(choices: Choices): void {
    if (sameChoices(choices, this.#choices)) this.#client.post({ type: 'choose', choices });
    else this.#choose(choices);
  }

  /** Stores the choices in the editor and loads the data for them. */
  #choose(changes: Partial<Choices>, how?: 'zoom' | 'back'): void {
    const before = this.#choices;
    this.#choices = parseChoices({ ...before, ...changes });
    if (how !== 'back') this.#trail.follow(before, this.#choices, how === 'zoom');
    if (this.#choices.levels.join() !== before.levels.join()) this.#ui = { ...this.#ui, expanded: [] };
    void this.#load();
    this.#api.setState(this.#choices);
    this.#client.post({ type: 'choose', choices: this.#choices });
    this.requestUpdate();
  }

  #back(): void {
    const changes = this.#trail.back();
    if (changes !== undefined) this.#choose(changes, 'back');
  }

  #set(changes: Partial<Ephemeral>): void {
    const { expanded } = this.#ui;
    this.#ui = { ...this.#ui, ...changes };
    this.requestUpdate();
    if (this.#ui.expanded !== expanded) void this.#load();
  }

  async #load(): Promise<void> {
    const snapshot = this.#snapshot;
    if (snapshot?.loaded !== true || snapshot.failure !== undefined) return;
    const now = Date.now();
    try {
      this.#shown = await load(
        this.#ask,
        snapshot,
        { choices: this.#choices, expanded: this.#ui.expanded, now },
        this.#shown,
      );
      this.#error = undefined;
    } catch (error) {
      if (error instanceof Superseded) return;
      this.#error = messageOf(error);
    }
    this.requestUpdate();
    this.#wakeAtMidnight(now, snapshot);
  }

  /** At midnight every named range becomes a different span. */
  #wakeAtMidnight(now: number, { calendar }: HistorySnapshot): void {
    clearTimeout(this.#dayTimer);
    this.#dayTimer = setTimeout(() => void this.#load(), nextBucket(now, 'day', calendar) - now + 50);
  }

  #act(action: Action, undo = false): void {
    this.#client.act(action).then(
      (text) => {
        if (text !== undefined) this.#toasts.show(text, undo);
      },
      (error: unknown) => this.#toasts.show(messageOf(error)),
    );
  }

  #remove(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#act({ verb: 'remove', ids: [...ids] }, true);
    const detail = ids.includes(this.#ui.detail?.record.usage_id ?? '') ? undefined : this.#ui.detail;
    this.#set({ selection: new Set(), detail });
  }

  protected override render(): TemplateResult {
    return html`<main>
      <h1 class="visually-hidden">${t('Cost history')}</h1>
      ${this.#content()}
      ${toastTemplate(this.#toasts.current, {
        undo: () => {
          this.#toasts.close();
          this.#act({ verb: 'undo' });
        },
        close: () => this.#toasts.close(),
      })}
    </main>`;
  }

  #content(): TemplateResult {
    const snapshot = this.#snapshot;
    const act = (action: Action): void => this.#act(action);
    if (snapshot?.loaded !== true) return loadingTemplate();
    if (snapshot.failure !== undefined) return failureTemplate(snapshot.failure, act);
    // Built while the host is working, before there is anything to format.
    const format = this.#formats(snapshot);
    const problems = problemsTemplate(snapshot, act);
    if (snapshot.ledgers.every(({ records }) => records === 0)) return withoutRecordsTemplate(snapshot, act);
    return html`
      <header class="bar">
        ${this.#trail.canGoBack ? iconButton('arrow-left', t('Back'), () => this.#back()) : nothing}
        ${scopeTemplate(snapshot, act)} ${this.#filters(snapshot)} ${this.#actions(snapshot)}
      </header>
      <div class="content">
        ${problems}
        ${
          this.#error === undefined
            ? nothing
            : html`<div class="problem" role="alert">
                <span class="codicon codicon-error"></span>${plain(this.#error)}
              </div>`
        }
        ${this.#shown === undefined ? loadingTemplate() : figuresTemplate(this.#context(snapshot, this.#shown, format))}
      </div>
    `;
  }

  #context(snapshot: HistorySnapshot, shown: ShownHistory, format: Format): ViewContext {
    return {
      snapshot,
      shown,
      choices: this.#choices,
      format,
      ui: this.#ui,
      ask: this.#ask,
      nameOf: this.#nameOf,
      choose: (changes) => this.#choose(changes),
      filterBy: (pairs) => {
        const values = { ...this.#choices.values };
        for (const [dimension, value] of pairs) values[dimension] = [value];
        this.#choose({ values });
      },
      zoom: (range) => this.#choose({ range }, 'zoom'),
      crumbs: this.#trail.crumbs,
      leaveTo: (crumb) => {
        const range = this.#trail.leaveTo(crumb, this.#choices);
        if (range !== undefined) this.#choose({ range }, 'back');
      },
      set: (changes) => this.#set(changes),
      act: (action) => this.#act(action),
      remove: (ids) => this.#remove(ids),
      notify: (text) => this.#toasts.show(text),
    };
  }

  #filters(snapshot: HistorySnapshot): TemplateResult {
    return html`<spend-filters
      .choices=${this.#choices}
      .dates=${datesOf(this.#shown?.span, snapshot.calendar)}
      .nameOf=${this.#nameOf}
      .offersOf=${this.#offersOf}
      @choose=${({ detail }: CustomEvent<Partial<Choices>>) => this.#choose(detail)}
    ></spend-filters>`;
  }

  /** In the side bar, the editor shows these in the view's title bar. */
  #actions({ place }: HistorySnapshot): TemplateResult | typeof nothing {
    if (place === 'sidebar') return nothing;
    return html`<vscode-toolbar-container class="actions">
      ${iconButton('add', t('Record usage'), () => this.#act({ verb: 'record' }))}
      ${iconButton('refresh', t('Refresh'), () => this.#act({ verb: 'refresh' }))}
      ${iconButton('gear', t('Settings'), () => this.#act({ verb: 'openSettings' }))}
    </vscode-toolbar-container>`;
  }

  readonly #ask: AskHost = (purpose, questions) => this.#client.ask(purpose, questions);

  readonly #nameOf = (dimension: Dimension, value: string | null): string =>
    dimensionValueName(dimension, value, this.#snapshot?.ledgers ?? []);

  readonly #offersOf = async (dimension: Dimension): Promise<Offer[]> => {
    if (this.#snapshot === undefined) return [];
    const format = this.#formats(this.#snapshot);
    try {
      const groups = await offersOf(this.#ask, this.#snapshot, dimension, {
        choices: this.#choices,
        now: Date.now(),
      });
      return groups.map(({ key: [value = null], totals }) => ({
        value,
        name: this.#nameOf(dimension, value),
        detail: format.cost(totals),
      }));
    } catch (error) {
      if (!(error instanceof Superseded)) this.#toasts.show(messageOf(error));
      return [];
    }
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
