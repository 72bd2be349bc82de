import { usdToNanos } from './money.ts';
import { costKind, isCovered, type Group, type Totals } from './query.ts';
import type { UsageRecord } from './record.ts';
import { addTokens } from './tokenSum.ts';

/** Adds up totals. For the rows of a table, `columns/sums.ts` does the same many times faster. */

/** Adds `more` to `sum`, in place. */
export function addTotals(sum: Totals, more: Totals): void {
  sum.records += more.records;
  sum.inputTokens = addTokens(sum.inputTokens, more.inputTokens);
  sum.outputTokens = addTokens(sum.outputTokens, more.outputTokens);
  sum.totalTokens = addTokens(sum.totalTokens, more.totalTokens);
  sum.cacheReadTokens = addTokens(sum.cacheReadTokens, more.cacheReadTokens);
  sum.cacheWriteTokens = addTokens(sum.cacheWriteTokens, more.cacheWriteTokens);
  sum.reasoningTokens = addTokens(sum.reasoningTokens, more.reasoningTokens);
  sum.guessedTokens = addTokens(sum.guessedTokens, more.guessedTokens);
  sum.recordedNanos += more.recordedNanos;
  sum.estimatedNanos += more.estimatedNanos;
  sum.estimated += more.estimated;
  sum.planNanos += more.planNanos;
  sum.plan += more.plan;
  sum.unpriced += more.unpriced;
  if (more.unconvertedNanos !== undefined) {
    sum.unconvertedNanos = (sum.unconvertedNanos ?? 0n) + more.unconvertedNanos;
  }
}

/** Adds one record to `sum`, in place. */
export function addRecord(sum: Totals, record: UsageRecord): void {
  const kind = costKind(record);
  sum.records += 1;
  sum.inputTokens = addTokens(sum.inputTokens, record.input_tokens);
  sum.outputTokens = addTokens(sum.outputTokens, record.output_tokens);
  sum.totalTokens = addTokens(sum.totalTokens, record.total_tokens);
  sum.cacheReadTokens = addTokens(sum.cacheReadTokens, record.cache_read_tokens ?? 0);
  sum.cacheWriteTokens = addTokens(sum.cacheWriteTokens, record.cache_write_tokens ?? 0);
  sum.reasoningTokens = addTokens(sum.reasoningTokens, record.reasoning_tokens ?? 0);
  sum.guessedTokens = addTokens(sum.guessedTokens, record.estimated_tokens ?? 0);
  if (kind === 'unknown') sum.unpriced += 1;
  else if (isCovered(record['charge'])) {
    sum.plan += 1;
    sum.planNanos += usdToNanos(record.cost_usd);
  } else if (kind === 'recorded') sum.recordedNanos += usdToNanos(record.cost_usd);
  else {
    sum.estimated += 1;
    sum.estimatedNanos += usdToNanos(record.cost_usd);
  }
}

/** Merges groups with equal keys, in the order in which the keys first occur. Does not modify the groups it is given. */
export function mergeGroups(groups: Iterable<Group>): Group[] {
  const merged = new Map<string, Group>();
  for (const { key, totals } of groups) {
    const name = JSON.stringify(key);
    const sum = merged.get(name);
    if (sum === undefined) merged.set(name, { key, totals: { ...totals } });
    else addTotals(sum.totals, totals);
  }
  return [...merged.values()];
}
