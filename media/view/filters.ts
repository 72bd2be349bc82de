import { html, nothing } from 'lit';
import type { PropertyValues, TemplateResult } from 'lit';
import type { VscodeMultiSelect } from '@vscode-elements/elements/dist/vscode-multi-select/vscode-multi-select.js';
import type { VscodeTextfield } from '@vscode-elements/elements/dist/vscode-textfield/vscode-textfield.js';
import { DEFAULT_CHOICES } from '../../src/protocol/choices.ts';
import type { Choices, FilterValues } from '../../src/protocol/choices.ts';
import type { Period } from '../../src/usage/time/period.ts';
import type { Dimension } from '../../src/usage/query.ts';
import { plain } from '../../src/usage/text.ts';
import { DIMENSION_LABELS } from '../../src/usage/dimensions.ts';
import type { Offer } from '../model/names.ts';
import { select } from './controls.ts';
import { LightElement } from './light.ts';
import { PERIOD_NAMES } from '../../src/usage/time/period.ts';

// The component's input has square corners: padding keeps them off its round frame.
const FIELD_START = html`<span slot="content-before" class="field-air"></span>`;
const FIELD_END = html`<span slot="content-after" class="field-air"></span>`;

const RANGES: Record<Period | 'dates', string> = { ...PERIOD_NAMES, dates: 'Custom range…' };

