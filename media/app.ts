import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { VscodeSingleSelect } from '@vscode-elements/elements/dist/vscode-single-select/vscode-single-select.js';
import { DEFAULT_CHOICES, parseChoices } from '../src/protocol/choices.ts';
import type { ChartKind, Choices } from '../src/protocol/choices.ts';
import type { Action, Row, Snapshot } from '../src/protocol/messages.ts';
import { nextBucket } from '../src/usage/calendar.ts';
import { DIMENSIONS } from '../src/usage/query.ts';
import type { Dimension } from '../src/usage/query.ts';
import { plain } from '../src/usage/text.ts';
import { Client, Superseded } from './client.ts';
import type { EditorApi } from './client.ts';
import { groupsOf, load } from './load.ts';
import type { Shown } from './load.ts';
import { breakdownRows, pathId } from './model/breakdown.ts';
import type { BreakdownRow, Path } from './model/breakdown.ts';
import { Format } from './model/format.ts';
import type { HeatCell } from './model/heat.ts';
import { BEFORE_NAMES, DIMENSION_NAMES, PERIOD_NAMES, valueName } from './model/names.ts';
import { valuesQuestion } from './model/questions.ts';
import { choiceOfSpan, dateKey, rangeOfChoice } from './model/range.ts';
import { recordJson } from './model/record.ts';
import type { Series } from './model/series.ts';
import type { ChartPick } from './view/chart.ts';
import { detailTemplate } from './view/detail.ts';
import type { Offer } from './view/filters.ts';
import { glanceTemplate } from './view/glance.ts';
import { imageOf } from './view/image.ts';
import { LightElement } from './view/light.ts';
import { emptyTemplate, failureTemplate, loadingTemplate, noMatchTemplate, problemsTemplate } from './view/states.ts';

const CHART_ICONS: Record<ChartKind, { icon: string; label: string }> = {
  bars: { icon: 'graph', label: 'Bars over time' },
  cumulative: { icon: 'graph-line', label: 'Added up' },
  calendar: { icon: 'calendar', label: 'Calendar' },
};
const TOAST_MS = 8000;

