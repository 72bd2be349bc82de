/**
 * The library and the data of the price table, which the build puts in a separate bundle (dist/prices.js). Import this only
 * dynamically, when a price is needed.
 */
export * as library from '@pydantic/genai-prices';
export { routedPrices } from './routedPrices.ts';
export { vendorPrices } from './vendorPrices.ts';
