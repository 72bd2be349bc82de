import { isUnreadable, readStored } from '../usage/stored.ts';
import type { UsageInput, UsageRecord } from '../usage/record.ts';
import { withFields } from './elementText.ts';
import type { AdoptResult, CostChange, SetCostsResult, StoredElement, Tracked, UpsertPlan } from './results.ts';
import type { Addition, Appended, ReplacePlan } from './store.ts';

/** Requests of a ledger to its store, and reports of their results. */

/** New records as additions. @param usages as the caller gave them, in the same order. */
export function additionsOf(records: readonly UsageRecord[], usages: readonly UsageInput[]): Addition[] {
  return records.map((record, i) => ({
    record,
    text: JSON.stringify(record),
    given: usages[i]!.usage_id === undefined ? undefined : usages[i],
  }));
}

/** The result of adding all records of a call. */
export function trackedOf(appended: readonly Appended[]): Tracked[] {
  return appended.map(({ status, record }) => ({ status: status === 'recorded' ? status : 'present', record }));
}

/** Plans to store the records of an import. */
export function planRecords(plan: UpsertPlan): ReplacePlan {
  const replace: ReplacePlan = (get) =>
    plan((usageId) => get(usageId)?.record).map((record) => ({ record, text: JSON.stringify(record) }));
  replace.ids = plan.ids;
  return replace;
}

/**
 * A plan with the same result, and the ids of the records that it added. An id counts as added if any run of the plan found no
 * record with it: a later run may find the record that this plan itself stored.
 */
export function withAddedIds(plan: ReplacePlan): { plan: ReplacePlan; added: ReadonlySet<string> } {
  const added = new Set<string>();
  const noting: ReplacePlan = (get) => {
    /** Whether the ledger holds these ids, as far as the plan asked: asking again would read the ledger again. */
    const held = new Map<string, boolean>();
    const elements = plan((usageId) => {
      const there = get(usageId);
      held.set(usageId, there !== undefined);
      return there;
    });
    for (const { record } of elements) {
      const { usage_id: id } = record;
      if (!(held.get(id) ?? get(id) !== undefined)) added.add(id);
    }
    return elements;
  };
  noting.ids = plan.ids;
  return { plan: noting, added };
}

/**
 * Plans to set costs, and other fields, in records without changing any other byte.
 * @param strict whether inkwell also writes to the ledger. It would drop `price_source`, so that field is omitted.
 * @returns the plan, and a function that returns its result after the commit.
 */
export function planCosts(
  changes: readonly CostChange[],
  strict: boolean,
): { plan: ReplacePlan; result: () => SetCostsResult } {
  const wanted = new Map(changes.map((change) => [change.usageId, strict ? withoutSource(change) : change]));
  const nothing = (): SetCostsResult => ({ changed: [], missing: [], differing: [] });
  let result = nothing();
  const plan: ReplacePlan = (get) => {
    result = nothing();
    const edited: StoredElement[] = [];
    for (const { usageId, fields, before } of wanted.values()) {
      const there = get(usageId);
      if (!there) result.missing.push(usageId);
      else if (says(there.record, fields)) result.changed.push(there.record);
      else if (before && !says(there.record, before)) result.differing.push(usageId);
      else {
        const element = withCost(there, fields);
        edited.push(element);
        result.changed.push(element.record);
      }
    }
    return edited;
  };
  plan.ids = [...wanted.keys()];
  return { plan, result: () => result };
}

function withCost({ record, text }: StoredElement, fields: CostChange['fields']): StoredElement {
  const edited = withFields(text, { ...fields });
  const read = readStored(JSON.parse(edited), () => record.usage_id);
  if (isUnreadable(read)) throw new Error(`the record ${record.usage_id} ${read.unreadable}`);
  return { record: read, text: edited };
}

function says(record: UsageRecord, fields: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(fields).every(([name, value]) => value === undefined || isSame(record[name], value));
}

/** A field that is absent and one that is null have no value, both of them. */
function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) || Array.isArray(b)) return JSON.stringify(a ?? []) === JSON.stringify(b ?? []);
  return (a ?? null) === (b ?? null);
}

function withoutSource({ usageId, fields, ...rest }: CostChange): CostChange {
  const { price_source: _, ...kept } = fields;
  return { usageId, fields: kept, ...rest };
}

/**
 * The result of copying records of another ledger.
 * @param refused why records were not handed to the store, by id.
 */
export function adoptResult(refused: ReadonlyMap<string, string>, appended: readonly Appended[]): AdoptResult {
  const result: AdoptResult = { adopted: 0, present: 0, differing: [], refused: [] };
  for (const [usageId, reason] of refused) result.refused.push({ usageId, reason });
  for (const each of appended) {
    const { usage_id: usageId } = each.record;
    if (each.status === 'refused') result.refused.push({ usageId, reason: each.reason });
    else if (each.status === 'differing') result.differing.push(usageId);
    else if (each.status === 'recorded') result.adopted++;
    else result.present++;
  }
  return result;
}
