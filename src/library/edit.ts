import { priceFields } from '../pricing/apply.ts';
import type { Pricer } from '../pricing/price.ts';
import { strictProblem } from '../usage/inkwell.ts';
import { costKind } from '../usage/query.ts';
import type { UsageRecord } from '../usage/record.ts';
import { brokenRule } from '../usage/rules.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { CostChange } from '../ledger/results.ts';

/** The new values of a record's fields. null removes a field; absent fields stay as they are. */
export interface RecordEdit {
  provider?: string;
  model?: string;
  operation?: string;
  project?: string | null;
  tags?: string[];
  note?: string | null;
  /** USD, as the user knows it. */
  cost_usd?: number;
}

export interface PlannedEdit {
  /** For {@link Ledger.setCosts}: each change applies only if the record's cost is still as it was when planned. */
  changes: CostChange[];
  /** Ids that do not exist in the ledger. */
  missing: string[];
}

/**
 * Plans the same edit of several records. An estimated or unknown cost is computed again for another model or provider; a
 * cost that the caller reported stays, unless the edit names another one.
 * @param pricer undefined: prices cannot be read, so that such costs become unknown.
 * @throws {UsageError} naming the first field that breaks a rule; then no record is to be changed.
 */
export async function planEdit(
  ledger: Ledger,
  ids: readonly string[],
  edit: RecordEdit,
  pricer: Pricer | undefined,
): Promise<PlannedEdit> {
  const wanted = new Set(ids);
  const changes: CostChange[] = [];
  for await (const elements of ledger.stored()) {
    for (const { record } of elements) {
      if (!wanted.delete(record.usage_id)) continue;
      changes.push(changeOf(record, edit, pricer, ledger.strict));
    }
    if (wanted.size === 0) break;
  }
  return { changes, missing: [...wanted] };
}

function changeOf(record: UsageRecord, edit: RecordEdit, pricer: Pricer | undefined, strict: boolean): CostChange {
  const edited = { ...record, ...edit } as UsageRecord;
  const fields = { ...edit, ...costFields(record, edited, edit, pricer) };
  const result = { ...edited, ...fields } as UsageRecord;
  const problem = brokenRule(result) ?? (strict ? strictProblem(result) : undefined);
  if (problem !== undefined) throw problem;
  const { usage_id: usageId, cost_usd, cost_known } = record;
  return { usageId, fields, before: { cost_usd, cost_known } };
}

/** The fields of the cost that change. */
function costFields(
  record: UsageRecord,
  edited: UsageRecord,
  edit: RecordEdit,
  pricer: Pricer | undefined,
): Partial<UsageRecord> {
  const withoutSource = record.price_source ? { price_source: null } : {};
  if (edit.cost_usd !== undefined) return { cost_known: true, billing_mode: 'known', ...withoutSource };
  const isOtherModel = edited.provider !== record.provider || edited.model !== record.model;
  if (!isOtherModel || costKind(record) === 'recorded') return {};
  const priced = pricer?.price(edited);
  if (priced?.kind === 'priced') return priceFields(priced);
  return { cost_usd: 0, cost_known: false, billing_mode: 'runtime_managed', ...withoutSource };
}
