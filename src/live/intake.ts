import type { Ledger } from '../ledger/ledger.ts';
import type { Pricer } from '../pricing/price.ts';
import { Coalescer } from '../system/coalescer.ts';
import type { UsageRecord } from '../usage/record.ts';
import { complete, priceable } from '../sources/import/costs.ts';
import { joinStored, whileJoining } from '../sources/import/joinStored.ts';
import { planOf } from '../sources/import/plan.ts';
import { keepPreferred, type FoundUsage } from '../sources/source.ts';

/** Maximum number of records waiting to be stored: about 15 MB. Beyond it, senders are asked to retry. */
const MAX_WAITING = 20_000;

/** The ledger cannot accept more at the moment. The sender should retry. */
export class BusyError extends Error {
  override readonly name = 'BusyError';
}

export interface IntakeOptions {
  /** The ledger of usage that was not recorded by hand: `imported.db`. */
  ledger: Ledger;
  pricer: () => Promise<Pricer | undefined>;
  /** Fills in fields by rules of the user. Absent: none. */
  assign?: ((records: readonly UsageRecord[]) => Promise<void>) | undefined;
}

/** Of two reports with the same id the first counts: the same batch may arrive a hundred times. */
const LIVE_SOURCE = {
  settle: (candidate: UsageRecord, get: (id: string) => UsageRecord | undefined) =>
    keepPreferred(candidate, get, (a, b) => a.total_tokens > b.total_tokens),
};

/** Stores live reports durably. Requests that arrive while a batch is being written form the next batch. */
export class LiveIntake {
  readonly #options: IntakeOptions;
  readonly #storing: Coalescer;
  #waiting: FoundUsage[] = [];

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#storing = new Coalescer(() => this.#storeAll());
  }

  /**
   * Resolves once all of them are durable in the ledger.
   * @throws {BusyError} when too many are waiting, {@link LedgerError} when the ledger cannot be written. The sender will then
   * retry.
   */
  async store(calls: readonly FoundUsage[]): Promise<void> {
    if (calls.length === 0) return;
    if (this.#waiting.length + calls.length > MAX_WAITING && this.#waiting.length > 0) {
      throw new BusyError('Too many calls wait to be stored.');
    }
    this.#waiting.push(...calls);
    await this.#storing.now();
  }

  /** Stores the waiting reports. */
  async close(): Promise<void> {
    if (this.#waiting.length > 0) await this.#storing.now();
    this.#storing.dispose();
  }

  async #storeAll(): Promise<void> {
    const calls = this.#waiting;
    if (calls.length === 0) return;
    this.#waiting = [];
    const { ledger, pricer, assign } = this.#options;
    const prices = await pricer();
    const records = calls.map(priceable);
    await complete(records, assign, prices);
    await whileJoining(ledger.ledger, async () => {
      const plan = planOf(LIVE_SOURCE, await joinStored(ledger, records));
      await ledger.upsert(plan);
    });
  }
}
