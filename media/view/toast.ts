import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { plain } from '../../src/usage/text.ts';
import { iconButton } from './controls.ts';

export interface Toast {
  text: string;
  /** Whether to offer undoing the last change. */
  undo: boolean;
}

export function toastTemplate(
  toast: Toast | undefined,
  { undo, close }: { undo: () => void; close: () => void },
): TemplateResult {
  return html`<div class="toasts" role="status">
    ${
      toast === undefined
        ? nothing
        : html`<div class="toast">
            <span>${plain(toast.text)}</span>
            ${toast.undo ? html`<vscode-button @click=${undo}>Undo</vscode-button>` : nothing}
            ${iconButton('close', 'Close', close)}
          </div>`
    }
  </div>`;
}
