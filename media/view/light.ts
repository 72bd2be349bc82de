import { LitElement } from 'lit';

/** An element that renders into the page itself, so that the one style sheet and the icon font reach it. */
export class LightElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}

/** For functions that are new at each rendering: they alone cause no update. */
export const never = (): boolean => false;

/** Resolves once the current state is painted, or a little later where nothing is painted, as in a hidden view. */
export function afterPaint(): Promise<void> {
  return new Promise((resolve) => {
    const unseen = setTimeout(resolve, 100);
    requestAnimationFrame(() => {
      clearTimeout(unseen);
      setTimeout(resolve);
    });
  });
}
