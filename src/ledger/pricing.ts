import { wantsPrice } from '../pricing/apply.ts';
import type { CostSource } from '../pricing/costSource.ts';
import type { UsageInput, UsageRecord } from '../usage/record.ts';

/**
 * Sets the cost fields of the records whose callers left the cost to us. The price source is asked only when there is such
 * a record with tokens, so that a record with a cost never pays for loading prices.
 * @param records the validated form of `usages`, one by one.
 */
export async function applyCosts(
  source: CostSource | undefined,
  usages: readonly UsageInput[],
  records: readonly UsageRecord[],
): Promise<void> {
  if (!source) return;
  const unpriced = records.filter(
    (record, i) => wantsPrice(usages[i]!) && record.input_tokens + record.output_tokens > 0,
  );
  if (unpriced.length === 0) return;
  const costs = await source.costsOf(unpriced);
  for (const [i, record] of unpriced.entries()) Object.assign(record, costs[i]);
}
