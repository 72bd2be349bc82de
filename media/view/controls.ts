import { html } from 'lit';
import type { TemplateResult } from 'lit';
import type { VscodeSingleSelect } from '@vscode-elements/elements/dist/vscode-single-select/vscode-single-select.js';
import { DIMENSION_NAMES } from '../model/names.ts';
import type { Dimension } from '../../src/usage/query.ts';

/** A drop-down of the editor's own kind. */
export function select<T extends string>(
  label: string,
  value: T,
  options: Partial<Record<T, string>>,
  choose: (value: T) => void,
  classes = '',
): TemplateResult {
  return html`<vscode-single-select
    class=${classes}
    .label=${label}
    title=${label}
    .value=${value}
    @change=${(event: Event) => choose((event.target as VscodeSingleSelect).value as T)}
  >
    ${(Object.entries(options) as [T, string][]).map(
      ([option, name]) => html`<vscode-option value=${option} ?selected=${option === value}>${name}</vscode-option>`,
    )}
  </vscode-single-select>`;
}

/** An icon that does something, with its name as tooltip and for screen readers. */
export function iconButton(icon: string, label: string, run: () => void): TemplateResult {
  return html`<vscode-toolbar-button icon=${icon} label=${label} title=${label} @click=${run}></vscode-toolbar-button>`;
}

/** An icon that is on or off. */
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

/** All dimensions but those that are taken. */
export function dimensionsBut(...taken: readonly (Dimension | undefined)[]): Partial<Record<Dimension, string>> {
  const entries = Object.entries(DIMENSION_NAMES).filter(([dimension]) => !taken.includes(dimension as Dimension));
  return Object.fromEntries(entries) as Partial<Record<Dimension, string>>;
}
