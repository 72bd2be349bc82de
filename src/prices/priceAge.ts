import { join } from 'node:path';
import { BUNDLED } from '../pricing/data/bundled.ts';
import { nodeDisk } from '../system/nodeDisk.ts';

/** The age of the prices, without loading them. */

/** Days after which prices are called old. */
export const OLD_PRICES_DAYS = 30;
const DAY_MS = 86_400_000;

export const priceDataPath = (folder: string): string => join(folder, 'price-data.json');

/** Returns the time of the last fetch, ISO 8601; undefined if there was none. Reads only the beginning of the file. */
export async function priceDataTime(folder: string): Promise<string | undefined> {
  return (await beginning(folder))?.fetched;
}

/**
 * Days since the newest price of the table in use.
 * @param now ms since the epoch.
 */
export async function priceAgeDays(folder: string, now: number): Promise<number> {
  const fetched = (await beginning(folder))?.date ?? '';
  const date = fetched > BUNDLED.date ? fetched : BUNDLED.date;
  return Math.floor((now - Date.parse(date)) / DAY_MS);
}

async function beginning(folder: string): Promise<{ fetched: string; date: string } | undefined> {
  try {
    const fd = await nodeDisk.open(priceDataPath(folder), 'r');
    try {
      const start = Buffer.alloc(100);
      const text = start.toString('utf8', 0, await nodeDisk.read(fd, start, 0));
      const [, fetched] = /^{"fetched":"([^"]+)"/.exec(text) ?? [];
      if (fetched === undefined) return undefined;
      // Files of 0.1.0 have no `date`: their data is assumed to be as old as the fetch.
      return { fetched, date: /"date":"(\d{4}-\d\d-\d\d)"/.exec(text)?.[1] ?? fetched.slice(0, 10) };
    } finally {
      await nodeDisk.close(fd);
    }
  } catch {
    return undefined;
  }
}
