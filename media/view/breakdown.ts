import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { BreakdownColumn, Choices } from '../../src/protocol/choices.ts';
import type { BreakdownRow } from '../model/breakdown.ts';
import type { Format } from '../model/format.ts';
import { offerMenu } from '../model/menuRow.ts';
import type { MenuRow } from '../../src/protocol/row.ts';
import { LightElement, never } from './light.ts';
import { swatch } from './swatch.ts';
import { t } from '../model/texts.ts';

/** A tree of totals as a table, with the keyboard behaviour of the editor's trees, sortable by its headings. */
export class SpendBreakdown extends LightElement {
  static override properties = {
    rows: { attribute: false },
    sort: { attribute: false },
    format: { attribute: false },
    nameOf: { attribute: false, hasChanged: never },
    menuOf: { attribute: false, hasChanged: never },
    active: { state: true },
  };
  declare rows: readonly BreakdownRow[];
  declare sort: Choices['breakdownSort'];
  declare format: Format;
  declare nameOf: (row: BreakdownRow) => string;
  /** The row as its context menu's commands receive it; undefined if it has none. */
  declare menuOf: (row: BreakdownRow) => MenuRow | undefined;
  /** Id of the row with keyboard focus. */
  declare active: string | undefined;

  protected override render(): TemplateResult {
    return html`<table
      class="tree ${this.format.currency === undefined ? '' : 'converted'}"
      role="treegrid"
      tabindex="0"
      aria-label=${t('Breakdown')}
      aria-activedescendant=${this.#activeIndex() < 0 ? nothing : `breakdown-${this.#activeIndex()}`}
      @keydown=${(event: KeyboardEvent) => this.#key(event)}
      @contextmenu=${(event: MouseEvent) => this.#menu(event)}
      @focus=${() => (this.active ??= this.rows[0]?.id)}
    >
      <thead>
        <tr>
          ${this.#heading('name', t('Name'), '')} ${this.#heading('cost', t('Cost'), 'number')}
          <th scope="col" class="number share-cell">${t('Share')}</th>
          ${this.#heading('tokens', t('Tokens'), 'number tokens-cell')}
          ${this.#heading('records', t('Calls'), 'number records-cell')}
        </tr>
      </thead>
      <tbody>
        ${repeat(
          this.rows,
          ({ id }) => id,
          (row, index) => this.#row(row, index),
        )}
      </tbody>
    </table>`;
  }

  #heading(by: BreakdownColumn, label: string, classes: string): TemplateResult {
    const sorted = this.sort.by === by;
    const direction = this.sort.descending ? 'descending' : 'ascending';
    return html`<th scope="col" class=${classes} aria-sort=${sorted ? direction : nothing}>
      <button type="button" class="heading" @click=${() => this.#sortBy(by)}>
        ${label}${
          sorted
            ? html`<span class="codicon codicon-${this.sort.descending ? 'arrow-down' : 'arrow-up'}"></span>`
            : nothing
        }
      </button>
    </th>`;
  }

  #row(row: BreakdownRow, index: number): TemplateResult {
    const { format } = this;
    const name = this.nameOf(row);
    const filterable = row.rest === undefined;
    return html`<tr
      id="breakdown-${index}"
      class=${row.id === this.active ? 'active' : ''}
      aria-level=${row.level + 1}
      aria-posinset=${row.position}
      aria-setsize=${row.siblings}
      aria-expanded=${row.expanded ?? nothing}
      @click=${() => {
        this.active = row.id;
        if (row.expanded !== undefined) this.#send('toggle', row);
      }}
    >
      <td class="tree-name" .style=${`--level: ${row.level}`}>
        <span
          class="twistie ${row.expanded === undefined ? '' : `codicon codicon-chevron-${row.expanded ? 'down' : 'right'}`}"
        ></span>
        ${swatch(row.slot)}<span class="value-name" title=${name}>${name}</span>
        ${
          filterable
            ? html`<button
                type="button"
                class="row-action"
                tabindex="-1"
                aria-label=${t('Show only {0}', name)}
                title=${t('Show only {0}', name)}
                @click=${(event: Event) => {
                  event.stopPropagation();
                  this.#send('filter', row);
                }}
              >
                <span class="codicon codicon-filter"></span>
              </button>`
            : nothing
        }
      </td>
      <td class="number" title=${format.costExact(row.totals)}>${this.#cost(row)}</td>
      <td class="number share-cell">
        <span class="share">
          <span class="share-bar"
            ><span class="share-fill" .style=${`width: ${((row.share ?? 0) * 100).toFixed(2)}%`}></span
          ></span>
          <span class="share-text">${row.share === undefined ? '–' : format.share(row.share)}</span>
        </span>
      </td>
      <td class="number tokens-cell" title=${format.count(row.totals.totalTokens)}>
        ${format.compact(row.totals.totalTokens)}
      </td>
      <td class="number records-cell">${format.count(row.totals.records)}</td>
    </tr>`;
  }

  /** Abbreviated to fit on one line; the title has the full text. */
  #cost({ totals }: BreakdownRow): TemplateResult | string {
    const { unpriced, records, unconvertedNanos } = totals;
    if (unpriced === 0 && unconvertedNanos === undefined) return this.format.cost(totals);
    const count = this.format.count(unpriced);
    if (unpriced === records) return html`<span class="unpriced">${t('{0} unpriced', count)}</span>`;
    const { known, plan } = this.format.costTexts(totals);
    const usd =
      unconvertedNanos === undefined
        ? undefined
        : `${totals.estimated > 0 ? '~' : ''}${this.format.usd(unconvertedNanos)}`;
    const amounts = [known, usd, plan].filter((text) => text !== undefined);
    const word = usd === undefined ? html`<span class="wide"> ${t('unpriced')}</span>` : nothing;
    return html`${amounts.map((amount, index) => html`<span class="nowrap">${index === 0 ? '' : '+ '}${amount}</span> `)}${
      unpriced === 0 ? nothing : html`<span class="unpriced" title=${t('{0} unpriced', count)}>+ ${count}${word}</span>`
    }`;
  }

  #activeIndex(): number {
    return this.rows.findIndex(({ id }) => id === this.active);
  }

  #sortBy(by: BreakdownColumn): void {
    const descending = this.sort.by === by ? !this.sort.descending : by !== 'name';
    this.dispatchEvent(new CustomEvent<Choices['breakdownSort']>('sort', { detail: { by, descending } }));
  }

  #send(type: 'toggle' | 'filter', row: BreakdownRow): void {
    this.dispatchEvent(new CustomEvent<BreakdownRow>(type, { detail: row }));
  }

  #key(event: KeyboardEvent): void {
    if (event.target !== event.currentTarget) return;
    const index = this.#activeIndex();
    const row = this.rows[index];
    const go = (to: number): void => {
      this.active = this.rows[Math.min(this.rows.length - 1, Math.max(0, to))]?.id;
      void this.updateComplete.then(() => this.querySelector('tr.active')?.scrollIntoView({ block: 'nearest' }));
    };
    switch (event.key) {
      case 'ArrowDown':
        go(index + 1);
        break;
      case 'ArrowUp':
        go(index - 1);
        break;
      case 'Home':
        go(0);
        break;
      case 'End':
        go(this.rows.length - 1);
        break;
      case 'ArrowRight':
        if (row?.expanded === false) this.#send('toggle', row);
        else if (row?.expanded === true) go(index + 1);
        break;
      case 'ArrowLeft':
        if (row?.expanded === true) this.#send('toggle', row);
        else if (row !== undefined && row.level > 0) go(this.#parentOf(index));
        break;
      case ' ':
        if (row?.expanded !== undefined) this.#send('toggle', row);
        break;
      case 'Enter':
        if (row !== undefined && row.rest === undefined) this.#send('filter', row);
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  #menu(event: MouseEvent): void {
    const under = (event.target as Element).closest<HTMLElement>('tr[aria-level]');
    const row =
      under === null ? this.rows[this.#activeIndex()] : this.rows[Number(under.id.slice('breakdown-'.length))];
    if (row !== undefined) this.active = row.id;
    offerMenu(event.currentTarget as HTMLElement, row && this.menuOf(row), {
      section: 'group',
      unpriced: row !== undefined && row.totals.unpriced > 0,
    });
  }

  #parentOf(index: number): number {
    const level = this.rows[index]?.level ?? 0;
    for (let at = index - 1; at >= 0; at--) if ((this.rows[at]?.level ?? 0) < level) return at;
    return index;
  }
}
customElements.define('spend-breakdown', SpendBreakdown);
