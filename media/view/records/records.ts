import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Choices } from '../../../src/protocol/choices.ts';
import type { LedgerInfo, RecordRow } from '../../../src/protocol/messages.ts';
import { Superseded } from '../../client.ts';
import type { Format } from '../../model/format.ts';
import { offerMenu, placeOfPage } from '../../model/menuRow.ts';
import { Slots } from '../../model/pages.ts';
import type { LoadedPages } from '../../model/pages.ts';
import { recordJson } from '../../model/record.ts';
import { cellTemplates, columnsOf, gridOf } from './columns.ts';
import type { RecordColumn } from './columns.ts';
import type { ColumnsChange } from './headings.ts';
import './headings.ts';
import { idsBetween } from './loading.ts';
import { RecordListElement, ROW_HEIGHT } from './recordList.ts';
import { t } from '../../model/texts.ts';

/** Maximum number of records that one gesture may select. */
const MAX_SELECTED = 10_000;
/** Length of the text that a menu copies: it passes through the editor with each opening of the menu. */
const MAX_COPIED = 100_000;
const NO_RECORD = { section: 'record', unpriced: false } as const;

/** The table of all matching records, with selection and keyboard. Only visible rows exist in the page. */
export class SpendRecords extends RecordListElement {
  static override properties = {
    ...RecordListElement.properties,
    format: { attribute: false },
    ledgers: { attribute: false },
    selection: { attribute: false },
    columns: { attribute: false },
    draft: { state: true },
    said: { state: true },
    activeId: { state: true },
  };
  declare format: Format;
  declare ledgers: readonly LedgerInfo[];
  /** Ids of the selected records. */
  declare selection: ReadonlySet<string>;
  declare columns: Choices['columns'];
  /** The columns while the pointer sizes one of them. */
  declare draft: Choices['columns'] | undefined;
  /** The last change of the columns, for screen readers. */
  declare said: string;
  /** Id of the record with keyboard focus. */
  declare activeId: string | undefined;
  #activeIndex = -1;
  /** Start of the selected range. */
  #anchor = -1;
  readonly #slots = new Slots();

  constructor() {
    super();
    this.selection = new Set();
    this.columns = [];
    this.said = '';
  }

  protected override loaded(pages: LoadedPages): void {
    if (this.activeId !== undefined) this.#activeIndex = pages.indexOf(this.activeId) ?? this.#activeIndex;
  }

