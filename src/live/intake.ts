import type { Ledger } from '../ledger/ledger.ts';
import type { Pricer } from '../pricing/price.ts';
import { Coalescer } from '../system/coalescer.ts';
import type { UsageRecord } from '../usage/record.ts';
import { complete, priceable } from '../sources/import/costs.ts';
import { joinStored, whileJoining } from '../sources/import/joinStored.ts';
import { planOf } from '../sources/import/plan.ts';
import { keepPreferred, type FoundUsage } from '../sources/source.ts';
import { usagesOf, type LiveCall, type LiveReport, type Rejection } from './liveCall.ts';
import { selectCalls } from './nestedSpans.ts';
import { SpanStore, type SpanBatch } from './spanStore.ts';

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

interface Waiting {
  reports: readonly LiveReport[];
  /** Those that count, once stored. */
  selected: readonly (FoundUsage | Rejection)[];
}

/** Stores live reports durably. Requests that arrive while a batch is being written form the next batch. */
export class LiveIntake {
  readonly #options: IntakeOptions;
  readonly #storing: Coalescer;
  readonly #spans: SpanStore;
  #waiting: Waiting[] = [];

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#storing = new Coalescer(() => this.#storeAll());
    this.#spans = new SpanStore(options.ledger.ledger);
  }

  /**
   * Resolves once all calls among them are durable in the ledger, with the calls and rejections that do not repeat others.
   * @throws {BusyError} when too many are waiting, {@link LedgerError} when the ledger cannot be written. The sender will then
   * retry.
   */
  async store(reports: readonly LiveReport[]): Promise<readonly (FoundUsage | Rejection)[]> {
    if (reports.length === 0) return [];
    const waiting = this.#waiting.reduce((sum, each) => sum + each.reports.length, 0);
    if (waiting + reports.length > MAX_WAITING && waiting > 0) throw new BusyError('Too many calls wait to be stored.');
    const own: Waiting = { reports, selected: [] };
    this.#waiting.push(own);
    await this.#storing.now();
    return own.selected;
  }

  /** Stores the waiting reports. */
  async close(): Promise<void> {
    if (this.#waiting.length > 0) await this.#storing.now();
    this.#storing.dispose();
    this.#spans.close();
  }

  async #storeAll(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    const reports = waiting.flatMap((each) => each.reports);
    const found = usagesOf(reports.map(({ call }) => call));
    const hasSpans = reports.some(({ span }) => span !== undefined);
    let calls: ReadonlySet<LiveCall> = new Set(reports.map(({ call }) => call));
    if (found.length > 0 || hasSpans) {
      const { pricer, assign, ledger } = this.#options;
      if (found.length > 0) await complete(found.map(priceable), assign, await pricer());
      await whileJoining(ledger.ledger, async () => {
        if (hasSpans) calls = await this.#storeSpans(reports);
        else
          await this.#upsert(
            await joinStored(
              ledger,
              found.map(({ record }) => record),
            ),
          );
      });
    }
    for (const each of waiting) {
      each.selected = each.reports.flatMap(({ call }) => (call !== undefined && calls.has(call) ? [call] : []));
    }
  }

  /** Stores the calls that do not repeat others, and removes the records that repeat them. */
  async #storeSpans(reports: readonly LiveReport[]): Promise<ReadonlySet<LiveCall>> {
    const { ledger } = this.#options;
    const spans = this.#spans;
    try {
      const unfinished = spans.begin();
      if (unfinished !== undefined) await this.#finish(unfinished);
      const { calls, repeats } = selectCalls(reports, spans);
      const records = usagesOf(calls).map(({ record }) => record);
      const joined = await joinStored(ledger, records);
      spans.rename(new Map(records.map(({ usage_id: id }, at) => [id, joined[at]!.usage_id])));
      const batch = {
        stored: joined.map(({ usage_id: id }) => id),
        repeats: repeats.filter((id) => !spans.hasRecord(id)),
      };
      spans.prepare(batch);
      await this.#upsert(joined);
      await this.#remove(batch.repeats);
      spans.finish();
      return calls;
    } catch (error) {
      spans.reset(error);
      throw error;
    }
  }

  /** Ends the batch of a receiver that was killed, or that could not store it. */
  async #finish({ stored, repeats }: SpanBatch): Promise<void> {
    const { ledger } = this.#options;
    await ledger.refresh();
    if ((await ledger.holds(stored)).size < new Set(stored).size) return this.#spans.takeBack();
    await this.#remove(repeats);
    this.#spans.finish();
  }

  async #upsert(records: readonly UsageRecord[]): Promise<void> {
    if (records.length > 0) await this.#options.ledger.upsert(planOf(LIVE_SOURCE, records));
  }

  async #remove(repeats: readonly string[]): Promise<void> {
    if (repeats.length > 0) await this.#options.ledger.remove(repeats, { undoable: false });
  }
}
