import { html } from 'lit';
import type { TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { DIMENSIONS } from '../../src/usage/dimensions.ts';
import type { Dimension } from '../../src/usage/query.ts';
import { dimensionName } from '../model/names.ts';
import type { SpendSelect } from './select.ts';

/** A drop-down in the editor's style. */
export function select<T extends string>(
  { label, classes = '' }: { label: string; classes?: string },
  value: T,
  options: Partial<Record<T, string>>,
  choose: (value: T) => void,
): TemplateResult {
  return html`<spend-select
    class=${classes}
    .label=${label}
    title=${label}
    .options=${(Object.entries(options) as [T, string][]).map(([option, name]) => ({ value: option, label: name }))}
    .value=${live(value)}
    @change=${(event: Event) => choose((event.target as SpendSelect).value as T)}
  ></spend-select>`;
}

/** An icon button; its label is the tooltip and the accessible name. */
export function iconButton(icon: string, label: string, run: () => void): TemplateResult {
  return html`<vscode-toolbar-button icon=${icon} label=${label} title=${label} @click=${run}></vscode-toolbar-button>`;
}

/** An icon button that is on or off. */
export function iconToggle(icon: string, label: string, on: boolean, run: () => void): TemplateResult {
  return html`<vscode-toolbar-button
    icon=${icon}
    label=${label}
    title=${label}
    toggleable
    .checked=${on}
    @change=${run}
  ></vscode-toolbar-button>`;
}

/** All dimensions except those already taken. */
export function dimensionsBut(...taken: readonly (Dimension | undefined)[]): Partial<Record<Dimension, string>> {
  const entries = DIMENSIONS.filter((dimension) => !taken.includes(dimension)).map((each) => [
    each,
    dimensionName(each),
  ]);
  return Object.fromEntries(entries) as Partial<Record<Dimension, string>>;
}
