/**
 * The library and the data of the price table, which the build puts into a bundle of their own (dist/prices.js): import this only
 * dynamically, when a price is asked for.
 */
export * as library from '@pydantic/genai-prices';
export { routedPrices } from './routedPrices.ts';
export { vendorPrices } from './vendorPrices.ts';
