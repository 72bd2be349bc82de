/**
 * Which of `count` labels to write below an axis so that they do not touch: every nth, counted from the last, because
 * the newest bar is the one that people look for.
 */
export function labelled(count: number, pixels: number, labelWidth: number): (index: number) => boolean {
  if (count === 0) return () => false;
  const fitting = Math.max(1, Math.floor(pixels / labelWidth));
  const stride = [1, 2, 3, 4, 6, 7, 14, 28, 56, 112, 224].find((n) => count / n <= fitting) ?? count;
  return (index) => (count - 1 - index) % stride === 0;
}

/** Text as wide as the editor's font draws it at 11 px, roughly: axes leave room before they are drawn. */
export function textWidth(text: string): number {
  return text.length * 6.2;
}
