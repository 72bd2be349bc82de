/** All code that needs the price table. Import it dynamically when a price is needed: most commands never need one. */
export { UserPrices, givenPrices, problemText } from './userPrices.ts';
export type { UserPricesOptions } from './userPrices.ts';
export {
  changeCustomPriceFile,
  customPricesPath,
  editorPricesPath,
  PriceFileError,
  pricesFolder,
  readCustomPriceFile,
  readEditorPriceFile,
} from './files.ts';
export { setOwnPrice } from './ownPrice.ts';
export { fetchPriceData, fetchedAt, PriceFetchError } from './update.ts';
export { CUSTOM_PRICE_FIELDS, readCustomPrices } from '../pricing/custom.ts';
export { PriceDataError, PRICE_DATA_URL } from '../pricing/fetched.ts';
export { BUNDLED } from '../pricing/data/bundled.ts';
export { MAX_RESPONSE_TEXT } from '../pricing/responses/recognise.ts';
export { recogniseInTurns } from './recogniseInTurns.ts';
export { usageOfResponse } from '../pricing/responses/usage.ts';
