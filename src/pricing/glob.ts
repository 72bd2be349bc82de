/**
 * Matches names against patterns: `*` matches any text, `?` one character, anything else itself, ignoring case.
 *
 * Without regular expressions, in time proportional to the product of the lengths: a pattern of many stars in a setting cannot
 * hang the editor.
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

/** How specific a pattern is: names without wildcards before all patterns, then by number of literal characters. */
export function specificity(pattern: string): number {
  return isGlob(pattern) ? pattern.replaceAll(/[*?]/g, '').length : Number.MAX_SAFE_INTEGER;
}
