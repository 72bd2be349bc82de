import { readFile, stat } from 'node:fs/promises';
import { dataDate, MAX_PRICE_DATA, parsePriceData, PRICE_DATA_URL } from '../pricing/fetched.ts';
import { BUNDLED, loadPriceTable } from '../pricing/table.ts';
import { priceDataTime, writePriceData } from './dataFile.ts';

/** Fetching price data. Nothing here runs unless a person asks for it. */

/** Price data that could not be fetched; the data before it stays in use. */
export class PriceFetchError extends Error {
  override readonly name = 'PriceFetchError';
}

const TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 5;
const DAY = '2026-01-31'.length;

export interface PriceUpdate {
  /** Where the data came from. */
  from: string;
  /** When it was fetched, ISO 8601. */
  at: string;
  /** ISO day of the data: it counts where it is newer than the bundled data. */
  date: string;
  providers: number;
  models: number;
}

/** Price data as it was found, and the ISO day that its place dates it to. */
interface Read {
  text: string;
  day: string;
}

/**
 * Fetches price data, checks it, tries it, and only then keeps it for everybody who reads this folder.
 *
 * Data is of the day of its newest price, or, where its prices have no days, of the day that its place says: the file's own
 * time, or the server's. Data from the address of genai-prices itself is of today.
 * @param from an https address, or a file that was fetched elsewhere. Default: genai-prices' own.
 * @throws {PriceFetchError} when it cannot be read, or is older than the bundled data; {@link PriceDataError} when it is no
 * price data.
 */
export async function fetchPriceData(
  folder: string,
  now: number,
  from: string = PRICE_DATA_URL,
  signal?: AbortSignal,
): Promise<PriceUpdate> {
  const at = new Date(now).toISOString();
  const today = at.slice(0, DAY);
  const { text, day } = /^[a-z][a-z0-9+.-]*:\/\//i.test(from)
    ? await download(from, today, signal)
    : await readWhole(from, today);
  const fetched = parsePriceData(text, today);
  const date = from === PRICE_DATA_URL ? today : (dataDate(fetched, today) ?? day);
  if (date <= BUNDLED.date) {
    throw new PriceFetchError(
      `The prices of ${from} are of ${date}, and those in use of ${BUNDLED.date} or later. Nothing was changed.`,
    );
  }
  await loadPriceTable({ ...fetched, date });
  await writePriceData(folder, text, { at, date });
  const models = fetched.providers.reduce((sum, provider) => sum + provider.models.length, 0);
  return { from, at, date, providers: fetched.providers.length, models };
}

/** When price data was fetched last, ISO 8601; undefined: never. */
export function fetchedAt(folder: string): Promise<string | undefined> {
  return priceDataTime(folder);
}

async function download(address: string, today: string, signal: AbortSignal | undefined): Promise<Read> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetchSecurely(address, signal ? AbortSignal.any([signal, timeout]) : timeout);
    if (!response.ok) throw new PriceFetchError(`${address} answered ${response.status} ${response.statusText}.`);
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MAX_PRICE_DATA) throw new PriceFetchError(`${address} sends more than price data is.`);
    }
    const modified = Date.parse(response.headers.get('last-modified') ?? '');
    return { text: text + decoder.decode(), day: dayOf(modified, today) };
  } catch (error) {
    if (error instanceof PriceFetchError) throw error;
    const { cause, message } = error as Error;
    throw new PriceFetchError(
      `${address} cannot be reached: ${cause instanceof Error ? cause.message : message}. The prices that are there stay in use.`,
    );
  }
}

/** Follows redirects over https alone: prices that somebody changed on their way would be believed. */
async function fetchSecurely(address: string, signal: AbortSignal): Promise<Response> {
  let next = address;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    if (!/^https:\/\//i.test(next)) {
      throw new PriceFetchError(`${next}: prices are fetched over https only. The prices that are there stay in use.`);
    }
    const response = await fetch(next, { signal, redirect: 'manual' });
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (location === null) return response;
    await response.body?.cancel();
    next = new URL(location, next).href;
  }
  throw new PriceFetchError(`${address} redirects too often.`);
}

async function readWhole(path: string, today: string): Promise<Read> {
  try {
    const { size, mtimeMs } = await stat(path);
    if (size > MAX_PRICE_DATA) throw new PriceFetchError(`${path} is larger than price data is.`);
    return { text: await readFile(path, 'utf8'), day: dayOf(mtimeMs, today) };
  } catch (error) {
    if (error instanceof PriceFetchError) throw error;
    throw new PriceFetchError(`${path} cannot be read: ${(error as Error).message}.`);
  }
}

/** The ISO day of a time in ms; today where there is none, or where it is in the future. */
function dayOf(ms: number, today: string): string {
  if (Number.isNaN(ms)) return today;
  const day = new Date(ms).toISOString().slice(0, DAY);
  return day < today ? day : today;
}
