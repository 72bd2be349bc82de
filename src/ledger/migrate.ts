import { NanoSum, usdToNanos, type Nanos } from '../usage/money.ts';
import { costKind } from '../usage/query.ts';
import type { UsageRecord } from '../usage/record.ts';
import { addTokens, type TokenSum } from '../usage/tokenSum.ts';
import type { Ledger } from './ledger.ts';
import type { StoredElement } from './results.ts';
import { LedgerError } from './results.ts';

/**
 * Copies all records of one ledger to another, whatever their stores. The source is only read. A migration may be interrupted
 * at any point and repeated: existing records are not copied twice.
 */

export interface MigrationProgress {
  step: 'copying' | 'comparing';
  done: number;
  /** As far as known when the step begins. */
  total: number;
}

export interface MigrationOptions {
  onProgress?: ((progress: MigrationProgress) => void) | undefined;
  /** Ends the migration between two batches. */
  signal?: AbortSignal | undefined;
}

/** The sums of one ledger for one month (UTC). */
export interface MonthSums {
  /** `2026-11`. */
  month: string;
  records: number;
  tokens: TokenSum;
  /** Sum of the known costs. */
  nanos: Nanos;
}

export interface Migration {
  /** Number of records in the source. */
  records: number;
  /** Copied by this migration. */
  adopted: number;
  /** Already in the target. */
  present: number;
  /** Ids under which the target has a different record, which is kept. */
  differing: string[];
  /** Records that the target cannot store. */
  refused: { usageId: string; reason: string }[];
  /** Elements of the source that are not records. They stay there. */
  unreadable: number;
  interrupted: boolean;
  /** Months in which the target lacks something that the source has. Empty: everything is there, exact to the nano-dollar. */
  mismatches: { source: MonthSums; target: MonthSums }[];
  months: MonthSums[];
}

/** Records per transaction. */
const BATCH = 5_000;

/** @throws {LedgerError} when one of the ledgers is unusable. */
export async function migrate(from: Ledger, to: Ledger, options: MigrationOptions = {}): Promise<Migration> {
  const source = await from.refresh();
  if (from.path === to.path)
    throw new LedgerError('unsupported', `${from.path} is both source and target. Name two files.`);
  if (source.health === 'missing') throw new LedgerError('no-folder', `There is no ledger at ${from.path}.`);
  if (source.health !== 'ok') {
    const why = source.problems[0]?.message.replace(/\.$/, '') ?? '';
    throw source.health === 'damaged'
      ? new LedgerError('damaged', `${from.path} is damaged: ${why}. Repair it first: llm-spend repair`)
      : new LedgerError('no-access', `${from.path} is unavailable: ${why}.`);
  }
  const copying = new Copying(from, to, source.unreadable, options);
  const copied = await copying.copy(source.records);
  await to.flush();
  if (!copying.result.interrupted) await copying.compare(copied);
  return copying.result;
}

/** A migration that is under way. */
class Copying {
  readonly result: Migration;
  readonly #from: Ledger;
  readonly #to: Ledger;
  readonly #options: MigrationOptions;

  constructor(from: Ledger, to: Ledger, unreadable: number, options: MigrationOptions) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
    this.result = {
      records: 0,
      adopted: 0,
      present: 0,
      differing: [],
      refused: [],
      unreadable,
      interrupted: false,
      mismatches: [],
      months: [],
    };
  }

  /** Copies the records. @returns the sums of those that the target has now. */
  async copy(total: number): Promise<Months> {
    const { result } = this;
    const { onProgress, signal } = this.#options;
    const months = new Months();
    let batch: StoredElement[] = [];
    const take = async (): Promise<void> => {
      if (batch.length === 0) return;
      const { adopted, present, differing, refused } = await this.#to.adopt(batch);
      const left = new Set([...differing, ...refused.map(({ usageId }) => usageId)]);
      for (const { record } of batch) if (!left.has(record.usage_id)) months.add(record);
      result.records += batch.length;
      result.adopted += adopted;
      result.present += present;
      result.differing.push(...differing);
      result.refused.push(...refused);
      batch = [];
      onProgress?.({ step: 'copying', done: result.records, total });
    };
    for await (const elements of this.#from.stored()) {
      batch.push(...elements);
      if (batch.length >= BATCH) await take();
      if (signal?.aborted) {
        result.interrupted = true;
        return months;
      }
    }
    await take();
    return months;
  }

  /** Reads the target again, and compares its copies of the source's records with the source. */
  async compare(source: Months): Promise<void> {
    const { result } = this;
    const { onProgress, signal } = this.#options;
    const left = new Set([...result.differing, ...result.refused.map(({ usageId }) => usageId)]);
    const target = new Months();
    const { records } = await this.#to.refresh();
    let done = 0;
    for await (const elements of this.#to.stored()) {
      const shared = await this.#from.holds(elements.map(({ record }) => record.usage_id));
      for (const { record } of elements) {
        if (shared.has(record.usage_id) && !left.has(record.usage_id)) target.add(record);
      }
      done += elements.length;
      onProgress?.({ step: 'comparing', done, total: Math.max(done, records) });
      if (signal?.aborted) {
        result.interrupted = true;
        return;
      }
    }
    result.months = source.all();
    for (const month of new Set([...source.names(), ...target.names()])) {
      const [there, here] = [source.of(month), target.of(month)];
      if (there.records !== here.records || there.tokens !== here.tokens || there.nanos !== here.nanos) {
        result.mismatches.push({ source: there, target: here });
      }
    }
  }
}

class Months {
  readonly #months = new Map<string, { records: number; tokens: TokenSum; cost: NanoSum }>();

  add(record: UsageRecord): void {
    const name = new Date(Date.parse(record.timestamp)).toISOString().slice(0, -17);
    let month = this.#months.get(name);
    if (!month) {
      month = { records: 0, tokens: 0, cost: new NanoSum() };
      this.#months.set(name, month);
    }
    month.records++;
    month.tokens = addTokens(month.tokens, record.total_tokens);
    if (costKind(record) !== 'unknown') month.cost.addBig(usdToNanos(record.cost_usd));
  }

  names(): Iterable<string> {
    return this.#months.keys();
  }

  of(name: string): MonthSums {
    const month = this.#months.get(name);
    return { month: name, records: month?.records ?? 0, tokens: month?.tokens ?? 0, nanos: month?.cost.value ?? 0n };
  }

  all(): MonthSums[] {
    return [...this.#months.keys()].sort().map((name) => this.of(name));
  }
}
