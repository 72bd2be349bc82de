import { nothing } from 'lit';
import type { PropertyValues, TemplateResult } from 'lit';
import { VscodeSingleSelect } from '@vscode-elements/elements/dist/vscode-single-select/vscode-single-select.js';

/**
 * The editor's drop-down, which builds its list when it is first opened: building the lists of a handful of closed drop-downs
 * takes longer than all the figures, and each causes a layout to determine its position.
 */
export class SpendSelect extends VscodeSingleSelect {
  #wasOpened = false;

  override willUpdate(changed: PropertyValues): void {
    if (this.open && !this.#wasOpened) {
      // The list is shown before it is rendered, so it must exist at that time.
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
