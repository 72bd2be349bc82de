import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Choices } from '../../../src/protocol/choices.ts';
import type { SortKey } from '../../../src/usage/query.ts';
import { moved, placeAt, sized } from '../../model/columnChoice.ts';
import { LightElement } from '../light.ts';
import { columnsOf } from './columns.ts';
import type { RecordColumn } from './columns.ts';
import { t } from '../../model/texts.ts';

type Sort = Choices['recordsSort'];
type Columns = Choices['columns'];

/** px that the pointer moves before a click on a heading becomes a drag. */
const DRAG_START = 5;
/** px by which a key changes the width of a column. */
const STEP = 16;
const TEXT_COLUMNS: readonly SortKey[] = ['provider', 'model', 'operation', 'project'];

/** A change of the columns. */
export interface ColumnsChange {
  readonly columns: Columns;
  /** While the pointer sizes a column: shown, and not stored yet. */
  readonly draft?: boolean;
  /** The change in words, for screen readers. */
  readonly said?: string;
}

/**
 * The column headings: a click sorts, a drag moves the column, a drag at the right edge sizes it. By keyboard Shift and an arrow
 * moves the column, + and - size it, 0 gives it back its own width. Fires `sort` and `columns`.
 */
export class SpendHeadings extends LightElement {
  static override properties = {
    sort: { attribute: false },
    columns: { attribute: false },
    dropAt: { state: true },
  };
  declare sort: Sort;
  declare columns: Columns;
  /** The place where a dragged column would be dropped. */
  declare dropAt: number | undefined;
  /** The column whose heading gets the focus after the next update: moving an element takes the focus from it. */
  #focus: string | undefined;

  constructor() {
    super();
    this.columns = [];
  }

  protected override updated(): void {
    if (this.#focus === undefined) return;
    this.querySelector<HTMLElement>(`.cell-${this.#focus} .heading`)?.focus();
    this.#focus = undefined;
  }

  protected override render(): TemplateResult {
    return html`<div class="records-head" role="row" aria-rowindex="1">
      ${repeat(
        columnsOf(this.columns),
        ({ key }) => key,
        (column, index) => this.#heading(column, index),
      )}
    </div>`;
  }

  #heading({ key, label, sort: by, number }: RecordColumn, index: number): TemplateResult {
    const { sort } = this;
    const sorted = by !== undefined && sort.by === by;
    const order = sort.descending ? 'descending' : 'ascending';
    return html`<div
      role="columnheader"
      class="cell cell-${key} ${number ? 'number' : ''} ${this.dropAt === index ? 'drop' : ''}"
      aria-colindex=${index + 1}
      aria-sort=${sorted ? order : nothing}
    >
      <button
        type="button"
        class="heading"
        aria-keyshortcuts="Shift+ArrowLeft Shift+ArrowRight + - 0"
        title=${label()}
        @click=${() => {
          if (by !== undefined) this.dispatchEvent(new CustomEvent<Sort>('sort', { detail: nextSort(sort, by) }));
        }}
        @keydown=${(event: KeyboardEvent) => this.#key(event, key, label())}
        @pointerdown=${(event: PointerEvent) => this.#drag(event, key)}
      >
        ${label()}${sorted ? html`<span class="codicon codicon-arrow-${sort.descending ? 'down' : 'up'}"></span>` : nothing}
      </button>
      <span
        class="sizer"
        aria-hidden="true"
        @pointerdown=${(event: PointerEvent) => this.#size(event, key)}
        @dblclick=${() => this.#change({ columns: sized(this.#shown(), key, undefined) })}
      ></span>
    </div>`;
  }

