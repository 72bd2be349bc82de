import { wantsPrice } from '../pricing/apply.ts';
import type { CostSource } from '../pricing/costSource.ts';
import type { UsageInput, UsageRecord } from '../usage/record.ts';

/**
 * Sets the cost fields of records whose callers gave no cost. The price source is used only if such a record has tokens, so
 * that recording with a cost never loads prices.
 * @param records the validated `usages`, in the same order.
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
