import type { CustomPrice } from '../pricing/custom.ts';
import { changeCustomPriceFile } from './files.ts';

type PriceKey = Pick<CustomPrice, 'provider' | 'model' | 'from'>;

/** Whether an entry of `prices.json` is the price of this model, provider and day. */
export function isPriceOf(entry: unknown, key: PriceKey): boolean {
  const { provider, model, from } = (entry ?? {}) as Partial<PriceKey>;
  return provider === key.provider && model === key.model && from === key.from;
}

/**
 * Sets a price in `prices.json`, in place of an earlier one of the same model.
 * @returns a function that puts the earlier one back, if there was one, and otherwise removes the price.
 * @throws {PriceFileError} when the file cannot be used; it is not changed.
 */
export async function setOwnPrice(folder: string, price: CustomPrice): Promise<() => Promise<void>> {
  let replaced: readonly unknown[] = [];
  await changeCustomPriceFile(folder, (entries) => {
    replaced = entries.filter((entry) => isPriceOf(entry, price));
    return [...entries.filter((entry) => !isPriceOf(entry, price)), price];
  });
  return () =>
    changeCustomPriceFile(folder, (entries) => [...entries.filter((entry) => !isPriceOf(entry, price)), ...replaced]);
}