  #shown(): Columns {
    return shownColumns(this.columns);
  }

  #cell(key: string): HTMLElement | null {
    return this.querySelector<HTMLElement>(`.cell-${key}`);
  }

  #change(detail: ColumnsChange): void {
    this.dispatchEvent(new CustomEvent<ColumnsChange>('columns', { detail }));
  }

  #key(event: KeyboardEvent, key: string, name: string): void {
    const { ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey) return;
    const shown = this.#shown();
    const by = event.shiftKey ? { ArrowLeft: -1, ArrowRight: 1 }[event.key] : undefined;
    const wider = { '+': STEP, '=': STEP, '-': -STEP }[event.key];
    if (by !== undefined) {
      const columns = moved(shown, key, by);
      const place = columns.findIndex((column) => column.key === key) + 1;
      this.#focus = key;
      this.#change({ columns, said: t('{0}: column {1} of {2}', name, place, columns.length) });
    } else if (wider !== undefined) {
      const columns = sized(shown, key, (this.#cell(key)?.offsetWidth ?? 0) + wider);
      const width = columns.find((column) => column.key === key)?.width ?? 0;
      this.#change({ columns, said: t('{0}: {1} pixels wide', name, width) });
    } else if (event.key === '0') this.#change({ columns: sized(shown, key, undefined) });
    else return;
    event.preventDefault();
  }

  /** Moves the column to the place where the pointer is released. */
  #drag(event: PointerEvent, key: string): void {
    if (event.button !== 0) return;
    const button = event.currentTarget as HTMLElement;
    const shown = this.#shown();
    const ends = shown.map((column) => this.#cell(column.key)?.getBoundingClientRect().right ?? 0);
    const from = shown.findIndex((column) => column.key === key);
    follow(event, button, {
      move: (x) => {
        if (this.dropAt !== undefined || Math.abs(x - event.clientX) > DRAG_START) this.dropAt = placeAt(x, ends);
      },
      done: (cancelled) => {
        const to = this.dropAt;
        this.dropAt = undefined;
        if (to === undefined) return;
        // The browser reports a click at the end of the drag, which would sort.
        button.addEventListener('click', stop, { capture: true, once: true });
        setTimeout(() => button.removeEventListener('click', stop, { capture: true }));
        if (to !== from && !cancelled) this.#change({ columns: moved(shown, key, to - from) });
      },
    });
  }

  /** Sizes the column while the pointer moves. */
  #size(event: PointerEvent, key: string): void {
    if (event.button !== 0) return;
    const shown = this.#shown();
    const width = this.#cell(key)?.offsetWidth ?? 0;
    let columns = shown;
    follow(event, event.currentTarget as HTMLElement, {
      move: (x) => {
        columns = sized(shown, key, width + x - event.clientX);
        this.#change({ columns, draft: true });
      },
      done: (cancelled) => this.#change({ columns: cancelled ? this.columns : columns }),
    });
  }
}
customElements.define('spend-headings', SpendHeadings);

/** The columns as a choice: if nothing was chosen yet, those for which the list has room now. */
export function shownColumns(columns: Columns): Columns {
  if (columns.length > 0) return columns;
  const visible = columnsOf([]).filter(({ key }) => {
    const cell = document.querySelector<HTMLElement>(`.records-head .cell-${key}`);
    return (cell?.offsetWidth ?? 0) > 0;
  });
  return visible.map(({ key }) => ({ key }));
}

interface Follower {
  readonly move: (x: number) => void;
  readonly done: (cancelled: boolean) => void;
}

/** Follows a pressed pointer, also outside of the element, until it is released. */
function follow({ pointerId }: PointerEvent, element: HTMLElement, { move, done }: Follower): void {
  const ended = new AbortController();
  const { signal } = ended;
  const end = (cancelled: boolean): void => {
    ended.abort();
    done(cancelled);
  };
  element.setPointerCapture(pointerId);
  element.addEventListener('pointermove', ({ clientX }) => move(clientX), { signal });
  element.addEventListener('pointerup', () => end(false), { signal });
  element.addEventListener('pointercancel', () => end(true), { signal });
}

function stop(event: Event): void {
  event.stopPropagation();
  event.preventDefault();
}

function nextSort(sort: Sort, by: SortKey): Sort {
  return { by, descending: sort.by === by ? !sort.descending : !TEXT_COLUMNS.includes(by) };
}
