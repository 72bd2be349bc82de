import type { UsageInput, UsageRecord } from '../../usage/record.ts';
import { UsageError } from '../../usage/record.ts';
import { assertSame, sameElement } from '../sameUsage.ts';
import type { AdoptResult } from '../results.ts';
import type { Connection } from './connection.ts';
import { findRow, insertRow, recordOf } from './rows.ts';
import { endOf, sealFull } from './columns/segments.ts';

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
  const end = endOf(connection);
  let { seq } = end;
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
  sealFull(connection, end.sealed, seq - 1);
  return outcomes;
}

/** Takes records of another ledger over as they stand there. One that is there already stays, whatever it says. */
export function adoptInto(connection: Connection, elements: readonly Pick<Addition, 'record' | 'text'>[]): AdoptResult {
  const end = endOf(connection);
  let { seq } = end;
  const result: AdoptResult = { adopted: 0, present: 0, differing: [], refused: [] };
  for (const { record, text } of elements) {
    const there = findRow(connection, record.usage_id);
    if (there) {
      if (sameElement(there.text, text, record.usage_id)) result.present++;
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
  sealFull(connection, end.sealed, seq - 1);
  return result;
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
