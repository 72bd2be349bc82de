import type { LogTokens } from './record.ts';

/** Converts tools' counts to those of a record. Tools differ mainly in whether the input includes cached tokens. */

export interface ToolCounts {
  input: number;
  output: number;
  cacheRead?: number;
  cacheWrite?: number;
  reasoning?: number;
}

/**
 * For input that excludes tokens read from or written to the cache.
 * @param reasoning whether reasoning is part of the output.
 */
export function beside(counts: ToolCounts, reasoning: 'inside' | 'beside' = 'inside'): LogTokens {
  const { input, cacheRead = 0, cacheWrite = 0 } = counts;
  return { input: input + cacheRead + cacheWrite, ...rest(counts, reasoning) };
}

/** For input that includes cached tokens. If it is smaller than they are, it cannot include them. */
export function including(counts: ToolCounts, reasoning: 'inside' | 'beside' = 'inside'): LogTokens {
  const { input, cacheRead = 0, cacheWrite = 0 } = counts;
  if (input < cacheRead + cacheWrite) return beside(counts, reasoning);
  return { input, ...rest(counts, reasoning) };
}

function rest(
  { output, cacheRead = 0, cacheWrite = 0, reasoning = 0 }: ToolCounts,
  place: 'inside' | 'beside',
): Omit<LogTokens, 'input'> {
  const whole = place === 'beside' ? output + reasoning : output;
  return { output: whole, cacheRead, cacheWrite, reasoning: Math.min(reasoning, whole) };
}

export function isNone({ input, output }: LogTokens): boolean {
  return input + output === 0;
}

/** Counts a total without known parts as output, the most expensive kind, and as a guess. */
export function takeTotal(tokens: LogTokens, total: number): void {
  tokens.output = total;
  tokens.estimated = total;
}
