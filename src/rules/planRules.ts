import { priceFields } from '../pricing/apply.ts';
import type { Pricer } from '../pricing/price.ts';
import { costKind } from '../usage/query.ts';
import type { UsageRecord } from '../usage/record.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { CostChange } from '../ledger/results.ts';
import { nextTurn } from '../system/turns.ts';
import type { Assigner } from './assign.ts';
import { isObserved } from './rule.ts';

/** The effect of rules on the records of a ledger. */
export interface RulePlan {
  /** For {@link Ledger.setCosts}. */
  changes: CostChange[];
  /** New values, those of most records first. */
  effects: RuleEffect[];
  /** Records examined. */
  records: number;
  /** Records from logs that name no folder, so that rules by folder or repository cannot match them. */
  withoutFolder: number;
}

/** One new value in many records. */
export interface RuleEffect {
  rule: string;
  field: string;
  /** As text; empty if there was none. */
  before: string;
  after: string;
  records: number;
}

/** Determines what rules would change. Changes nothing. @param pricer undefined: costs stay as they are. */
export async function planRules(ledger: Ledger, assigner: Assigner, pricer: Pricer | undefined): Promise<RulePlan> {
  const changes: CostChange[] = [];
  const effects = new Map<string, RuleEffect>();
  let records = 0;
  let withoutFolder = 0;
  for await (const elements of ledger.stored()) {
    records += elements.length;
    for (const { record } of elements) {
      if (record['folder'] === undefined && isObserved(record)) withoutFolder++;
      const assigned = assigner.assigned(record);
      if (assigned === undefined) continue;
      const { values, by } = assigned;
      for (const [field, value] of Object.entries(values)) {
        const effect = {
          rule: by.get(field) ?? '',
          field,
          before: valueText(record[field]),
          after: valueText(value),
          records: 0,
        };
        const key = JSON.stringify(effect);
        const known = effects.get(key) ?? effect;
        known.records++;
        effects.set(key, known);
      }
      const { usage_id: usageId, cost_usd, cost_known } = record;
      const fields = { ...values, ...costFields(record, values, pricer) };
      changes.push({ usageId, fields, before: { cost_usd, cost_known } });
    }
    await nextTurn();
  }
  return { changes, effects: [...effects.values()].sort((a, b) => b.records - a.records), records, withoutFolder };
}

/** A call that became free, or is no longer, has another cost, unless its caller recorded one. */
function costFields(
  record: UsageRecord,
  values: Partial<UsageRecord>,
  pricer: Pricer | undefined,
): Partial<UsageRecord> {
  const isFree = { before: record['charge'] === 'free', after: (values['charge'] ?? record['charge']) === 'free' };
  if (isFree.before === isFree.after || pricer === undefined) return {};
  if (!isFree.before && costKind(record) === 'recorded') return {};
  const priced = pricer.price({ ...record, ...values });
  if (priced.kind === 'priced') return priceFields(priced);
  return { cost_usd: 0, cost_known: false, billing_mode: 'runtime_managed', price_source: null };
}

function valueText(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : typeof value === 'string' ? value : '';
}
