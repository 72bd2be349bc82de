import type { PropertyValues } from 'lit';
import type { Choices } from '../../../src/protocol/choices.ts';
import type { UsageFilter } from '../../../src/usage/query.ts';
import { Superseded } from '../../client.ts';
import { PAGE_SIZE, pagesOf, visibleRows } from '../../model/pages.ts';
import type { LoadedPages } from '../../model/pages.ts';
import type { AskHost } from '../../model/questions.ts';
import { afterPaint, LightElement } from '../light.ts';
import { loadPage, loadPages } from './loading.ts';

/** px, as in the editor's own lists. A fixed height makes a row's position a product, without measuring. */
export const ROW_HEIGHT = 22;
/** Chromium cannot draw elements taller than 33,554,400 px. */
const MAX_DRAWN = 1_500_000;

/** A long list of records: loads the rows in view, and keeps their position while records are added and removed. */
export abstract class RecordListElement extends LightElement {
  static override properties = {
    filter: { attribute: false },
    sort: { attribute: false },
    start: { attribute: false },
    ask: { attribute: false },
    pages: { state: true },
    scrolled: { state: true },
    viewport: { state: true },
  };
  declare filter: UsageFilter;
  declare sort: Choices['recordsSort'];
  /** The first page for `filter` and `sort`. A new object means that the rows may have changed. */
  declare start: LoadedPages;
  declare ask: AskHost;
  declare pages: LoadedPages | undefined;
  /** px. */
  declare scrolled: number;
  /** px. */
  declare viewport: number;
  /** The question that the loaded rows answer. */
  #asked = '';
  #scrollTo: number | undefined;

  /** Height of the list's part within the window, px: less than its own height if the page extends below the window. */
  #inWindow = Number.POSITIVE_INFINITY;
  /** Whether rows below the window's end are drawn only in the next frame. */
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
  }

  /** Called when newly loaded rows have replaced the earlier ones. */
  protected abstract loaded(pages: LoadedPages): void;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
    this.#seen.disconnect();
  }

  /** Half of the page's elements are in this list, below the totals, which are painted first. */
  protected override async scheduleUpdate(): Promise<void> {
    if (!this.hasUpdated) await afterPaint();
    await super.scheduleUpdate();
  }

  /** The positions of the rows to draw. */
  protected get drawn(): number[] {
    const height = this.#onlyInWindow ? Math.min(this.viewport, this.#inWindow) : this.viewport;
    const { first, last } = visibleRows(this.scrolled, height, ROW_HEIGHT, this.count);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, offset) => first + offset);
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

  protected get count(): number {
    return Math.min(this.pages?.total ?? 0, MAX_DRAWN);
  }

  /**
   * Loads the rows in view. The old rows stay until the new ones are loaded, then all change at once.
   * @param keepPlace the same list, changed: the first visible row keeps its position.
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
      if (now !== undefined && now !== top) this.moveTo(this.scrolled + (now - top) * ROW_HEIGHT);
    } else if (!keepPlace) {
      this.moveTo(0);
      void this.#drawInWindowFirst();
    }
    this.pages = fresh;
    this.loaded(fresh);
  }

  /** All rows of another list are new, and a third of them may be outside the window. */
  async #drawInWindowFirst(): Promise<void> {
    this.#onlyInWindow = true;
    await afterPaint();
    this.#onlyInWindow = false;
    this.requestUpdate();
  }

  protected moveTo(offset: number): void {
    // Setting it to the same value would cause a layout now, and another one after all rows have changed.
    if (offset === this.scrolled) return;
    this.scrolled = offset;
    this.#scrollTo = offset;
  }

  async #fetch(pages: readonly number[]): Promise<LoadedPages | undefined> {
    const { start } = this;
    if (pages.every((page) => page === 0)) return start;
    try {
      const fresh = await loadPages(this, pages);
      // A newer `start` means that newer rows are shown or already loading.
      return start === this.start ? fresh : undefined;
    } catch (error) {
      if (!(error instanceof Superseded)) this.fail(error);
      return undefined;
    }
  }

  /** Loads the rows that were scrolled into view. */
  protected async more(): Promise<void> {
    const { first, last } = visibleRows(this.scrolled, this.viewport, ROW_HEIGHT, this.count);
    for (const page of this.pages?.missing(first, last) ?? []) {
      try {
        const loaded = await loadPage(this, page);
        if (loaded !== undefined && loaded.total === this.pages?.total) this.pages = this.pages.with(page, loaded.rows);
      } catch (error) {
        if (!(error instanceof Superseded)) this.fail(error);
        return;
      }
    }
  }

  protected fail(error: unknown): void {
    this.dispatchEvent(new CustomEvent<string>('failed', { detail: error instanceof Error ? error.message : '' }));
  }
}
