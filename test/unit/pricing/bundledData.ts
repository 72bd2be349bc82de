import type { ModelInfo, Provider } from '@pydantic/genai-prices';
import { routedPrices } from '../../../src/pricing/data/routedPrices.ts';
import { vendorPrices } from '../../../src/pricing/data/vendorPrices.ts';

/** The price data that comes with the extension, as its files hold it. */
export const bundledProviders: readonly Provider[] = [...vendorPrices, ...routedPrices].map((provider) => ({
  ...provider,
  models: JSON.parse(provider.models()) as ModelInfo[],
}));
