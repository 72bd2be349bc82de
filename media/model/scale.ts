/**
 * Selects which of `count` axis labels to show so that they do not overlap: every nth, counted from the last, because users
 * look for the newest bar.
 */
export function labelled(count: number, pixels: number, labelWidth: number): (index: number) => boolean {
  if (count === 0) return () => false;
  const fitting = Math.max(1, Math.floor(pixels / labelWidth));
  const stride = [1, 2, 3, 4, 6, 7, 14, 28, 56, 112, 224].find((n) => count / n <= fitting) ?? count;
  return (index) => (count - 1 - index) % stride === 0;
}

/** Approximate width of a text in the editor's font at 11 px: axes need it before they are drawn. */
export function textWidth(text: string): number {
  return text.length * 6.2;
}
