/**
 * The cost that inkwell computes for a call: by its built-in list prices, which are of November 2024 and are applied to every
 * model of a provider (`formats.md`, section 1; inkwell's `calculate_cost_from_usage`).
 *
 * The arithmetic is inkwell's too, in the same order, so that a cost that it computed is recognised to the last bit.
 */
export function inkwellCost(provider: string, inputTokens: number, outputTokens: number): number | undefined {
  const prices = listPrices(provider, inputTokens);
  if (prices === undefined) return undefined;
  const [input, output] = prices;
  return (inputTokens / 1_000_000) * input + (outputTokens / 1_000_000) * output;
}

/** USD per million tokens of input and output. */
function listPrices(provider: string, inputTokens: number): readonly [number, number] | undefined {
  if (provider === 'gemini') return [inputTokens >= 128_000 ? 0.15 : 0.075, 0.3];
  if (provider === 'claude') return [3, 15];
  return undefined;
}
