import { exactNumber, type RawJson } from '../../usage/jsonText.ts';
import { nanosToUsd, usdToNanos, type Nanos } from '../../usage/money.ts';
import { costNanos, type Totals } from '../../usage/query.ts';
import type { UsageRecord } from '../../usage/record.ts';

export { envelope, JSON_VERSION, writeJson, writeJsonLine } from './jsonOutput.ts';

/** Money in two forms: `_usd` is the nearest number, `_nanos` the exact count of nano-dollars as a string. */
export function money<Name extends string>(
  name: Name,
  nanos: Nanos,
): Record<`${Name}_usd`, number> & Record<`${Name}_nanos`, string> {
  return { [`${name}_usd`]: nanosToUsd(nanos), [`${name}_nanos`]: nanos.toString() } as ReturnType<typeof money<Name>>;
}

/** Totals in `--json`: `cost` is recorded + estimated; unknown costs are in neither, only counted. */
export function totalsJson(totals: Totals): Record<string, number | string | RawJson> {
  return {
    records: totals.records,
    input_tokens: exactNumber(totals.inputTokens),
    output_tokens: exactNumber(totals.outputTokens),
    total_tokens: exactNumber(totals.totalTokens),
    cache_read_tokens: exactNumber(totals.cacheReadTokens),
    cache_write_tokens: exactNumber(totals.cacheWriteTokens),
    reasoning_tokens: exactNumber(totals.reasoningTokens),
    estimated_tokens: exactNumber(totals.guessedTokens),
    ...money('cost', costNanos(totals)),
    ...money('recorded', totals.recordedNanos),
    ...money('estimated', totals.estimatedNanos),
    ...money('plan', totals.planNanos),
    estimated_records: totals.estimated,
    plan_records: totals.plan,
    unknown_records: totals.unpriced,
  };
}

/** The record's exact cost; null if it is unknown. */
export function recordCostNanos(record: UsageRecord): string | null {
  return record.cost_known ? usdToNanos(record.cost_usd).toString() : null;
}
