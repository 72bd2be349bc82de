/** The library: record and read LLM spend from any program. */
import type { CostTrackerOptions } from './tracker.ts';
import { CostTracker } from './tracker.ts';
import type { Ledger } from './types.ts';

export { CostTracker } from './tracker.ts';
export type { CostTrackerOptions } from './tracker.ts';
export { LedgerView } from './view.ts';
export {
  defaultLedgerPath,
  expandPath,
  inkwellDefaultPath,
  importedLedgerPath,
  inkwellLedgerPath,
  resolveLedgerPath,
} from './paths.ts';
export { LedgerError } from './types.ts';
export type * from './types.ts';
export { UsageError } from '../usage/record.ts';
export type { BillingMode, UsageInput, UsageRecord } from '../usage/record.ts';
export type * from '../usage/query.ts';

/** Opens a ledger in the store that its file's ending asks for. */
export function openLedger(options: CostTrackerOptions = {}): Ledger {
  return new CostTracker(options);
}
