import { countOf, fieldsOf } from '../fields.ts';
import type { LogTokens } from '../record.ts';

/** Token counts as written by Codex: of one call, or of all calls of a session so far. */
export interface Counts {
  /** Includes tokens read from and written to the cache. */
  input: number;
  cached: number;
  written: number;
  /** Includes the reasoning. */
  output: number;
  reasoning: number;
  total: number;
}

/** undefined if the value is not an object. An invalid count becomes NaN. */
export function countsOf(value: unknown): Counts | undefined {
  const fields = fieldsOf(value);
  if (fields === undefined) return undefined;
  const input = countOf(fields['input_tokens']);
  const output = countOf(fields['output_tokens']);
  return {
    input,
    cached: countOf(fields['cached_input_tokens'] ?? fields['cache_read_input_tokens']),
    written: countOf(fields['cache_write_input_tokens']),
    output,
    reasoning: countOf(fields['reasoning_output_tokens']),
    total: countOf(fields['total_tokens']) || input + output,
  };
}

export function areWhole(counts: Counts | undefined): boolean {
  return counts === undefined || Object.values(counts).every((count: number) => !Number.isNaN(count));
}

export function isNothing({ input, cached, output, reasoning }: Counts): boolean {
  return input + cached + output + reasoning === 0;
}

/** The increase of a running total. */
export function difference(now: Counts, before: Counts | undefined): Counts {
  if (before === undefined) return now;
  const rise = (name: keyof Counts): number => Math.max(0, now[name] - before[name]);
  return {
    input: rise('input'),
    cached: rise('cached'),
    written: rise('written'),
    output: rise('output'),
    reasoning: rise('reasoning'),
    total: rise('total'),
  };
}

/** A key that is equal for equal counts, so that sequences of counts can be compared. */
export function countsKey({ input, cached, output, reasoning, total }: Counts): string {
  return [input, cached, output, reasoning, total].join(' ');
}

export function tokensOf({ input, cached, written, output, reasoning }: Counts): LogTokens {
  const cacheRead = Math.min(cached, input);
  return {
    input,
    output,
    cacheRead,
    cacheWrite: Math.min(written, input - cacheRead),
    reasoning: Math.min(reasoning, output),
  };
}
