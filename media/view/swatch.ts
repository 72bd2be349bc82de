import { html } from 'lit';
import type { TemplateResult } from 'lit';
import type { Series } from '../model/series.ts';

/** The number of colours that the style sheet defines. */
const PALETTE_SIZE = 12;

/** The CSS class for a series' colour, in drawings and beside names. */
export function seriesClass(slot: Series['slot']): string {
  return typeof slot === 'number' ? `series-${slot % PALETTE_SIZE}` : `series-${slot}`;
}

export function swatch(slot: Series['slot']): TemplateResult {
  return html`<span class="swatch ${seriesClass(slot)}" aria-hidden="true"></span>`;
}
