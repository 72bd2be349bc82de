import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { plain } from '../../src/usage/text.ts';
import { iconButton } from './controls.ts';
import { t } from '../model/texts.ts';

export interface Toast {
  text: string;
  /** Whether to offer undoing the last change. */
  undo: boolean;
}

const TOAST_MS = 8000;

/** The message at the lower edge, which goes by itself after a while. */
export class Toasts {
  current: Toast | undefined;
  readonly #changed: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  show(text: string, undo = false): void {
    clearTimeout(this.#timer);
    this.current = { text, undo };
    this.#timer = setTimeout(() => this.close(), TOAST_MS);
    this.#changed();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.current = undefined;
    this.#changed();
  }
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
            ${toast.undo ? html`<vscode-button @click=${undo}>${t('Undo')}</vscode-button>` : nothing}
            ${iconButton('close', t('Close'), close)}
          </div>`
    }
  </div>`;
}