/** The whole view: what was chosen, what the host said, and what is to be seen of it. */
export class SpendApp extends LightElement {
  readonly #api: EditorApi;
  readonly #client: Client;
  #snapshot: Snapshot | undefined;
  #choices: Choices = DEFAULT_CHOICES;
  #shown: Shown | undefined;
  #format = new Format('en-US', 'UTC');
  #expanded: readonly Path[] = [];
  #selection: ReadonlySet<string> = new Set();
  #detail: Row | undefined;
  #asTable = false;
  #matching = 0;
  #error: string | undefined;
  #toast: { text: string; undo: boolean } | undefined;
  #toastTimer: ReturnType<typeof setTimeout> | undefined;
  #dayTimer: ReturnType<typeof setTimeout> | undefined;
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor(api: EditorApi) {
    super();
    this.#api = api;
    this.#client = new Client(api, (message) => {
      if (message.type === 'snapshot') this.#adopt(message);
      else this.#choose(message.choices);
    });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#client.post({ type: 'ready' });
    this.#clock = setInterval(() => this.requestUpdate(), 15_000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#clock);
    clearTimeout(this.#dayTimer);
  }

  #adopt(snapshot: Snapshot): void {
    const first = this.#snapshot === undefined;
    this.#snapshot = snapshot;
    document.body.dataset['place'] = snapshot.place;
    if (first) this.#choices = parseChoices(this.#api.getState() ?? snapshot.choices);
    const { locale, calendar } = snapshot;
    if (first || this.#format.timeZone !== calendar.timeZone) this.#format = new Format(locale, calendar.timeZone);
    this.requestUpdate();
    if (snapshot.loaded && snapshot.failure === undefined) void this.#load();
  }

  /** Everything that was chosen is kept by the editor; what it means is asked for anew. */
  #choose(changes: Partial<Choices>): void {
    const before = this.#choices;
    this.#choices = parseChoices({ ...before, ...changes });
    if (this.#choices.levels.join() !== before.levels.join()) this.#expanded = [];
    this.#api.setState(this.#choices);
    this.#client.post({ type: 'choose', choices: this.#choices });
    this.requestUpdate();
    void this.#load();
  }

  async #load(): Promise<void> {
    if (this.#snapshot === undefined) return;
    const now = Date.now();
    try {
      this.#shown = await load(this.#client, this.#snapshot, this.#choices, this.#expanded, now);
      this.#error = undefined;
    } catch (error) {
      if (error instanceof Superseded) return;
      this.#error = messageOf(error);
    }
    this.requestUpdate();
    this.#wakeAtMidnight(now);
  }

  /** Today ends, and with it what every named range means. */
  #wakeAtMidnight(now: number): void {
    clearTimeout(this.#dayTimer);
    if (this.#snapshot === undefined) return;
    const wait = nextBucket(now, 'day', this.#snapshot.calendar) - now;
    this.#dayTimer = setTimeout(() => void this.#load(), wait + 50);
  }

  #act(action: Action, undo = false): void {
    this.#client.act(action).then(
      (text) => {
        if (text !== undefined) this.#say(text, undo);
      },
      (error: unknown) => this.#say(messageOf(error), false),
    );
  }

  #say(text: string, undo: boolean): void {
    clearTimeout(this.#toastTimer);
    this.#toast = { text, undo };
    this.#toastTimer = setTimeout(() => this.#hush(), TOAST_MS);
    this.requestUpdate();
  }

  #hush(): void {
    this.#toast = undefined;
    this.requestUpdate();
  }

  #remove(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#act({ verb: 'remove', ids: [...ids] }, true);
    this.#selection = new Set();
    if (this.#detail !== undefined && ids.includes(this.#detail.record.usage_id)) this.#detail = undefined;
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const snapshot = this.#snapshot;
    if (snapshot === undefined || !snapshot.loaded) return loadingTemplate();
    const act = (action: Action): void => this.#act(action);
    if (snapshot.failure !== undefined) return failureTemplate(snapshot.failure, act);
    const nothingYet = snapshot.ledgers.every(({ records }) => records === 0);
    const problems = problemsTemplate(snapshot, act);
    if (nothingYet)
      return html`<main>${problems}${problems === nothing ? emptyTemplate(act) : nothing}</main>
        ${this.#toastTemplate()}`;
    const shown = this.#shown;
    return html`
      <header class="bar">${this.#filters(snapshot)} ${this.#actions(snapshot)}</header>
      <main>
        ${problems}
        ${this.#error === undefined ? nothing : html`<div class="problem" role="alert"><span class="codicon codicon-error"></span>${plain(this.#error)}</div>`}
        ${shown === undefined ? loadingTemplate() : this.#figures(snapshot, shown)}
      </main>
      ${this.#toastTemplate()}
    `;
  }

  #filters(snapshot: Snapshot): TemplateResult {
    return html`<spend-filters
      .choices=${this.#choices}
      .today=${dateKey(Date.now(), snapshot.calendar)}
      .nameOf=${this.#nameOf}
      .offersOf=${this.#offersOf}
      @choose=${(event: CustomEvent<Partial<Choices>>) => this.#choose(event.detail)}
    ></spend-filters>`;
  }

  #actions({ place, updatedAt }: Snapshot): TemplateResult {
    return html`<div class="actions">
      <span class="updated" title=${updatedAt === undefined ? '' : this.#format.timeExact(updatedAt)}>
        ${updatedAt === undefined ? '' : `Updated ${this.#format.ago(updatedAt, Date.now())}`}
      </span>
      <vscode-toolbar-container>
        <vscode-toolbar-button
          icon="add"
          label="Record usage"
          title="Record usage"
          @click=${() => this.#act({ verb: 'record' })}
        ></vscode-toolbar-button>
        <vscode-toolbar-button
          icon="refresh"
          label="Refresh"
          title="Refresh"
          @click=${() => this.#act({ verb: 'refresh' })}
        ></vscode-toolbar-button>
        ${
          place === 'sidebar'
            ? html`<vscode-toolbar-button
                icon="link-external"
                label="Open in the editor"
                title="Open in the editor"
                @click=${() => this.#act({ verb: 'openPanel' })}
              ></vscode-toolbar-button>`
            : nothing
        }
      </vscode-toolbar-container>
    </div>`;
  }

  #figures(snapshot: Snapshot, shown: Shown): TemplateResult {
    const { choices } = this;
    const { range } = shown.choices;
    return html`
      ${glanceTemplate({
        format: this.#format,
        title:
          range.kind === 'dates' ? this.#format.dayRange(shown.span.since, shown.span.until) : PERIOD_NAMES[range.kind],
        totals: shown.totals,
        comparison: shown.comparison,
        beforeName: range.kind === 'dates' ? 'the days before' : range.kind === 'all' ? '' : BEFORE_NAMES[range.kind],
        glance: shown.glance,
        choose: (kind) => this.#choose({ range: { kind } }),
      })}
      ${
        shown.totals.records === 0
          ? noMatchTemplate(
              () => this.#choose({ values: {}, search: '' }),
              choices.range.kind === 'all' ? undefined : () => this.#choose({ range: { kind: 'all' } }),
            )
          : html`<div class="columns">${this.#chart(snapshot, shown)} ${this.#breakdown(shown)}</div>
              ${this.#records(snapshot, shown)}`
      }
    `;
  }

  get choices(): Choices {
    return this.#choices;
  }

  #chart(snapshot: Snapshot, shown: Shown): TemplateResult {
    const { chart, measure } = this.#choices;
    const heat = chart === 'calendar';
    return html`<section class="chart-section" aria-label="Over time">
      <header class="section-header">
        <h2>${measure === 'cost' ? 'Cost' : 'Tokens'} over time</h2>
        <div class="controls">
          ${this.#select('Measure', measure, { cost: 'Cost', tokens: 'Tokens' }, (value) => this.#choose({ measure: value }))}
          ${
            heat
              ? nothing
              : html`${this.#select('Stacked by', this.#choices.stack, stackNames(), (stack) => this.#choose({ stack }))}
                ${this.#select(
                  'Bars',
                  this.#choices.bucket,
                  { auto: 'Auto', hour: 'Hour', day: 'Day', week: 'Week', month: 'Month' },
                  (bucket) => this.#choose({ bucket }),
                )}`
          }
          <vscode-toolbar-container>
            ${(Object.keys(CHART_ICONS) as ChartKind[]).map(
              (kind) =>
                html`<vscode-toolbar-button
                  icon=${CHART_ICONS[kind].icon}
                  label=${CHART_ICONS[kind].label}
                  title=${CHART_ICONS[kind].label}
                  toggleable
                  .checked=${kind === chart}
                  @change=${() => this.#choose({ chart: kind })}
                ></vscode-toolbar-button>`,
            )}
            <vscode-toolbar-button
              icon="table"
              label="As a table"
              title="As a table"
              toggleable
              .checked=${this.#asTable}
              @change=${() => {
                this.#asTable = !this.#asTable;
                this.requestUpdate();
              }}
            ></vscode-toolbar-button>
            <vscode-toolbar-button
              icon="save"
              label="Save as an image"
              title="Save as an image"
              @click=${() => void this.#saveImage()}
            ></vscode-toolbar-button>
          </vscode-toolbar-container>
        </div>
      </header>
      ${
        heat
          ? html`<spend-heatmap
              .days=${shown.days}
              .end=${Math.min(shown.span.until - 1, shown.now)}
              .measure=${measure}
              .calendar=${snapshot.calendar}
              .format=${this.#format}
              .asTable=${this.#asTable}
              @pick=${(event: CustomEvent<HeatCell>) => this.#choose({ range: choiceOfSpan(event.detail, snapshot.calendar) })}
            ></spend-heatmap>`
          : html`<spend-chart
              .model=${shown.chart}
              .kind=${chart}
              .format=${this.#format}
              .nameOf=${this.#seriesName}
              .now=${shown.now}
              .asTable=${this.#asTable}
              @pick=${(event: CustomEvent<ChartPick>) => this.#pick(event.detail, shown, snapshot)}
            ></spend-chart>`
      }
    </section>`;
  }

  #pick(pick: ChartPick, shown: Shown, { calendar }: Snapshot): void {
    if ('series' in pick) this.#filterBy([[shown.choices.stack, pick.series.value]]);
    else this.#choose({ range: choiceOfSpan(pick.column, calendar) });
  }

  /** Shows only what has these values. */
  #filterBy(pairs: readonly (readonly [Dimension, string | null])[]): void {
    const values = { ...this.#choices.values };
    for (const [dimension, value] of pairs) values[dimension] = [value];
    this.#choose({ values });
  }

  #breakdown(shown: Shown): TemplateResult {
    const { levels, breakdownSort, measure } = this.#choices;
    const rows = breakdownRows(
      shown.choices.levels,
      shown.children,
      new Set(this.#expanded.map(pathId)),
      breakdownSort,
      measure,
      shown.totals,
      this.#nameOf,
    );
    const inner: Partial<Record<Dimension | 'none', string>> = { none: '(none)', ...without(stackNames(), levels[0]) };
    return html`<section class="breakdown-section" aria-label="Breakdown">
      <header class="section-header">
        <h2>Breakdown</h2>
        <div class="controls">
          ${this.#select('Rows', levels[0] ?? 'provider', stackNames(), (first) =>
            this.#choose({ levels: [first, ...levels.slice(1).filter((level) => level !== first)] }),
          )}
          ${this.#select('Rows within', levels[1] ?? 'none', inner, (second) =>
            this.#choose({ levels: levelsWith(levels, 1, second) }),
          )}
          ${
            levels.length < 2
              ? nothing
              : this.#select(
                  'Rows within these',
                  levels[2] ?? 'none',
                  without(inner, levels[1]),
                  (third) => this.#choose({ levels: levelsWith(levels, 2, third) }),
                  levels.length < 3 ? 'third unset' : 'third',
                )
          }
        </div>
      </header>
      <spend-breakdown
        .rows=${rows}
        .sort=${breakdownSort}
        .format=${this.#format}
        .nameOf=${this.#rowName}
        @sort=${(event: CustomEvent<Choices['breakdownSort']>) => this.#choose({ breakdownSort: event.detail })}
        @toggle=${(event: CustomEvent<BreakdownRow>) => this.#toggle(event.detail.path)}
        @filter=${(event: CustomEvent<BreakdownRow>) =>
          this.#filterBy(
            event.detail.path.flatMap((value, level) => {
              const dimension = shown.choices.levels[level];
              return dimension === undefined ? [] : [[dimension, value] as const];
            }),
          )}
      ></spend-breakdown>
    </section>`;
  }

  #toggle(path: Path): void {
    const id = pathId(path);
    const without = this.#expanded.filter((other) => pathId(other) !== id);
    this.#expanded = without.length === this.#expanded.length ? [...this.#expanded, path] : without;
    void this.#load();
  }

  #records(snapshot: Snapshot, shown: Shown): TemplateResult {
    const detail = this.#detail;
    const selected = [...this.#selection];
    return html`<section class="records-section" aria-label="Records">
      <header class="section-header">
        <h2>Records <span class="count">${this.#format.count(this.#matching)}</span></h2>
        <div class="controls">
          ${
            selected.length > 1
              ? html`<span class="count">${this.#format.count(selected.length)} selected</span>
                  <vscode-toolbar-button
                    icon="trash"
                    label="Remove the selected"
                    title="Remove the selected"
                    @click=${() => this.#remove(selected)}
                  ></vscode-toolbar-button>`
              : nothing
          }
          <vscode-toolbar-container>
            <vscode-toolbar-button
              icon="discard"
              label="Undo the last change"
              title="Undo the last change"
              @click=${() => this.#act({ verb: 'undo' })}
            ></vscode-toolbar-button>
            <vscode-toolbar-button
              icon="export"
              label="Export as CSV"
              title="Export what is filtered as CSV"
              @click=${() => this.#export('csv', shown)}
              >CSV</vscode-toolbar-button
            >
            <vscode-toolbar-button
              icon="json"
              label="Export as JSON"
              title="Export what is filtered as JSON"
              @click=${() => this.#export('json', shown)}
              >JSON</vscode-toolbar-button
            >
          </vscode-toolbar-container>
        </div>
      </header>
      <div class="records-body">
        <spend-records
          .filter=${shown.filter}
          .sort=${this.#choices.recordsSort}
          .version=${shown.version}
          .format=${this.#format}
          .ledgers=${snapshot.ledgers}
          .ask=${this.#ask}
          .selection=${this.#selection}
          @sort=${(event: CustomEvent<Choices['recordsSort']>) => this.#choose({ recordsSort: event.detail })}
          @counted=${(event: CustomEvent<number>) => {
            this.#matching = event.detail;
            this.requestUpdate();
          }}
          @select=${(event: CustomEvent<ReadonlySet<string>>) => {
            this.#selection = event.detail;
            this.requestUpdate();
          }}
          @detail=${(event: CustomEvent<Row>) => {
            this.#detail = event.detail;
            this.requestUpdate();
          }}
          @failed=${(event: CustomEvent<string>) => this.#say(event.detail, false)}
          @remove-selected=${() => this.#remove(selected)}
        ></spend-records>
        ${
          detail === undefined
            ? nothing
            : detailTemplate(detail, this.#nameOf('ledger', detail.ledger), this.#format, {
                close: () => {
                  this.#detail = undefined;
                  this.requestUpdate();
                },
                copy: () => this.#act({ verb: 'copy', text: recordJson(detail.record) }),
                open: () => this.#act({ verb: 'openLedger', path: detail.ledger, usageId: detail.record.usage_id }),
                remove: () => this.#remove([detail.record.usage_id]),
              })
        }
      </div>
    </section>`;
  }

  #export(format: 'csv' | 'json', { filter }: Shown): void {
    this.#act({ verb: 'export', format, filter: { ...filter, values: copyValues(filter.values) } });
  }

  async #saveImage(): Promise<void> {
    const drawing = this.querySelector('spend-chart, spend-heatmap')?.querySelector<SVGSVGElement>('svg.plot');
    if (drawing === null || drawing === undefined) return;
    this.#act({ verb: 'saveImage', ...(await imageOf(drawing)) });
  }

  #select<T extends string>(
    label: string,
    value: T,
    options: Partial<Record<T, string>>,
    choose: (value: T) => void,
    classes = '',
  ): TemplateResult {
    return html`<vscode-single-select
      class=${classes}
      .label=${label}
      title=${label}
      .value=${value}
      @change=${(event: Event) => choose((event.target as VscodeSingleSelect).value as T)}
    >
      ${(Object.entries(options) as [T, string][]).map(
        ([option, name]) => html`<vscode-option value=${option} ?selected=${option === value}>${name}</vscode-option>`,
      )}
    </vscode-single-select>`;
  }

  #toastTemplate(): TemplateResult {
    const toast = this.#toast;
    return html`<div class="toasts" role="status">
      ${
        toast === undefined
          ? nothing
          : html`<div class="toast">
              <span>${plain(toast.text)}</span>
              ${
                toast.undo
                  ? html`<vscode-button
                      @click=${() => {
                        this.#hush();
                        this.#act({ verb: 'undo' });
                      }}
                      >Undo</vscode-button
                    >`
                  : nothing
              }
              <vscode-toolbar-button icon="close" label="Close" @click=${() => this.#hush()}></vscode-toolbar-button>
            </div>`
      }
    </div>`;
  }

  readonly #ask = (...args: Parameters<Client['ask']>): ReturnType<Client['ask']> => this.#client.ask(...args);

  readonly #nameOf = (dimension: Dimension, value: string | null): string =>
    valueName(dimension, value, this.#snapshot?.ledgers ?? []);

  readonly #seriesName = (series: Series): string =>
    series.rest === undefined
      ? this.#nameOf(this.#shown?.choices.stack ?? 'model', series.value)
      : `${this.#format.count(series.rest)} others`;

  readonly #rowName = (row: BreakdownRow): string =>
    row.rest === undefined ? this.#nameOf(row.dimension, row.value) : `${this.#format.count(row.rest)} others`;

  readonly #offersOf = async (dimension: Dimension): Promise<Offer[]> => {
    const snapshot = this.#snapshot;
    if (snapshot === undefined) return [];
    const range = rangeOfChoice(this.#choices.range, Date.now(), snapshot.calendar);
    try {
      const [answer] = await this.#client.ask('offers', [
        valuesQuestion(this.#choices, dimension, range, snapshot.calendar),
      ]);
      return groupsOf(answer)
        .groups.filter(({ rest }) => rest === undefined)
        .map(({ key, totals }) => {
          const value = key[0] ?? null;
          return { value, name: this.#nameOf(dimension, value), detail: this.#format.cost(totals) };
        });
    } catch (error) {
      if (!(error instanceof Superseded)) this.#say(messageOf(error), false);
      return [];
    }
  };
}

function stackNames(): Record<Dimension, string> {
  return Object.fromEntries(DIMENSIONS.map((dimension) => [dimension, DIMENSION_NAMES[dimension]])) as Record<
    Dimension,
    string
  >;
}

function without<T extends string>(
  options: Partial<Record<T, string>>,
  left: string | undefined,
): Partial<Record<T, string>> {
  return Object.fromEntries(Object.entries(options).filter(([key]) => key !== left)) as Partial<Record<T, string>>;
}

/** The levels with another one at a place; `none` ends them there. */
function levelsWith(levels: readonly Dimension[], at: number, value: Dimension | 'none'): Dimension[] {
  if (value === 'none') return levels.slice(0, at);
  return [...levels.slice(0, at), value, ...levels.slice(at + 1).filter((level) => level !== value)];
}

function copyValues(values: Shown['filter']['values']): Extract<Action, { verb: 'export' }>['filter']['values'] {
  if (values === undefined) return undefined;
  return Object.fromEntries(Object.entries(values).map(([key, list]) => [key, [...list]]));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
