import { html, nothing } from 'lit';
import type { PropertyValues, TemplateResult } from 'lit';
import type { VscodeMultiSelect } from '@vscode-elements/elements/dist/vscode-multi-select/vscode-multi-select.js';
import type { VscodeTextfield } from '@vscode-elements/elements/dist/vscode-textfield/vscode-textfield.js';
import { DEFAULT_CHOICES } from '../../src/protocol/choices.ts';
import type { Choices, FilterValues } from '../../src/protocol/choices.ts';
import type { Period } from '../../src/usage/time/period.ts';
import type { Dimension } from '../../src/usage/query.ts';
import { searchParts } from '../../src/usage/line/searchText.ts';
import { plain } from '../../src/usage/text.ts';
import { dimensionName } from '../model/names.ts';
import type { Offer } from '../model/names.ts';
import { dimensionsBut, select } from './controls.ts';
import { dateFields, FIELD_END } from './dateFields.ts';
import { LightElement } from './light.ts';
import { PERIOD_NAMES } from '../../src/usage/time/period.ts';
import { t } from '../model/texts.ts';

function rangeNames(): Record<Period | 'dates', string> {
  const periods = Object.entries(PERIOD_NAMES).map(([period, name]) => [period, t(name)]);
  return { ...(Object.fromEntries(periods) as Record<Period, string>), dates: t('Custom range…') };
}

function hintTemplate(): TemplateResult {
  return html`<p class="search-hint">
    <code>model:opus</code> <code>model:"gpt-5"</code> <code>-project:x</code> <code>cost&gt;0.1</code>
    <code>tokens&gt;=12k</code> <code>cost:unpriced</code>
  </p>`;
}

/** The range, the search, the active filters as chips, and a picker for more. Fires `choose` with the changes. */
export class SpendFilters extends LightElement {
  static override properties = {
    choices: { attribute: false },
    dates: { attribute: false },
    nameOf: { attribute: false },
    offersOf: { attribute: false },
    adding: { state: true },
    hinting: { state: true },
    dimension: { state: true },
    offers: { state: true },
  };
  declare choices: Choices;
  /** The dates of the range on show, from which a range of one's own choice starts. */
  declare dates: { from: string; to: string };
  declare nameOf: (dimension: Dimension, value: string | null) => string;
  /** Requests the values of a dimension. */
  declare offersOf: (dimension: Dimension) => Promise<Offer[]>;
  declare adding: boolean;
  /** Whether the search has the focus, so that its syntax is shown. */
  declare hinting: boolean;
  declare dimension: Dimension;
  declare offers: readonly Offer[] | undefined;
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.adding = false;
    this.hinting = false;
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
          data-vscode-context='{"preventDefaultContextMenuItems":false}'
          .label=${t('Search records')}
          placeholder=${t('Search, e.g. {0}', 'model:opus cost>0.1')}
          @focusin=${() => (this.hinting = true)}
          @focusout=${() => (this.hinting = false)}
          maxlength="500"
          .value=${choices.search}
          @input=${(event: Event) => this.#search((event.target as VscodeTextfield).value)}
        >
          <span slot="content-before" class="codicon codicon-search"></span>
          ${FIELD_END}
        </vscode-textfield>
        ${select({ label: t('Range'), classes: 'range' }, choices.range.kind, rangeNames(), (kind) => this.#range(kind))}
        ${dates ? this.#dates() : nothing}
        <vscode-toolbar-button
          icon="filter"
          label=${t('Add a filter')}
          title=${t('Add a filter')}
          toggleable
          .checked=${this.adding}
          @change=${() => (this.adding = !this.adding)}
        ></vscode-toolbar-button>
      </div>
      ${this.hinting && choices.search === '' ? hintTemplate() : nothing} ${this.adding ? this.#picker() : nothing}
      ${this.#chips()}
    `;
  }

  #dates(): TemplateResult {
    const { range } = this.choices;
    const shown = range.kind === 'dates' ? range : this.dates;
    return dateFields(shown, (span) => this.#choose({ range: { kind: 'dates', ...span } }));
  }

  #picker(): TemplateResult {
    const chosen = this.choices.values[this.dimension] ?? [];
    const offers = this.offers ?? [];
    return html`<div class="picker">
      ${select({ label: t('Filter by') }, this.dimension, dimensionsBut(), (dimension) => (this.dimension = dimension))}
      ${
        this.offers === undefined
          ? html`<vscode-progress-ring></vscode-progress-ring>`
          : html`<vscode-multi-select
              combobox
              .label=${t('{0}, one or many', dimensionName(this.dimension))}
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
    return html`<div class="chips" role="group" aria-label=${t('Filters')}>
      ${chips.map(({ dimension, value }) => {
        const label = `${dimensionName(dimension)}: ${this.nameOf(dimension, value)}`;
        return this.#chip(label, () => this.#remove(dimension, value));
      })}
      ${this.#searchChips()}
      <button
        type="button"
        class="link"
        @click=${() => this.#choose({ values: DEFAULT_CHOICES.values, search: DEFAULT_CHOICES.search })}
      >
        ${t('Reset')}
      </button>
    </div>`;
  }

  /** One for each term of a field, and one for all words. */
  #searchChips(): TemplateResult[] {
    const parts = searchParts(this.choices.search);
    const words = parts.filter(({ isWord }) => isWord).map(({ text }) => text);
    const terms = parts.filter(({ isWord }) => !isWord);
    const without = (gone: (part: (typeof parts)[number]) => boolean): void => {
      const kept = parts.filter((part) => !gone(part)).map(({ text }) => text);
      this.#choose({ search: kept.join(' ') });
    };
    return [
      ...(words.length === 0
        ? []
        : [this.#chip(t('Search: {0}', plain(words.join(' '))), () => without(({ isWord }) => isWord))]),
      ...terms.map((term) => this.#chip(plain(term.text), () => without((part) => part === term))),
    ];
  }

  #chip(label: string, remove: () => void): TemplateResult {
    return html`<button
      type="button"
      class="chip"
      aria-label=${t('Remove the filter {0}', label)}
      title=${label}
      @click=${remove}
    >
      <span class="chip-text">${label}</span><span class="codicon codicon-close"></span>
    </button>`;
  }

  focusSearch(): void {
    this.querySelector<HTMLElement>('.search')?.focus();
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
    this.#choose({ range: kind === 'dates' ? { kind, ...this.dates } : { kind } });
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
