import { nextTurn } from '../../system/turns.ts';
import { isUnreadable, readStored } from '../../usage/stored.ts';
import { withFields } from '../elementText.ts';
import type { StoredElement } from '../results.ts';
import type { LedgerIndex } from './index.ts';

const ELEMENTS_PER_TURN = 1_000;

/**
 * All records of a version with their text, in file order; records waiting in journals come last. The state is that of the
 * call, whatever is committed in between.
 */
export async function* elementsOf(index: LedgerIndex): AsyncGenerator<StoredElement[]> {
  const places: { id: string; locator: number; waiting: StoredElement | undefined }[] = [];
  for (const id of index.ids) {
    const locator = index.locatorOf(id)!;
    places.push({ id, locator, waiting: index.waitingAt(locator) });
  }
  // The locators of waiting records are negative and count down.
  places.sort(({ locator: a }, { locator: b }) => (a >= 0 && b >= 0 ? a - b : b - a));
  for (let at = 0; at < places.length; at += ELEMENTS_PER_TURN) {
    if (at > 0) await nextTurn();
    yield places
      .slice(at, at + ELEMENTS_PER_TURN)
      .map(({ id, locator, waiting }) => waiting ?? elementAt(index, locator, id));
  }
}

/** The element at an offset of the file. Records of old inkwell versions have no id in their text; it is added here. */
export function elementAt(index: LedgerIndex, locator: number, usageId: string): StoredElement {
  const { text } = index.rawAt(locator)!;
  const value = JSON.parse(text) as object;
  // Checked first, because reading adds the id to the value.
  const hasId = Object.hasOwn(value, 'usage_id');
  const record = readStored(value, () => usageId);
  if (isUnreadable(record)) throw new Error(`no record at ${locator}`);
  return { record, text: hasId ? text : withFields(text, { usage_id: usageId }) };
}
