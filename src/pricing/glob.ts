/**
 * Patterns for names: `*` stands for any text, `?` for one character, all else for itself in any case.
 *
 * Matched without regular expressions, in time proportional to the lengths multiplied: a pattern of many stars from
 * someone's settings cannot hang the editor.
 */
export function globMatches(pattern: string, name: string): boolean {
  const want = pattern.toLowerCase();
  const have = name.toLowerCase();
  let p = 0;
  let n = 0;
  let star = -1;
  let resume = 0;
  while (n < have.length) {
    if (want[p] === '*') {
      star = p++;
      resume = n;
    } else if (p < want.length && (want[p] === '?' || want[p] === have[n])) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (want[p] === '*') p++;
  return p === want.length;
}

export function isGlob(pattern: string): boolean {
  return /[*?]/.test(pattern);
}

/** How much of a name a pattern pins down: names without wildcards above all patterns, then by literal characters. */
export function specificity(pattern: string): number {
  return isGlob(pattern) ? pattern.replaceAll(/[*?]/g, '').length : Number.MAX_SAFE_INTEGER;
}
