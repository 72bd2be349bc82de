import type { PropertyValues } from 'lit';
import type { Choices } from '../../../src/protocol/choices.ts';
import type { UsageFilter } from '../../../src/usage/query.ts';
import { Superseded } from '../../client.ts';
import { PAGE_SIZE, pagesOf, visibleRows } from '../../model/pages.ts';
import type { LoadedPages } from '../../model/pages.ts';
import type { AskHost } from '../../model/questions.ts';
import { afterPaint, LightElement } from '../light.ts';
import { loadPage, loadPages } from './loading.ts';

/** px, as in the editor's own lists: the place of a row is a product, and nothing is measured. */
export const ROW_HEIGHT = 22;
/** Chromium draws nothing beyond 33,554,400 px. */
const MAX_DRAWN = 1_500_000;

/** A long list of records: loads the rows in sight, and keeps them in place while records come and go. */
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
  /** The first page for `filter` and `sort`. A new one means that the rows may have changed. */
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
  }

  /** Is called when rows were loaded that replace the ones before. */
  protected abstract loaded(pages: LoadedPages): void;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
    this.#seen.disconnect();
  }

  /** Half of the elements of the page are in here, below the totals: those are painted first. */
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
   * Loads the rows in sight. The old ones stay until the new ones are there, and then all change at once.
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
      if (now !== undefined && now !== top) this.moveTo(this.scrolled + (now - top) * ROW_HEIGHT);
    } else if (!keepPlace) {
      this.moveTo(0);
      void this.#drawInWindowFirst();
    }
    this.pages = fresh;
    this.loaded(fresh);
  }

  /** All rows of another list are new, and a third of them may be out of sight. */
  async #drawInWindowFirst(): Promise<void> {
    this.#onlyInWindow = true;
    await afterPaint();
    this.#onlyInWindow = false;
    this.requestUpdate();
  }

  protected moveTo(offset: number): void {
    // To set it where it is would have the page laid out at once, and again when all of it has changed.
    if (offset === this.scrolled) return;
    this.scrolled = offset;
    this.#scrollTo = offset;
  }

  async #fetch(pages: readonly number[]): Promise<LoadedPages | undefined> {
    const { start } = this;
    if (pages.every((page) => page === 0)) return start;
    try {
      const fresh = await loadPages(this, pages);
      // A newer start means that newer rows are shown, or on their way.
      return start === this.start ? fresh : undefined;
    } catch (error) {
      if (!(error instanceof Superseded)) this.fail(error);
      return undefined;
    }
  }

  /** Loads the rows that a scroll brought into sight. */
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
