import { strictProblem } from '../usage/inkwell.ts';
import type { UsageRecord } from '../usage/record.ts';
import type { StoredElement } from './results.ts';

/** A strict ledger is also written by inkwell, and contains only records that inkwell can read. */

/** Converts a new record to one that inkwell keeps unchanged. @throws {UsageError} when that is impossible. */
export function makeStrict(record: UsageRecord): void {
  // inkwell drops these fields at its next save. We filled them in ourselves, so refusing the record would not help the caller.
  delete record.source;
  delete record.price_source;
  const problem = strictProblem(record);
  if (problem) throw problem;
}

/** Why inkwell could not read elements, by record id. */
function strictProblems(elements: readonly StoredElement[]): Map<string, string> {
  const problems = new Map<string, string>();
  for (const { record } of elements) {
    const problem = strictProblem(record);
    if (problem) problems.set(record.usage_id, problem.message);
  }
  return problems;
}

/** Why elements cannot be added, by record id. Records that the ledger holds are not judged: the store compares them. */
export async function refusedByInkwell(
  elements: readonly StoredElement[],
  ledger: { refresh(): Promise<unknown>; holds(ids: readonly string[]): Promise<ReadonlySet<string>> },
): Promise<Map<string, string>> {
  const refused = strictProblems(elements);
  await ledger.refresh();
  for (const id of await ledger.holds([...refused.keys()])) refused.delete(id);
  return refused;
}
