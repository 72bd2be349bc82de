/**
 * A sum of token counts. A record's count is a safe integer, but a sum may not be: it is a number while it is a safe integer,
 * and a bigint beyond, so that no token is lost and ordinary sums allocate nothing.
 */
export type TokenSum = number | bigint;

const LARGEST_NUMBER = BigInt(Number.MAX_SAFE_INTEGER);

/** Adds two sums, exactly. */
export function addTokens(a: TokenSum, b: TokenSum): TokenSum {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    // Rounding never moves a sum from above the limit to below it, so a sum below it is exact.
    if (sum <= Number.MAX_SAFE_INTEGER) return sum;
  }
  return BigInt(a) + BigInt(b);
}

/** @param sum a whole number of tokens of any size. */
export function tokenSum(sum: bigint): TokenSum {
  return sum <= LARGEST_NUMBER ? Number(sum) : sum;
}

/** Orders ascending. */
export function compareTokens(a: TokenSum, b: TokenSum): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
