import type { Batch, Outcome } from '../additions.ts';
import { assertSame, sameElement } from '../sameUsage.ts';
import type { Addition, Appended } from '../store.ts';
import { UsageError } from '../../usage/record.ts';
import { keyOfId, rowOf, tryRecord, type ColumnRow } from './rows.ts';
import type { LedgerWrite } from './writing.ts';

/** Records that are in the ledger or about to be, by key. */
type Texts = Map<string, string>;

/** Adds the batches of several callers in one transaction. A refused batch adds nothing; the others are not affected. */
export async function appendToLedger(write: LedgerWrite, batches: readonly Batch[]): Promise<Outcome[]> {
  const keys = batches.flatMap(({ additions, mode }) =>
    additions.flatMap(({ record, given }) => (mode === 'each' || given ? [keyOfId(record.usage_id)] : [])),
  );
  const texts: Texts = new Map([...(await write.find(keys))].map(([key, { text }]) => [key, text]));
  const rows: ColumnRow[] = [];
  const outcomes = batches.map(({ additions, mode }): Outcome => {
    const fresh: ColumnRow[] = [];
    const add = mode === 'all' ? appendOrThrow : append;
    try {
      return { appended: additions.map((addition) => add(addition, texts, fresh)) };
    } catch (error) {
      for (const { key } of fresh.splice(0)) texts.delete(key);
      return { refused: error };
    } finally {
      for (const row of fresh) rows.push(row);
    }
  });
  if (rows.length > 0) await write.insert(rows.map((row) => ({ row })));
  return outcomes;
}

/** @throws {UsageError} when the record cannot be added, or differs from the existing one. */
function appendOrThrow({ record, text, given }: Addition, texts: Texts, fresh: ColumnRow[]): Appended {
  const key = keyOfId(record.usage_id);
  const there = texts.get(key);
  if (there === undefined) {
    take(rowOf(record, text), texts, fresh);
    return { status: 'recorded', record };
  }
  const stored = tryRecord(key, there);
  if (stored === undefined) throw new UsageError('usage_id', record.usage_id, 'is taken by a row that is no record');
  assertSame(given!, stored);
  return { status: 'present', record: stored };
}

function append({ record, text }: Addition, texts: Texts, fresh: ColumnRow[]): Appended {
  const key = keyOfId(record.usage_id);
  const there = texts.get(key);
  if (there !== undefined) {
    return { status: sameElement(there, text, record.usage_id) ? 'present' : 'differing', record };
  }
  try {
    // The caller gives both the record and its text, and the text counts.
    const stored = tryRecord(key, text);
    if (stored === undefined) return { status: 'refused', record, reason: 'is not a usage record' };
    take({ ...rowOf(stored, text), key }, texts, fresh);
    return { status: 'recorded', record };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { status: 'refused', record, reason: error.message };
  }
}

function take(row: ColumnRow, texts: Texts, fresh: ColumnRow[]): void {
  texts.set(row.key, row.text);
  fresh.push(row);
}
