import { readFile, stat } from 'node:fs/promises';
import { MAX_PRICE_DATA, parsePriceData, PRICE_DATA_URL } from '../pricing/fetched.ts';
import { loadPriceTable } from '../pricing/table.ts';
import { priceDataTime, writePriceData } from './dataFile.ts';

/** Fetching price data. Nothing here runs unless a person asks for it. */

/** It could not be fetched; what was there before stays in use. */
export class PriceFetchError extends Error {
  override readonly name = 'PriceFetchError';
}

const TIMEOUT_MS = 30_000;

export interface PriceUpdate {
  /** Where the data came from. */
  from: string;
  /** ISO 8601. */
  at: string;
  providers: number;
  models: number;
}

/**
 * Fetches price data, checks it, tries it, and only then keeps it for everybody who reads this folder.
 * @param from an address, or a file that was fetched elsewhere. Default: genai-prices' own.
 * @throws {PriceFetchError} when it cannot be read, {@link PriceDataError} when it is no price data.
 */
export async function fetchPriceData(
  folder: string,
  now: number,
  from: string = PRICE_DATA_URL,
  signal?: AbortSignal,
): Promise<PriceUpdate> {
  const text = /^https?:\/\//i.test(from) ? await download(from, signal) : await readWhole(from);
  const at = new Date(now).toISOString();
  const fetched = parsePriceData(text, at.slice(0, 10));
  const table = await loadPriceTable(fetched);
  await writePriceData(folder, text, at);
  const catalog = table.catalog();
  return { from, at, providers: catalog.length, models: catalog.reduce((sum, { models }) => sum + models.length, 0) };
}

/** When price data was fetched last, ISO 8601; undefined: never. */
export function fetchedAt(folder: string): Promise<string | undefined> {
  return priceDataTime(folder);
}

async function download(address: string, signal: AbortSignal | undefined): Promise<string> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(address, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
    if (!response.ok) throw new PriceFetchError(`${address} answered ${response.status} ${response.statusText}.`);
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MAX_PRICE_DATA) throw new PriceFetchError(`${address} sends more than price data is.`);
    }
    return text + decoder.decode();
  } catch (error) {
    if (error instanceof PriceFetchError) throw error;
    const { cause, message } = error as Error;
    throw new PriceFetchError(
      `${address} cannot be reached: ${cause instanceof Error ? cause.message : message}. The prices that are there stay in use.`,
    );
  }
}

async function readWhole(path: string): Promise<string> {
  try {
    if ((await stat(path)).size > MAX_PRICE_DATA) throw new PriceFetchError(`${path} is larger than price data is.`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof PriceFetchError) throw error;
    throw new PriceFetchError(`${path} cannot be read: ${(error as Error).message}.`);
  }
}
