import type { LedgerError, Problem } from '../results.ts';
import type { StoreState } from '../store.ts';
import type { LedgerRow } from './access.ts';

/** @param row undefined when the ledger does not exist yet, or cannot be read: then `problem` has the reason. */
export function stateOfLedger(row: LedgerRow | undefined, problem: LedgerError | undefined): StoreState {
  const nothing: StoreState = {
    health: 'missing',
    problems: [],
    records: 0,
    pending: 0,
    unreadable: 0,
    bytes: 0,
    modifiedAt: undefined,
  };
  if (problem) {
    const found: Problem = { code: 'unavailable', severity: 'error', message: problem.message };
    return { ...nothing, health: 'unavailable', problems: [found] };
  }
  if (!row) return nothing;
  const problems = row.foreign > 0 ? [foreignProblem(row.foreign)] : [];
  return {
    ...nothing,
    health: problems.length > 0 ? 'damaged' : 'ok',
    problems,
    records: row.records,
    unreadable: row.foreign,
    modifiedAt: row.changedAt,
  };
}

function foreignProblem(rows: number): Problem {
  return {
    code: 'unreadable-element',
    severity: 'error',
    message: `${rows} rows were written by another program and are no usage records; they are not counted.`,
  };
}
