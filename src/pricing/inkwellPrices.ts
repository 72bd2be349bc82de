/**
 * The cost that inkwell computes for a call, from its built-in list prices of November 2024, which it applies to every model of
 * a provider (inkwell's `calculate_cost_from_usage`).
 *
 * The arithmetic has the same order as inkwell's, so that a cost computed by inkwell is recognised to the last bit.
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
