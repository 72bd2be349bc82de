import { statSync } from 'node:fs';
import { priceFields } from '../pricing/apply.ts';
import { readCustomPrices, type CustomPrice, type CustomPriceProblem } from '../pricing/custom.ts';
import { loadPricer, type Pricer } from '../pricing/price.ts';
import { parsePriceData } from '../pricing/fetched.ts';
import { BUNDLED } from '../pricing/data/bundled.ts';
import type { FetchedPrices } from '../pricing/fetched.ts';
import type { UsageRecord } from '../usage/record.ts';
import { errno } from '../system/errno.ts';
import { readPriceData } from './dataFile.ts';
import { priceDataPath } from './priceAge.ts';
import { customPricesPath, editorPricesPath, pricesFolder, readCustomPriceFile, readEditorPriceFile } from './files.ts';
import type { CostFields, CostSource, PricingOptions } from '../pricing/costSource.ts';

export interface UserPricesOptions {
  /** The folder of the price files. Default: beside the default ledger. */
  folder?: string | undefined;
  /** Called once for each problem with the prices. Default: a warning of the process. */
  warn?: ((message: string) => void) | undefined;
}

/**
 * Prices usage by the user's own prices and the price table: the fetched table if it is newer than the bundled one.
 *
 * Follows changes of its files. While a file cannot be read, nothing is priced, because its prices might differ from the
 * others.
 */
export class UserPrices implements CostSource {
  readonly folder: string;
  readonly #warn: (message: string) => void;
  readonly #told = new Set<string>();
  #loaded: { key: string; pricer: Promise<Pricer | undefined> } | undefined;

  constructor(options: UserPricesOptions = {}) {
    this.folder = options.folder ?? pricesFolder();
    this.#warn = options.warn ?? warnProcess;
  }

  /** undefined: prices are not available, and `warn` was given the reason. */
  pricer(): Promise<Pricer | undefined> {
    const paths = [customPricesPath(this.folder), editorPricesPath(this.folder), priceDataPath(this.folder)];
    const key = paths.map(signature).join();
    if (this.#loaded?.key !== key) this.#loaded = { key, pricer: this.#load() };
    return this.#loaded.pricer;
  }

  async costsOf(usages: readonly UsageRecord[]): Promise<(CostFields | undefined)[]> {
    return costsBy(await this.pricer(), usages);
  }

  async #load(): Promise<Pricer | undefined> {
    const customPrices: CustomPrice[] = [];
    try {
      // The order matters: of prices that match equally well, the last one wins.
      const files = [
        { path: customPricesPath(this.folder), ...(await readCustomPriceFile(this.folder)) },
        { path: editorPricesPath(this.folder), ...(await readEditorPriceFile(this.folder)) },
      ];
      for (const { path, prices, problems } of files) {
        customPrices.push(...prices);
        for (const problem of problems) this.#tell(`${path}: ${problemText(problem)}. This price is ignored.`);
      }
    } catch (error) {
      this.#tell(messageOf(error));
      return undefined;
    }
    try {
      return loadPricer({ customPrices, fetched: await this.#fetched() });
    } catch (error) {
      this.#tell(`The price table cannot be loaded: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** undefined: the bundled data is as new, or the fetched data is unusable. */
  async #fetched(): Promise<FetchedPrices | undefined> {
    try {
      const fetched = await readPriceData(this.folder);
      return fetched !== undefined && fetched.date > BUNDLED.date ? fetched : undefined;
    } catch (error) {
      this.#tell(`${messageOf(error)} Until then the bundled prices are used.`);
      return undefined;
    }
  }

  #tell(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#warn(message);
  }
}

/**
 * Prices supplied by the calling program.
 * @throws {TypeError} when one of them is unusable, {@link PriceDataError} when the data is.
 */
export function givenPrices({ customPrices, fetched }: PricingOptions): CostSource {
  const { prices, problems } = readCustomPrices(customPrices);
  if (problems[0] !== undefined) throw new TypeError(`pricing.customPrices: ${problemText(problems[0])}`);
  const data = fetched && parsePriceData(fetched.text, fetched.date);
  const pricer = loadPricer({ customPrices: prices, fetched: data });
  return { costsOf: (usages) => Promise.resolve(costsBy(pricer, usages)) };
}

function costsBy(pricer: Pricer | undefined, usages: readonly UsageRecord[]): (CostFields | undefined)[] {
  return usages.map((usage) => {
    const result = pricer?.price(usage);
    return result?.kind === 'priced' ? (priceFields(result) as CostFields) : undefined;
  });
}

/** For example `price 2 (claude-*): input is required`. */
export function problemText({ index, field, message }: CustomPriceProblem): string {
  const place = index < 0 ? '' : `price ${index + 1}: `;
  return `${place}${field === '' ? '' : `${field} `}${message}`;
}

function signature(path: string): string {
  try {
    const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
    return stats === undefined ? '' : `${stats.ino} ${stats.size} ${stats.mtimeNs}`;
  } catch (error) {
    // Reading the file meets the same error, and says it where it matters.
    return `unreadable: ${errno(error) ?? messageOf(error)}`;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function warnProcess(message: string): void {
  process.emitWarning(message, 'LlmSpendWarning');
}
