/** The version of the price data: a release of genai-prices, or `online` for data fetched on that day. */
export interface TableVersion {
  version: string;
  /** ISO day. */
  date: string;
}

/** The release of the bundled data, and the day of its newest price. `scripts/priceData.py` prints both. */
export const BUNDLED: TableVersion = { version: '0.2.3', date: '2026-11-09' };
