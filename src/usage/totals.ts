import type { Totals } from './query.ts';

/** Adds `more` to `sum`, in place. */
export function addTotals(sum: Totals, more: Totals): void {
  sum.records += more.records;
  sum.inputTokens += more.inputTokens;
  sum.outputTokens += more.outputTokens;
  sum.totalTokens += more.totalTokens;
  sum.cacheReadTokens += more.cacheReadTokens;
  sum.cacheWriteTokens += more.cacheWriteTokens;
  sum.reasoningTokens += more.reasoningTokens;
  sum.recordedNanos += more.recordedNanos;
  sum.estimatedNanos += more.estimatedNanos;
  sum.estimated += more.estimated;
  sum.unpriced += more.unpriced;
  if (more.unconvertedNanos !== undefined) {
    sum.unconvertedNanos = (sum.unconvertedNanos ?? 0n) + more.unconvertedNanos;
  }
}
