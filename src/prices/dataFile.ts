import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { checkPriceData, MAX_PRICE_DATA, PriceDataError } from '../pricing/fetched.ts';
import type { FetchedPrices } from '../pricing/table.ts';
import { PriceFileError, readText, writeWhole } from './files.ts';

/** `price-data.json`: what `prices update` fetched, beside a person's own prices. */

export const priceDataPath = (folder: string): string => join(folder, 'price-data.json');

/**
 * The price data that was fetched last; undefined when none was.
 * @throws {PriceFileError} when it cannot be used.
 */
export async function readPriceData(folder: string): Promise<FetchedPrices | undefined> {
  const path = priceDataPath(folder);
  const text = await readText(path, MAX_PRICE_DATA + 1000);
  if (text === undefined) return undefined;
  const hint = 'Fetch it again with llm-spend prices update, or delete the file.';
  let fetched: { fetched?: unknown; date?: unknown; data?: unknown };
  try {
    fetched = JSON.parse(text) as typeof fetched;
  } catch {
    throw new PriceFileError(`${path} is no JSON. ${hint}`);
  }
  if (typeof fetched.fetched !== 'string') throw new PriceFileError(`${path} does not say when it is from. ${hint}`);
  try {
    // Files of 0.1.0 have no `date`: their data is taken to be of the day on which it was fetched.
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
 * @param text price data that `parsePriceData` took.
 * @param at when it was fetched, ISO 8601; `date` is the ISO day that the data is of.
 */
export async function writePriceData(folder: string, text: string, { at, date }: DataTimes): Promise<void> {
  const times = `"fetched":${JSON.stringify(at)},"date":${JSON.stringify(date)}`;
  await writeWhole(priceDataPath(folder), `{${times},"data":${text.trim()}}\n`);
}

/** When price data was fetched last, ISO 8601; undefined: never. Reads the file's beginning only. */
export async function priceDataTime(folder: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    file = await open(priceDataPath(folder), 'r');
  } catch {
    return undefined;
  }
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    return /^{"fetched":"([^"]+)"/.exec(buffer.toString('utf8', 0, bytesRead))?.[1];
  } finally {
    await file.close();
  }
}
