import type { CustomPrice } from '../../pricing/custom.ts';
import { readCost } from '../../usage/line/typedValues.ts';
import type { DecimalMark } from '../../usage/line/typedValues.ts';
import type { Totals } from '../../usage/query.ts';

/** A price that is typed in one line, `1.25 10 0.125`: input, output and cached input. Pure. */

export type OwnPrice = Pick<CustomPrice, 'input' | 'output' | 'cache_read'>;

/** @returns undefined while nothing is typed. */
export function readPriceLine(text: string, mark: DecimalMark): { price: OwnPrice } | { problem: string } | undefined {
  const words = text
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return undefined;
  const prices: number[] = [];
  for (const word of words) {
    const reading = readCost(word, mark);
    if ('problem' in reading) return { problem: `"${word}" ${reading.problem}` };
    if (reading.value === undefined) return { problem: `"${word}" is not a price` };
    if (reading.value > MAX_PRICE) return { problem: `"${word}" is too much for a million tokens` };
    prices.push(reading.value);
  }
  const [input, output, cached] = prices;
  if (input === undefined || output === undefined) return { problem: 'Type the price of output tokens too' };
  if (prices.length > 3) return { problem: 'There are more numbers than input, output and cached input' };
  return { price: { input, output, ...(cached !== undefined && { cache_read: cached }) } };
}

/** As custom prices allow. */
const MAX_PRICE = 100_000;

/** The cost of calls with these totals at a price, in USD. */
export function costAt({ input, output, cache_read: cached = input }: OwnPrice, totals: Totals): number {
  const { inputTokens, outputTokens, cacheReadTokens } = totals;
  const [all, read, written] = [Number(inputTokens), Number(cacheReadTokens), Number(outputTokens)];
  return ((all - read) * input + read * cached + written * output) / 1e6;
}
