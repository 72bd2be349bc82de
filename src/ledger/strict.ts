import { strictProblem } from '../usage/inkwell.ts';
import type { UsageRecord } from '../usage/record.ts';
import type { StoredElement } from './results.ts';

/** A strict ledger is written by inkwell too, and holds only records that inkwell can read. */

/**
 * Makes a new record one that inkwell keeps as it is.
 * @throws {UsageError} when it cannot be one.
 */
export function makeStrict(record: UsageRecord): void {
  // inkwell drops these fields at its next save. They are ours, so that refusing the record would help nobody.
  delete record.source;
  delete record.price_source;
  const problem = strictProblem(record);
  if (problem) throw problem;
}

/** Why inkwell could not read elements, by the id of the record. */
export function strictProblems(elements: readonly StoredElement[]): Map<string, string> {
  const problems = new Map<string, string>();
  for (const { record } of elements) {
    const problem = strictProblem(record);
    if (problem) problems.set(record.usage_id, problem.message);
  }
  return problems;
}
