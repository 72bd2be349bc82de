import { html } from 'lit';
import type { TemplateResult } from 'lit';
import type { Series } from '../model/series.ts';

/** The number of hues that the style sheet defines, and of shades of each. */
const HUES = 12;
const SHADES = 8;

/** The CSS class for a series' colour, in drawings and beside names. */
export function seriesClass(slot: Series['slot']): string {
  if (typeof slot !== 'number') return `series-${slot}`;
  const shade = Math.floor(slot / HUES) % SHADES;
  return shade === 0 ? `series-${slot % HUES}` : `series-${slot % HUES} shade-${shade}`;
}

export function swatch(slot: Series['slot']): TemplateResult {
  return html`<span class="swatch ${seriesClass(slot)}" aria-hidden="true"></span>`;
}
