import { nothing } from 'lit';
import type { PropertyValues, TemplateResult } from 'lit';
import { VscodeSingleSelect } from '@vscode-elements/elements/dist/vscode-single-select/vscode-single-select.js';

/**
 * The editor's drop-down, without its list until it is opened for the first time: the lists of a handful of closed ones take longer
 * to make than all the figures, and each has the page laid out to know where it would be.
 */
export class SpendSelect extends VscodeSingleSelect {
  #wasOpened = false;

  override willUpdate(changed: PropertyValues): void {
    if (this.open && !this.#wasOpened) {
      // The list is shown before it is drawn, so it must be there already.
      this.#wasOpened = true;
      this.open = false;
      changed.delete('open');
      void this.updateComplete.then(() => (this.open = true));
    }
    super.willUpdate(changed);
  }

  protected override _renderDropdown(): TemplateResult<1> {
    return this.#wasOpened ? super._renderDropdown() : (nothing as unknown as TemplateResult<1>);
  }
}
customElements.define('spend-select', SpendSelect);
