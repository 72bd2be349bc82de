import type { TemplateResult } from 'lit';
import { LightElement, never } from './light.ts';

/** The longest that the table beside a drawing lags behind it, ms. */
const PATIENCE = 500;

/**
 * The figures of a drawing as a table: in its place on demand, else beside it for screen readers. Beside it nobody sees it, and
 * it is the largest part of the page: so it waits until the drawing is on the screen.
 */
export class SpendFigures extends LightElement {
  static override properties = {
    of: { attribute: false },
    format: { attribute: false },
    table: { attribute: false, hasChanged: never },
    seen: { attribute: false },
  };
  /** The subject of the figures; another one makes another table. */
  declare of: unknown;
  declare format: unknown;
  declare table: () => TemplateResult;
  declare seen: boolean;

  protected override async scheduleUpdate(): Promise<void> {
    if (!this.seen) await new Promise((resolve) => requestIdleCallback(resolve, { timeout: PATIENCE }));
    await super.scheduleUpdate();
  }

  protected override render(): TemplateResult {
    return this.table();
  }
}
customElements.define('spend-figures', SpendFigures);
