import type { TemplateResult } from 'lit';
import { LightElement, never } from './light.ts';

/** Maximum delay of the table behind its drawing, ms. */
const PATIENCE = 500;

/**
 * The figures of a drawing as a table: visible in its place on request, otherwise hidden for screen readers. The hidden table
 * is the largest part of the page, so it is rendered after the drawing is on the screen.
 */
export class SpendFigures extends LightElement {
  static override properties = {
    of: { attribute: false },
    format: { attribute: false },
    table: { attribute: false, hasChanged: never },
    seen: { attribute: false },
  };
  /** The subject of the figures; a new one causes a new table. */
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
