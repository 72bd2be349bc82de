import { promises as fs } from 'node:fs';
import { dataDate, MAX_PRICE_DATA, parsePriceData, PRICE_DATA_URL } from '../pricing/fetched.ts';
import { BUNDLED } from '../pricing/data/bundled.ts';
import { loadPriceTable } from '../pricing/table.ts';
import { writePriceData } from './dataFile.ts';
import { priceDataTime } from './priceAge.ts';

/** Fetches price data, only at the user's request. */

/** Price data could not be fetched; the previous data stays in use. */
export class PriceFetchError extends Error {
  override readonly name = 'PriceFetchError';
}

const TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 5;
const DAY = '2026-01-31'.length;

export interface PriceUpdate {
  /** Address or path of the data. */
  from: string;
  /** Time of the fetch, ISO 8601. */
  at: string;
  /** ISO day of the data, which is used if it is newer than the bundled data. */
  date: string;
  providers: number;
  models: number;
}

export interface PriceDataOrigin {
  /** An https address, or a file that was fetched by other means. Default: genai-prices' own address. */
  from?: string | undefined;
  /** When the data was made, in ms, as the user says. */
  madeAt?: number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Fetches price data, checks it with a trial run, and only then saves it for all readers of this folder.
 *
 * The data's date is the one that the user gives, else the day of its newest price. Data from genai-prices' own address is dated
 * today. The time of a file is no date: a copy of old data is new.
 * @throws {PriceFetchError} when it cannot be read, has no date, or is older than the bundled data; {@link PriceDataError} when
 * it is not price data.
 */
export async function fetchPriceData(
  folder: string,
  now: number,
  { from = PRICE_DATA_URL, madeAt, signal }: PriceDataOrigin = {},
): Promise<PriceUpdate> {
  const at = new Date(now).toISOString();
  const today = at.slice(0, DAY);
  const text = await (/^[a-z][a-z0-9+.-]*:\/\//i.test(from) ? download(from, signal) : readWhole(from));
  const fetched = parsePriceData(text, today);
  const made = madeAt === undefined ? undefined : new Date(Math.min(madeAt, now)).toISOString().slice(0, DAY);
  const date = made ?? (from === PRICE_DATA_URL ? today : dataDate(fetched, today));
  if (date === undefined) {
    throw new PriceFetchError(
      `The prices from ${from} have no date. If they are newer than ${BUNDLED.date}, add --at DAY. Nothing was changed.`,
    );
  }
  if (date <= BUNDLED.date) {
    throw new PriceFetchError(
      made === undefined
        ? // Data may be newer than its newest price.
          `The prices from ${from} date from ${date}, but those in use from ${BUNDLED.date} or later. If they are newer than ${BUNDLED.date}, add --at DAY. Nothing was changed.`
        : `The prices from ${from} date from ${date}, but those in use from ${BUNDLED.date} or later. Nothing was changed.`,
    );
  }
  loadPriceTable({ ...fetched, date });
  await writePriceData(folder, text, { at, date });
  const models = fetched.providers.reduce((sum, provider) => sum + provider.models.length, 0);
  return { from, at, date, providers: fetched.providers.length, models };
}

/** Returns the time of the last fetch, ISO 8601; undefined if there was none. */
export function fetchedAt(folder: string): Promise<string | undefined> {
  return priceDataTime(folder);
}

async function download(address: string, signal: AbortSignal | undefined): Promise<string> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetchSecurely(address, signal ? AbortSignal.any([signal, timeout]) : timeout);
    if (!response.ok) throw new PriceFetchError(`${address} answered ${response.status} ${response.statusText}.`);
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MAX_PRICE_DATA) throw new PriceFetchError(`${address} sends more data than a price list has.`);
    }
    return text + decoder.decode();
  } catch (error) {
    if (error instanceof PriceFetchError) throw error;
    const { cause, message } = error as Error;
    throw new PriceFetchError(
      `${address} cannot be reached: ${cause instanceof Error ? cause.message : message}. The current prices stay in use.`,
    );
  }
}

/** Follows redirects over https only, so that prices cannot be altered in transit. */
async function fetchSecurely(address: string, signal: AbortSignal): Promise<Response> {
  let next = address;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    if (!/^https:\/\//i.test(next)) {
      throw new PriceFetchError(`${next}: prices are fetched over https only. The current prices stay in use.`);
    }
    const response = await fetch(next, { signal, redirect: 'manual' });
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (location === null) return response;
    await response.body?.cancel();
    next = new URL(location, next).href;
  }
  throw new PriceFetchError(`${address} redirects too many times.`);
}

async function readWhole(path: string): Promise<string> {
  try {
    const { size } = await fs.stat(path);
    if (size > MAX_PRICE_DATA) throw new PriceFetchError(`${path} is too large for price data.`);
    return await fs.readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof PriceFetchError) throw error;
    throw new PriceFetchError(`${path} cannot be read: ${(error as Error).message}.`);
  }
}
