/** The public library: records and reads LLM costs from any program. */
import { CostTracker, type CostTrackerOptions } from './costTracker.ts';

export { CostTracker } from './costTracker.ts';
export type { CostTrackerOptions } from './costTracker.ts';
export type { BudgetListener, BudgetReport, BudgetStatus } from './trackerBudgets.ts';
export { BudgetFileError } from '../budgets/budgetFile.ts';
export type { Ledger } from '../ledger/ledger.ts';
export { LedgerView } from '../ledger/view.ts';
export {
  defaultLedgerPath,
  expandPath,
  inkwellDefaultPath,
  importedLedgerPath,
  inkwellLedgerPath,
  resolveLedgerPath,
} from '../system/paths.ts';
export { LedgerError } from '../ledger/results.ts';
export type * from '../ledger/results.ts';
export type { CostFields, CostSource, PricingOptions } from '../pricing/costSource.ts';
export { UsageError } from '../usage/record.ts';
export type { BillingMode, UsageInput, UsageRecord } from '../usage/record.ts';
export type * from '../usage/query.ts';

/** Opens a ledger in the store that its name selects. */
export function openLedger(options: CostTrackerOptions = {}): CostTracker {
  return new CostTracker(options);
}
