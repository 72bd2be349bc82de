import { checkPriceData, MAX_PRICE_DATA, PriceDataError } from '../pricing/fetched.ts';
import type { FetchedPrices } from '../pricing/fetched.ts';
import { writeFileAtomically } from '../system/atomicFile.ts';
import { priceDataPath } from './priceAge.ts';
import { PriceFileError, readText, withPlainErrors } from './files.ts';

/** `price-data.json`: the price data fetched by `prices update`, beside the user's own prices. */

/** Returns the most recently fetched price data; undefined when there is none. @throws {PriceFileError} when it is unusable. */
export async function readPriceData(folder: string): Promise<FetchedPrices | undefined> {
  const path = priceDataPath(folder);
  const text = await readText(path, MAX_PRICE_DATA + 1000);
  if (text === undefined) return undefined;
  const hint = 'Fetch it again with llm-spend prices update, or delete the file.';
  let fetched: { fetched?: unknown; date?: unknown; data?: unknown };
  try {
    fetched = JSON.parse(text) as typeof fetched;
  } catch {
    throw new PriceFileError(`${path} is not valid JSON. ${hint}`);
  }
  if (typeof fetched.fetched !== 'string')
    throw new PriceFileError(`${path} does not say when it was fetched. ${hint}`);
  try {
    // Files of 0.1.0 have no `date`: their data is assumed to be as old as the fetch.
    const date = typeof fetched.date === 'string' ? fetched.date : fetched.fetched.slice(0, 10);
    return checkPriceData(fetched.data, date);
  } catch (error) {
    if (error instanceof PriceDataError) throw new PriceFileError(`${path}: ${error.message} ${hint}`);
    throw error;
  }
}

export interface DataTimes {
  at: string;
  date: string;
}

/**
 * @param text price data that `parsePriceData` accepted.
 * @param at time of the fetch, ISO 8601; `date` is the ISO day of the data.
 */
export async function writePriceData(folder: string, text: string, { at, date }: DataTimes): Promise<void> {
  const times = `"fetched":${JSON.stringify(at)},"date":${JSON.stringify(date)}`;
  const path = priceDataPath(folder);
  const content = `{${times},"data":${text.trim()}}\n`;
  await withPlainErrors(path, () => writeFileAtomically(path, content));
}
