import { LitElement } from 'lit';

/** An element that renders into the page itself, so that the shared style sheet and the icon font apply to it. */
export class LightElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}

/** `hasChanged` for functions that are new at each rendering: they must not cause an update by themselves. */
export const never = (): boolean => false;

/** Resolves once the current state is painted, or shortly after where nothing is painted, as in a hidden view. */
export function afterPaint(): Promise<void> {
  return new Promise((resolve) => {
    const unseen = setTimeout(resolve, 100);
    requestAnimationFrame(() => {
      clearTimeout(unseen);
      setTimeout(resolve);
    });
  });
}
