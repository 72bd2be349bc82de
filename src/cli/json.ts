import { nanosToUsd, usdToNanos, type Nanos } from '../usage/money.ts';
import { costNanos, type Totals } from '../usage/query.ts';
import type { UsageRecord } from '../usage/record.ts';
import type { Output } from './terminal.ts';

/** The shapes of `--json`, documented in docs/json.md. They only grow; what changes meaning gets a new version. */
export const JSON_VERSION = 1;

/** Money twice: `_usd` as the nearest number, `_nanos` as the exact count of nano-dollars in a text. */
function money<Name extends string>(
  name: Name,
  nanos: Nanos,
): Record<`${Name}_usd`, number> & Record<`${Name}_nanos`, string> {
  return { [`${name}_usd`]: nanosToUsd(nanos), [`${name}_nanos`]: nanos.toString() } as ReturnType<typeof money<Name>>;
}

/** Sums as they stand in `--json`: `cost` is recorded + estimated; unknown costs are in neither, they are counted. */
export function totalsJson(totals: Totals): Record<string, number | string> {
  return {
    records: totals.records,
    input_tokens: totals.inputTokens,
    output_tokens: totals.outputTokens,
    total_tokens: totals.totalTokens,
    cache_read_tokens: totals.cacheReadTokens,
    cache_write_tokens: totals.cacheWriteTokens,
    reasoning_tokens: totals.reasoningTokens,
    ...money('cost', costNanos(totals)),
    ...money('recorded', totals.recordedNanos),
    ...money('estimated', totals.estimatedNanos),
    estimated_records: totals.estimated,
    unknown_records: totals.unpriced,
  };
}

/** The record's exact cost; null when nobody knows it. */
export function recordCostNanos(record: UsageRecord): string | null {
  return record.cost_known ? usdToNanos(record.cost_usd).toString() : null;
}

export function envelope(command: string, body: object): object {
  return { version: JSON_VERSION, command, ...body };
}

/** One value, one line; for a person at a terminal over several. */
export function writeJson(output: Output, value: object): Promise<void> {
  return output.line(output.isTTY ? JSON.stringify(value, undefined, 2) : JSON.stringify(value));
}
