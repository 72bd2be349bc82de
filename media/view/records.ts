import { html, nothing } from 'lit';
import type { PropertyValues, TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Choices } from '../../src/protocol/choices.ts';
import type { LedgerInfo, Question, Row } from '../../src/protocol/messages.ts';
import type { SortKey, UsageFilter } from '../../src/usage/query.ts';
import { plain } from '../../src/usage/text.ts';
import { Superseded } from '../client.ts';
import type { Format } from '../model/format.ts';
import { PAGE_SIZE, Pages, pagesOf, Slots, visibleRows } from '../model/pages.ts';
import { page as pageQuestion } from '../model/questions.ts';
import type { Ask } from '../model/questions.ts';
import { recordCost } from '../model/record.ts';
import { afterPaint, LightElement } from './light.ts';

const ROW_HEIGHT = 22;
/** Chromium draws nothing beyond 33,554,400 px. */
const MAX_DRAWN = 1_500_000;
/** Records that one gesture may select. */
const MAX_SELECTED = 10_000;

interface RecordColumn {
  key: string;
  label: string;
  sort?: SortKey;
  number?: boolean;
  text: (row: Row, format: Format) => string | TemplateResult;
}

/** In the order of their importance: a narrow view shows the ones that fit, by the style sheet. */
const COLUMNS: readonly RecordColumn[] = [
  {
    key: 'time',
    label: 'Time',
    sort: 'time',
    text: ({ record }, format) => timeCell(Date.parse(record.timestamp), format),
  },
  { key: 'model', label: 'Model', sort: 'model', text: ({ record }) => plain(record.model) },
  { key: 'provider', label: 'Provider', sort: 'provider', text: ({ record }) => plain(record.provider) },
  { key: 'operation', label: 'Operation', sort: 'operation', text: ({ record }) => plain(record.operation) },
  { key: 'project', label: 'Project', sort: 'project', text: ({ record }) => plain(text(record['project'])) },
  { key: 'source', label: 'Source', text: ({ record }) => plain(text(record['source'])) },
  { key: 'input', label: 'Input', sort: 'input', number: true, text: ({ record }, f) => f.count(record.input_tokens) },
  {
    key: 'output',
    label: 'Output',
    sort: 'output',
    number: true,
    text: ({ record }, f) => f.count(record.output_tokens),
  },
  {
    key: 'tokens',
    label: 'Tokens',
    sort: 'tokens',
    number: true,
    text: ({ record }, f) => f.count(record.total_tokens),
  },
  { key: 'cost', label: 'Cost', sort: 'cost', number: true, text: costCell },
];

/**
 * All records that match, of which only the rows in sight exist, here and in memory. Rows are 22 px as in the editor's own
 * lists, so that where a row stands is a product and nothing is measured.
 */
export class SpendRecords extends LightElement {
  static override properties = {
    filter: { attribute: false },
    sort: { attribute: false },
    start: { attribute: false },
    format: { attribute: false },
    ledgers: { attribute: false },
    ask: { attribute: false },
    selection: { attribute: false },
    pages: { state: true },
    scrolled: { state: true },
    viewport: { state: true },
    activeId: { state: true },
  };
  declare filter: UsageFilter;
  declare sort: Choices['recordsSort'];
  /** The first page of what `filter` and `sort` ask for. A new one says that the rows may have changed. */
  declare start: Pages;
  declare format: Format;
  declare ledgers: readonly LedgerInfo[];
  declare ask: Ask;
  /** Ids of the selected records. */
  declare selection: ReadonlySet<string>;
  declare pages: Pages | undefined;
  declare scrolled: number;
  declare viewport: number;
  /** Id of the record that the keyboard is on. */
  declare activeId: string | undefined;
  #activeIndex = -1;
  /** Where a range of the selection began. */
  #anchor = -1;
  /** What the loaded rows answer. */
  #asked = '';
  #scrollTo: number | undefined;
  readonly #slots = new Slots();

  /** How much of the list the window shows, px: less than its height where the page goes on below the window's end. */
  #inWindow = Number.POSITIVE_INFINITY;
  /** Rows below the window's end wait for the next frame. */
  #onlyInWindow = false;

