import { globMatches } from '../pricing/glob.ts';
import type { Pricer } from '../pricing/price.ts';
import { RepricePlanner, type RepricePlan } from '../pricing/reprice.ts';
import type { UsageRecord } from '../usage/record.ts';
import { nextTurn } from '../system/turns.ts';
import type { Ledger } from './ledger.ts';
import type { CostChange } from './results.ts';

export interface RepriceSelection {
  /** Restricts the repricing to these records. Absent: all. */
  only?: ((record: UsageRecord) => boolean) | undefined;
  /** Records to price even if their caller recorded the cost. Absent: none. */
  named?: ((record: UsageRecord) => boolean) | undefined;
}

/**
 * The selection as a user typed it.
 * @param models names or patterns such as `claude-*`. Absent: all.
 * @param includeRecorded models (names or patterns) or record ids.
 */
export function writtenSelection(
  models: readonly string[] | undefined,
  includeRecorded: readonly string[] = [],
): RepriceSelection {
  const ids = new Set(includeRecorded);
  return {
    only: models && (({ model }) => matches(models, model)),
    named: ({ usage_id, model }) => ids.has(usage_id) || matches(includeRecorded, model),
  };
}

export interface LedgerReprice {
  plan: RepricePlan;
  /** For {@link Ledger.setCosts}: each change applies only if the record is still as it was when planned. */
  changes: CostChange[];
  /** Number of records examined. */
  records: number;
}

/** Records between two turns of the event loop: a few milliseconds. */
const STRIDE = 2000;

/** Determines what repricing a ledger would change. Changes nothing. */
export async function planLedgerReprice(
  ledger: Ledger,
  pricer: Pricer,
  now: number,
  { only = () => true, named = () => false }: RepriceSelection = {},
): Promise<LedgerReprice> {
  const records = (await ledger.read()).filter((record) => only(record));
  const planner = new RepricePlanner(pricer, { day: new Date(now).toISOString().slice(0, 10), named });
  const byId = new Map<string, UsageRecord>();
  for (const [i, record] of records.entries()) {
    planner.add(record);
    byId.set(record.usage_id, record);
    if (i % STRIDE === STRIDE - 1) await nextTurn();
  }
  const plan = planner.plan();
  const changes = plan.changes.map(({ usageId, fields }): CostChange => {
    const { cost_usd, cost_known } = byId.get(usageId)!;
    return { usageId, fields, before: { cost_usd, cost_known } };
  });
  return { plan, changes, records: records.length };
}

function matches(patterns: readonly string[], model: string): boolean {
  return patterns.some((pattern) => globMatches(pattern, model));
}
