import type { UsageInput, UsageRecord } from '../../usage/record.ts';
import { UsageError } from '../../usage/record.ts';
import type { AdoptResult } from '../types.ts';
import type { Connection } from './connection.ts';
import { findRow, insertRow, nextSeq, recordOf } from './rows.ts';
import { sealedUpTo, sealFull } from './segments.ts';

/** Putting records in, within a transaction. */

/** One record on its way, with what tells a retry from a mistake: the fields that its caller gave. */
export interface Addition {
  record: UsageRecord;
  text: string;
  /** undefined where the id is ours, which no other record has. */
  given: UsageInput | undefined;
}

export type Outcome = { records: UsageRecord[] } | { refused: unknown };

/**
 * Adds each batch, all or none of it. A record that is there already, saying the same, is a retry: it stays as it is.
 * @returns for each batch what stands in the ledger now, or why nothing of it does.
 */
export function addBatches(connection: Connection, batches: readonly (readonly Addition[])[]): Outcome[] {
  const sealed = sealedUpTo(connection);
  let seq = nextSeq(connection, sealed);
  const outcomes = batches.map((batch): Outcome => {
    let there: (UsageRecord | undefined)[];
    try {
      there = existing(connection, batch);
    } catch (error) {
      return { refused: error };
    }
    const first = seq;
    const added = new Map<string, UsageRecord>();
    try {
      const records = batch.map(({ record, text }, i) => {
        const known = there[i] ?? added.get(record.usage_id);
        if (known) return known;
        insertRow(connection, seq, record, text);
        seq++;
        added.set(record.usage_id, record);
        return record;
      });
      return { records };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      connection.sql('DELETE FROM record WHERE seq >= ?').run(first);
      seq = first;
      return { refused: error };
    }
  });
  sealFull(connection, seq - 1);
  return outcomes;
}

/** Takes records of another ledger over as they stand there. One that is there already stays, whatever it says. */
export function adoptInto(connection: Connection, elements: readonly Pick<Addition, 'record' | 'text'>[]): AdoptResult {
  const sealed = sealedUpTo(connection);
  let seq = nextSeq(connection, sealed);
  const result: AdoptResult = { adopted: 0, present: 0, differing: [], refused: [] };
  for (const { record, text } of elements) {
    const there = findRow(connection, record.usage_id);
    if (there) {
      if (sameElement(there.text, text, record)) result.present++;
      else result.differing.push(record.usage_id);
      continue;
    }
    try {
      insertRow(connection, seq, record, text);
      seq++;
      result.adopted++;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      result.refused.push({ usageId: record.usage_id, reason: error.message });
    }
  }
  sealFull(connection, seq - 1);
  return result;
}

/** Spacing aside, and whether the id stands in the text or was derived from it. */
function sameElement(there: string, text: string, record: UsageRecord): boolean {
  if (there === text) return true;
  const plain = (json: string): string =>
    JSON.stringify({ ...(JSON.parse(json) as object), usage_id: record.usage_id });
  return plain(there) === plain(text);
}

/** The records that are there already, by the position in the batch. @throws {UsageError} when one says something else. */
function existing(connection: Connection, batch: readonly Addition[]): (UsageRecord | undefined)[] {
  const fresh = new Map<string, UsageRecord>();
  return batch.map(({ record, given }) => {
    if (given === undefined) return undefined;
    const row = findRow(connection, record.usage_id);
    const there = row ? recordOf(row) : fresh.get(record.usage_id);
    if (there) assertSame(given, there);
    else fresh.set(record.usage_id, record);
    return row ? there : undefined;
  });
}

/** A second record with a known id is a retry if it says the same, and a mistake otherwise. */
function assertSame(usage: UsageInput, there: UsageRecord): void {
  for (const [field, value] of Object.entries(usage)) {
    if (value === undefined || JSON.stringify(value) === JSON.stringify(there[field])) continue;
    throw new UsageError('usage_id', usage.usage_id, `is taken by another record, which has another ${field}`);
  }
}