  readonly #seen = new IntersectionObserver(
    ([entry]) => {
      if (entry !== undefined) this.#inWindow = entry.intersectionRect.height;
    },
    { threshold: Array.from({ length: 11 }, (_, tenth) => tenth / 10) },
  );
  readonly #resize = new ResizeObserver(([entry]) => {
    if (entry !== undefined) this.viewport = entry.contentRect.height;
  });

  constructor() {
    super();
    this.scrolled = 0;
    this.viewport = 400;
    this.selection = new Set();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
    this.#seen.disconnect();
  }

  /** Half of the page's elements are in here, and below what people look at first: the figures are painted before them. */
  protected override async scheduleUpdate(): Promise<void> {
    if (!this.hasUpdated) await afterPaint();
    await super.scheduleUpdate();
  }

  protected override willUpdate(changed: PropertyValues): void {
    const asked = JSON.stringify([this.filter, this.sort]);
    const same = asked === this.#asked;
    if (same && !changed.has('start')) return;
    this.#asked = asked;
    void this.#load(same);
  }

  protected override updated(): void {
    const scroller = this.#scroller;
    if (scroller === null) return;
    this.#resize.observe(scroller);
    this.#seen.observe(scroller);
    if (this.#scrollTo !== undefined) {
      scroller.scrollTop = this.#scrollTo;
      this.#scrollTo = undefined;
    }
  }

  get #scroller(): HTMLElement | null {
    return this.querySelector('.records-scroll');
  }

  get #count(): number {
    return Math.min(this.pages?.total ?? 0, MAX_DRAWN);
  }

  /**
   * Loads the rows in sight anew. Until they are there the old ones stay, and then they change at once.
   * @param keepPlace the same list, changed: the first row in sight stays where it is.
   */
  async #load(keepPlace: boolean): Promise<void> {
    const before = this.pages;
    const { first, last } = keepPlace
      ? visibleRows(this.scrolled, this.viewport, ROW_HEIGHT, Math.max(before?.total ?? 0, PAGE_SIZE))
      : { first: 0, last: PAGE_SIZE - 1 };
    let fresh = await this.#fetch(pagesOf(first, Math.max(last, first)));
    if (fresh === undefined) return;
    const atTop = !keepPlace || this.scrolled < ROW_HEIGHT;
    const top = Math.floor(this.scrolled / ROW_HEIGHT);
    const held = before?.row(top)?.record.usage_id;
    if (!atTop && held !== undefined) {
      let now = fresh.indexOf(held);
      const shift = fresh.total - (before?.total ?? 0);
      if (now === undefined && shift !== 0) {
        fresh = await this.#fetch(pagesOf(Math.max(0, first + shift), Math.max(0, last + shift)));
        if (fresh === undefined) return;
        now = fresh.indexOf(held);
      }
      if (now !== undefined && now !== top) this.#moveTo(this.scrolled + (now - top) * ROW_HEIGHT);
    } else if (!keepPlace) {
      this.#moveTo(0);
      void this.#drawInWindowFirst();
    }
    this.pages = fresh;
    if (this.activeId !== undefined) this.#activeIndex = fresh.indexOf(this.activeId) ?? this.#activeIndex;
  }

  /** Of another list all rows are new, and a third of them may be where nobody sees them. */
  async #drawInWindowFirst(): Promise<void> {
    this.#onlyInWindow = true;
    await afterPaint();
    this.#onlyInWindow = false;
    this.requestUpdate();
  }

  #moveTo(offset: number): void {
    // To set it where it is would have the page laid out at once, and again when all of it has changed.
    if (offset === this.scrolled) return;
    this.scrolled = offset;
    this.#scrollTo = offset;
  }

  async #fetch(pages: readonly number[]): Promise<Pages | undefined> {
    const { start } = this;
    if (pages.every((page) => page === 0)) return start;
    const questions = pages.map((page) => pageQuestion(this.filter, this.sort, page * PAGE_SIZE, PAGE_SIZE));
    try {
      const answers = await this.ask('records', questions);
      const first = answers[0];
      // A newer start means that newer rows are shown, or on their way.
      if (first?.kind !== 'page' || start !== this.start) return undefined;
      return new Pages(
        first.total,
        answers.flatMap((answer, index) => (answer.kind === 'page' ? [[pages[index] ?? 0, answer.rows] as const] : [])),
      );
    } catch (error) {
      if (!(error instanceof Superseded)) this.#fail(error);
      return undefined;
    }
  }

  /** Loads what a scroll brought into sight. */
  async #more(): Promise<void> {
    const { first, last } = visibleRows(this.scrolled, this.viewport, ROW_HEIGHT, this.#count);
    for (const page of this.pages?.missing(first, last) ?? []) {
      const question = pageQuestion(this.filter, this.sort, page * PAGE_SIZE, PAGE_SIZE);
      try {
        const [answer] = await this.ask('scroll', [question]);
        if (answer?.kind === 'page' && answer.total === this.pages?.total) {
          this.pages = this.pages.with(page, answer.rows);
        }
      } catch (error) {
        if (!(error instanceof Superseded)) this.#fail(error);
        return;
      }
    }
  }

  #fail(error: unknown): void {
    this.dispatchEvent(new CustomEvent<string>('failed', { detail: error instanceof Error ? error.message : '' }));
  }

  protected override render(): TemplateResult {
    const height = this.#onlyInWindow ? Math.min(this.viewport, this.#inWindow) : this.viewport;
    const { first, last } = visibleRows(this.scrolled, height, ROW_HEIGHT, this.#count);
    const indexes = Array.from({ length: Math.max(0, last - first + 1) }, (_, offset) => first + offset);
    const slots = this.#slots.take(indexes.map((index) => this.pages?.row(index)?.record.usage_id ?? `\0${index}`));
    return html`<div
      class="records-scroll"
      role="grid"
      tabindex="0"
      aria-label="Records"
      aria-multiselectable="true"
      aria-rowcount=${this.pages === undefined ? -1 : this.pages.total + 1}
      aria-colcount=${COLUMNS.length}
      aria-activedescendant=${this.#activeIndex >= first && this.#activeIndex <= last ? `record-${this.#activeIndex}` : nothing}
      @scroll=${(event: Event) => {
        this.scrolled = (event.currentTarget as HTMLElement).scrollTop;
        void this.#more();
      }}
      @keydown=${(event: KeyboardEvent) => this.#key(event)}
    >
      <div class="records-head" role="row" aria-rowindex="1">
        ${COLUMNS.map((column, index) => this.#heading(column, index))}
      </div>
      <div class="records-space" role="rowgroup" .style=${`height: ${this.#count * ROW_HEIGHT}px`}>
        ${repeat(
          indexes,
          (_, position) => slots[position],
          (index) => this.#row(index),
        )}
      </div>
    </div>`;
  }

  #heading({ key, label, sort, number }: RecordColumn, index: number): TemplateResult {
    const sorted = sort !== undefined && this.sort.by === sort;
    const direction = this.sort.descending ? 'descending' : 'ascending';
    return html`<div
      role="columnheader"
      class="cell cell-${key} ${number ? 'number' : ''}"
      aria-colindex=${index + 1}
      aria-sort=${sorted ? direction : nothing}
    >
      ${
        sort === undefined
          ? label
          : html`<button type="button" class="heading" @click=${() => this.#sortBy(sort)}>
              ${label}${
                sorted
                  ? html`<span class="codicon codicon-${this.sort.descending ? 'arrow-down' : 'arrow-up'}"></span>`
                  : nothing
              }
            </button>`
      }
    </div>`;
  }

  #row(index: number): TemplateResult {
    const row = this.pages?.row(index);
    const id = row?.record.usage_id;
    const selected = id !== undefined && this.selection.has(id);
    const classes = `record ${selected ? 'selected' : ''} ${id !== undefined && id === this.activeId ? 'active' : ''}`;
    return html`<div
      role="row"
      id="record-${index}"
      class=${classes}
      .style=${`transform: translateY(${index * ROW_HEIGHT}px)`}
      aria-rowindex=${index + 2}
      aria-selected=${selected}
      @click=${(event: MouseEvent) => void this.#click(event, index)}
      @dblclick=${() => this.#open(row)}
    >
      ${COLUMNS.map(
        ({ key, number, text }, column) =>
          html`<div role="gridcell" class="cell cell-${key} ${number ? 'number' : ''}" aria-colindex=${column + 1}>
            ${row === undefined ? nothing : text(row, this.format)}
          </div>`,
      )}
    </div>`;
  }

  #sortBy(by: SortKey): void {
    const words: readonly SortKey[] = ['provider', 'model', 'operation', 'project'];
    const descending = this.sort.by === by ? !this.sort.descending : !words.includes(by);
    this.dispatchEvent(new CustomEvent<Choices['recordsSort']>('sort', { detail: { by, descending } }));
  }

  #open(row: Row | undefined): void {
    if (row !== undefined) this.dispatchEvent(new CustomEvent<Row>('detail', { detail: row }));
  }

  #select(ids: Iterable<string>): void {
    this.dispatchEvent(new CustomEvent<ReadonlySet<string>>('select', { detail: new Set(ids) }));
  }

  async #click(event: MouseEvent, index: number): Promise<void> {
    const row = this.pages?.row(index);
    if (row === undefined) return;
    const id = row.record.usage_id;
    this.#activate(index);
    if (event.shiftKey && this.#anchor >= 0) return this.#selectRange(this.#anchor, index);
    this.#anchor = index;
    if (event.ctrlKey || event.metaKey) return this.#toggle(id);
    this.#select([id]);
    this.#open(row);
    return undefined;
  }

  #activate(index: number): void {
    this.#activeIndex = index;
    this.activeId = this.pages?.row(index)?.record.usage_id;
    this.requestUpdate();
  }

  #toggle(id: string): void {
    const next = new Set(this.selection);
    if (!next.delete(id)) next.add(id);
    this.#select(next);
  }

  /** Selects everything from one row to another, also what is not loaded. */
  async #selectRange(from: number, to: number): Promise<void> {
    const [first, last] = from < to ? [from, to] : [to, from];
    if (last - first >= MAX_SELECTED) {
      this.#fail(new Error(`At most ${this.format.count(MAX_SELECTED)} records can be selected at once.`));
      return;
    }
    const size = 500;
    const questions: Question[] = [];
    for (let offset = first; offset <= last; offset += size) {
      questions.push(pageQuestion(this.filter, this.sort, offset, Math.min(size, last - offset + 1)));
    }
    try {
      const answers = await this.ask('selection', questions);
      const rows = answers.flatMap((answer) => (answer.kind === 'page' ? answer.rows : []));
      this.#select(rows.map(({ record }) => record.usage_id));
    } catch (error) {
      if (!(error instanceof Superseded)) this.#fail(error);
    }
  }

  #key(event: KeyboardEvent): void {
    if (event.target !== event.currentTarget) return;
    const page = Math.max(1, Math.floor(this.viewport / ROW_HEIGHT) - 2);
    const steps: Partial<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: Number.NEGATIVE_INFINITY,
      End: Number.POSITIVE_INFINITY,
    };
    const step = steps[event.key];
    if (step !== undefined) this.#go(this.#activeIndex + step, event.shiftKey);
    else if (event.key === 'Enter') this.#open(this.pages?.row(this.#activeIndex));
    else if (event.key === ' ' && this.activeId !== undefined) {
      this.#anchor = this.#activeIndex;
      this.#toggle(this.activeId);
    } else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) void this.#selectRange(0, this.#count - 1);
    else if (event.key === 'c' && (event.ctrlKey || event.metaKey)) this.#copy();
    else if (event.key === 'Delete') this.dispatchEvent(new CustomEvent('remove-selected'));
    else if (event.key === 'Escape') this.#select([]);
    else return;
    event.preventDefault();
  }

  /** What is selected and in memory: what the person has seen. */
  #copy(): void {
    const rows = this.pages?.loaded().filter(({ record }) => this.selection.has(record.usage_id)) ?? [];
    this.dispatchEvent(new CustomEvent<Row[]>('copy-selected', { detail: rows }));
  }

  #go(to: number, extend: boolean): void {
    if (this.#count === 0) return;
    const index = Math.min(this.#count - 1, Math.max(0, to));
    const top = index * ROW_HEIGHT;
    const inner = this.viewport - ROW_HEIGHT;
    if (top < this.scrolled) this.#moveTo(top);
    else if (top + ROW_HEIGHT > this.scrolled + inner) this.#moveTo(top + ROW_HEIGHT - inner);
    if (extend && this.#anchor < 0) this.#anchor = Math.max(0, this.#activeIndex);
    this.#activate(index);
    void this.#more().then(() => {
      if (this.#activeIndex === index) this.#activate(index);
    });
    if (extend) void this.#selectRange(this.#anchor, index);
    else {
      this.#anchor = index;
      if (this.activeId !== undefined) this.#select([this.activeId]);
    }
  }
}
customElements.define('spend-records', SpendRecords);

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A narrow list has room for the hour of today's records and the day of the others. */
function timeCell(ms: number, format: Format): TemplateResult {
  return html`<span class="time-long">${format.time(ms)}</span
    ><span class="time-short">${format.timeShort(ms, Date.now())}</span>`;
}

function costCell(row: Row, format: Format): string | TemplateResult {
  const cost = recordCost(row, format);
  return row.record.cost_known ? cost : html`<span class="unpriced">${cost}</span>`;
}