  protected override render(): TemplateResult {
    const chosen = this.draft ?? this.columns;
    const columns = columnsOf(chosen);
    const grid = gridOf(chosen);
    const indexes = this.drawn;
    const [first = 0, last = -1] = [indexes[0], indexes.at(-1)];
    const slots = this.#slots.take(indexes.map((index) => this.pages?.row(index)?.record.usage_id ?? `\0${index}`));
    return html`<div
        class="records-scroll ${grid === '' ? '' : 'chosen'}"
        .style=${grid}
        role="grid"
        tabindex="0"
        aria-label=${t('Records')}
        aria-multiselectable="true"
        aria-rowcount=${this.pages === undefined ? -1 : this.pages.total + 1}
        aria-colcount=${columns.length}
        aria-activedescendant=${this.#activeIndex >= first && this.#activeIndex <= last ? `record-${this.#activeIndex}` : nothing}
        @scroll=${(event: Event) => {
          this.scrolled = (event.currentTarget as HTMLElement).scrollTop;
          void this.more();
        }}
        @keydown=${(event: KeyboardEvent) => this.#key(event)}
        @contextmenu=${(event: MouseEvent) => this.#menu(event)}
      >
        <spend-headings
          .sort=${this.sort}
          .columns=${chosen}
          @sort=${({ detail }: CustomEvent) => this.dispatchEvent(new CustomEvent('sort', { detail }))}
          @columns=${({ detail }: CustomEvent<ColumnsChange>) => this.#arrange(detail)}
        ></spend-headings>
        <div class="records-space" role="rowgroup" .style=${`height: ${this.count * ROW_HEIGHT}px`}>
          ${repeat(
            indexes,
            (_, position) => slots[position],
            (index) => this.#row(index, columns),
          )}
        </div>
      </div>
      <span class="visually-hidden" aria-live="polite">${this.said}</span>`;
  }

  #arrange({ columns, draft, said }: ColumnsChange): void {
    this.draft = draft === true ? columns : undefined;
    if (said !== undefined) this.said = said;
    if (this.draft === undefined) this.dispatchEvent(new CustomEvent('columns', { detail: columns }));
  }

  #row(index: number, columns: readonly RecordColumn[]): TemplateResult {
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
      ${cellTemplates(columns, row, this)}
    </div>`;
  }

  #open(row: RecordRow | undefined): void {
    if (row !== undefined) this.dispatchEvent(new CustomEvent<RecordRow>('detail', { detail: row }));
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

  /** Selects all rows from one position to another, loaded or not. */
  async #selectRange(from: number, to: number): Promise<void> {
    const [first, last] = from < to ? [from, to] : [to, from];
    if (last - first >= MAX_SELECTED) {
      this.fail(new Error(t('At most {0} records can be selected at once.', this.format.count(MAX_SELECTED))));
      return;
    }
    try {
      this.#select(await idsBetween(this, first, last));
    } catch (error) {
      if (!(error instanceof Superseded)) this.fail(error);
    }
  }

  /** Offers the menu of the selected records, to which a row under the pointer then belongs. */
  #menu(event: MouseEvent): void {
    const under = (event.target as Element).closest<HTMLElement>('.record');
    const index = under === null ? this.#activeIndex : Number(under.id.slice('record-'.length));
    const row = this.pages?.row(index);
    if (row === undefined) return offerMenu(event.currentTarget as HTMLElement, undefined, NO_RECORD);
    const { record } = row;
    this.#activate(index);
    if (!this.selection.has(record.usage_id)) {
      this.#anchor = index;
      this.#select([record.usage_id]);
      this.selection = new Set([record.usage_id]);
    }
    const loaded = this.pages?.loaded().filter((each) => this.selection.has(each.record.usage_id)) ?? [];
    offerMenu(
      event.currentTarget as HTMLElement,
      {
        place: placeOfPage(document.body),
        text: loaded
          .map((each) => recordJson(each.record))
          .join('\n')
          .slice(0, MAX_COPIED),
        values: [
          ['provider', record.provider],
          ['model', record.model],
        ],
        ids: [...this.selection],
      },
      { section: 'record', unpriced: !record.cost_known },
    );
    return undefined;
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
    } else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) void this.#selectRange(0, this.count - 1);
    else if (event.key === 'c' && (event.ctrlKey || event.metaKey)) this.#copy();
    else if (event.key === 'Delete') this.dispatchEvent(new CustomEvent('remove-selected'));
    else if (event.key === 'Escape') this.#select([]);
    else return;
    event.preventDefault();
  }

  /** Copies the selected rows that are loaded: those that the user has seen. */
  #copy(): void {
    const rows = this.pages?.loaded().filter(({ record }) => this.selection.has(record.usage_id)) ?? [];
    this.dispatchEvent(new CustomEvent<RecordRow[]>('copy-selected', { detail: rows }));
  }

  #go(to: number, extend: boolean): void {
    if (this.count === 0) return;
    const index = Math.min(this.count - 1, Math.max(0, to));
    const top = index * ROW_HEIGHT;
    const inner = this.viewport - ROW_HEIGHT;
    if (top < this.scrolled) this.moveTo(top);
    else if (top + ROW_HEIGHT > this.scrolled + inner) this.moveTo(top + ROW_HEIGHT - inner);
    if (extend && this.#anchor < 0) this.#anchor = Math.max(0, this.#activeIndex);
    this.#activate(index);
    void this.more().then(() => {
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