/** The range, the search, the active filters as chips, and a picker for more. Fires `choose` with the changes. */
export class SpendFilters extends LightElement {
  static override properties = {
    choices: { attribute: false },
    today: { attribute: false },
    nameOf: { attribute: false },
    offersOf: { attribute: false },
    adding: { state: true },
    dimension: { state: true },
    offers: { state: true },
  };
  declare choices: Choices;
  /** Today's date, the default for both dates. */
  declare today: string;
  declare nameOf: (dimension: Dimension, value: string | null) => string;
  /** Requests the values of a dimension. */
  declare offersOf: (dimension: Dimension) => Promise<Offer[]>;
  declare adding: boolean;
  declare dimension: Dimension;
  declare offers: readonly Offer[] | undefined;
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.adding = false;
    this.dimension = 'model';
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (this.adding && (changed.has('adding') || changed.has('dimension'))) void this.#loadOffers();
  }

  async #loadOffers(): Promise<void> {
    const { dimension } = this;
    this.offers = undefined;
    const offers = await this.offersOf(dimension);
    if (this.dimension === dimension) this.offers = offers;
  }

  protected override render(): TemplateResult {
    const { choices } = this;
    const dates = choices.range.kind === 'dates';
    return html`
      <div class="filters">
        <vscode-textfield
          class="search"
          type="search"
          .label=${'Search records'}
          placeholder="Search"
          maxlength="500"
          .value=${choices.search}
          @input=${(event: Event) => this.#search((event.target as VscodeTextfield).value)}
        >
          <span slot="content-before" class="codicon codicon-search"></span>
          ${FIELD_END}
        </vscode-textfield>
        ${select({ label: 'Range', classes: 'range' }, choices.range.kind, RANGES, (kind) => this.#range(kind))}
        ${dates ? this.#dates() : nothing}
        <vscode-toolbar-button
          icon="filter"
          label="Add a filter"
          title="Add a filter"
          toggleable
          .checked=${this.adding}
          @change=${() => (this.adding = !this.adding)}
        ></vscode-toolbar-button>
      </div>
      ${this.adding ? this.#picker() : nothing} ${this.#chips()}
    `;
  }

  #dates(): TemplateResult {
    const { range } = this.choices;
    const from = range.kind === 'dates' ? range.from : this.today;
    const to = range.kind === 'dates' ? range.to : this.today;
    return html`<vscode-textfield
        class="date"
        type="date"
        .label=${'From'}
        .value=${from}
        max="9999-12-31"
        @change=${(event: Event) => this.#setDates((event.target as VscodeTextfield).value, to, 'from')}
        >${FIELD_START}${FIELD_END}</vscode-textfield
      >
      <span class="until">to</span>
      <vscode-textfield
        class="date"
        type="date"
        .label=${'To'}
        .value=${to}
        max="9999-12-31"
        @change=${(event: Event) => this.#setDates(from, (event.target as VscodeTextfield).value, 'to')}
        >${FIELD_START}${FIELD_END}</vscode-textfield
      >`;
  }

  #picker(): TemplateResult {
    const chosen = this.choices.values[this.dimension] ?? [];
    const offers = this.offers ?? [];
    return html`<div class="picker">
      ${select({ label: 'Filter by' }, this.dimension, DIMENSION_LABELS, (dimension) => (this.dimension = dimension))}
      ${
        this.offers === undefined
          ? html`<vscode-progress-ring></vscode-progress-ring>`
          : html`<vscode-multi-select
              combobox
              .label=${`${DIMENSION_LABELS[this.dimension]}, one or many`}
              .options=${offers.map(({ name, value, detail }, index) => ({
                label: name,
                value: String(index),
                description: detail,
                selected: chosen.includes(value),
                disabled: false,
              }))}
              .value=${offers.flatMap(({ value }, index) => (chosen.includes(value) ? String(index) : []))}
              @change=${(event: Event) => {
                const indexes = (event.target as VscodeMultiSelect).value;
                this.#values(indexes.flatMap((index) => offers[Number(index)]?.value ?? null));
              }}
            ></vscode-multi-select>`
      }
    </div>`;
  }

  #chips(): TemplateResult | typeof nothing {
    const entries = Object.entries(this.choices.values) as [Dimension, readonly (string | null)[]][];
    const chips = entries.flatMap(([dimension, values]) => values.map((value) => ({ dimension, value })));
    if (chips.length === 0 && this.choices.search === '') return nothing;
    return html`<div class="chips" role="group" aria-label="Filters">
      ${chips.map(({ dimension, value }) => {
        const label = `${DIMENSION_LABELS[dimension]}: ${this.nameOf(dimension, value)}`;
        return this.#chip(label, () => this.#remove(dimension, value));
      })}
      ${
        this.choices.search === ''
          ? nothing
          : this.#chip(`Search: ${plain(this.choices.search)}`, () => this.#choose({ search: '' }))
      }
      <button
        type="button"
        class="link"
        @click=${() => this.#choose({ values: DEFAULT_CHOICES.values, search: DEFAULT_CHOICES.search })}
      >
        Reset
      </button>
    </div>`;
  }

  #chip(label: string, remove: () => void): TemplateResult {
    return html`<button
      type="button"
      class="chip"
      aria-label=${`Remove the filter ${label}`}
      title=${label}
      @click=${remove}
    >
      <span class="chip-text">${label}</span><span class="codicon codicon-close"></span>
    </button>`;
  }

  #choose(choices: Partial<Choices>): void {
    this.dispatchEvent(new CustomEvent<Partial<Choices>>('choose', { detail: choices }));
  }

  /** Debounced, so that typing does not query the ledger at each letter. */
  #search(search: string): void {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#choose({ search }), 120);
  }

  #range(kind: Period | 'dates'): void {
    this.#choose({ range: kind === 'dates' ? { kind, from: this.today, to: this.today } : { kind } });
  }

  /** If the dates are in the wrong order, the one that was not edited follows the other. */
  #setDates(from: string, to: string, touched: 'from' | 'to'): void {
    if (from === '' || to === '') return;
    if (from <= to) this.#choose({ range: { kind: 'dates', from, to } });
    else {
      const date = touched === 'from' ? from : to;
      this.#choose({ range: { kind: 'dates', from: date, to: date } });
    }
  }

  #values(values: readonly (string | null)[]): void {
    const next: FilterValues = { ...this.choices.values };
    if (values.length === 0) delete next[this.dimension];
    else next[this.dimension] = values;
    this.#choose({ values: next });
  }

  #remove(dimension: Dimension, value: string | null): void {
    const left = this.choices.values[dimension]?.filter((other) => other !== value) ?? [];
    const next: FilterValues = { ...this.choices.values };
    if (left.length === 0) delete next[dimension];
    else next[dimension] = left;
    this.#choose({ values: next });
  }
}
customElements.define('spend-filters', SpendFilters);
