const WIDTH = 24;

/** `[######..................]`. @param part from 0 to 1; larger values count as 1. */
export function progressBar(part: number): string {
  const full = Math.round(Math.min(1, part) * WIDTH);
  return `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}]`;
}
