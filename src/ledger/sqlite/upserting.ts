import type { UpsertPlan, UpsertResult } from '../results.ts';
import type { Connection } from './connection.ts';
import { findRow, insertRow, recordOf, updateRow, type Row } from './rows.ts';
import { endOf, sealFull, touch } from './columns/segments.ts';

/** So many records in one transaction are worth a larger cache. */
const MANY = 1_000;

/** Adding records and replacing others, within a transaction, by a plan that sees what stands there. */
export function upsertRecords(connection: Connection, plan: UpsertPlan): UpsertResult {
  /** What the plan has looked for need not be looked for again. */
  const looked = new Map<string, Row | undefined>();
  const wanted = plan((usageId) => {
    const row = findRow(connection, usageId);
    looked.set(usageId, row);
    return row && recordOf(row);
  });
  if (wanted.length >= MANY) connection.expectMany();
  const result: UpsertResult = { added: 0, replaced: 0 };
  const touched: number[] = [];
  const end = endOf(connection);
  let { seq } = end;
  for (const record of new Map(wanted.map((each) => [each.usage_id, each])).values()) {
    const id = record.usage_id;
    const there = looked.has(id) ? looked.get(id) : findRow(connection, id);
    const text = JSON.stringify(record);
    if (there) {
      updateRow(connection, there.seq, record, text);
      touched.push(there.seq);
      result.replaced++;
    } else {
      insertRow(connection, seq++, record, text);
      result.added++;
    }
  }
  sealFull(connection, end.sealed, seq - 1);
  if (touched.length > 0) touch(connection, touched);
  return result;
}
