import { emptyTotals, costNanos, valueNanos, type Totals } from '../../../usage/query.ts';
import type { Nanos } from '../../../usage/money.ts';
import type { UsageRecord } from '../../../usage/record.ts';
import { addRecord } from '../../../usage/totals.ts';

/** Adds up the calls of a run. A call that is reported again counts once. */
export class RunMeter {
  readonly totals: Totals = emptyTotals();
  /** Called after calls were added. */
  onChange: () => void = () => undefined;
  readonly #known = new Set<string>();
  readonly #countsPlan: boolean;

  /** @param countsPlan whether usage that a plan covers counts at list price. */
  constructor(countsPlan: boolean) {
    this.#countsPlan = countsPlan;
  }

  get spent(): Nanos {
    return this.#countsPlan ? valueNanos(this.totals) : costNanos(this.totals);
  }

  add(records: readonly UsageRecord[]): void {
    const before = this.totals.records;
    for (const record of records) {
      if (this.#known.has(record.usage_id)) continue;
      this.#known.add(record.usage_id);
      addRecord(this.totals, record);
    }
    if (this.totals.records > before) this.onChange();
  }
}
