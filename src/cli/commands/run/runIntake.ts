import { appendFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LiveIntake, selectCalls, usagesOf, type LiveReport, type SpanNode } from '../../../live/index.ts';
import type { Ledger } from '../../../ledger/ledger.ts';
import type { Pricer } from '../../../pricing/price.ts';
import { applyCost, priceable } from '../../../sources/import/costs.ts';
import { besideLedger, makeFolders } from '../../../system/paths.ts';
import { withTimeout } from '../../../system/withTimeout.ts';
import { jsonText } from '../../../usage/jsonText.ts';
import type { UsageRecord } from '../../../usage/record.ts';
import { commandLine } from '../../arguments/shell.ts';
import { warn, type Terminal } from '../../output/terminal.ts';
import { counted } from '../../report/numbers.ts';
import type { RunMeter } from './runMeter.ts';
import { t } from '../../language/text.ts';

/** A ledger that takes longer is treated like one that cannot be written, ms: the limit must not wait for it. */
const STORE_MS = 2_000;
/** Maximum number of spans that are compared with each other: about 20 MB. */
const MAX_SPANS = 100_000;

export interface RunIntakeOptions {
  ledger: Ledger;
  pricer: Promise<Pricer | undefined>;
  meter: RunMeter;
  terminal: Terminal;
}

/**
 * Counts and stores the calls of a run. Calls that the ledger does not accept are counted all the same and kept in a file, so that
 * neither the limit nor a call is lost.
 */
export class RunIntake {
  /** Whether a write to the ledger has not ended. */
  isStuck = false;
  readonly #options: RunIntakeOptions;
  readonly #intake: LiveIntake;
  readonly #kept = new Map<string, UsageRecord>();
  readonly #spans = new Map<string, SpanNode>();
  #file: string | undefined;
  #reason = '';

  constructor(options: RunIntakeOptions) {
    this.#options = options;
    this.#intake = new LiveIntake({ ledger: options.ledger, pricer: () => options.pricer });
  }

  /** The number of calls that are only in the file. */
  get unrecorded(): number {
    return this.#kept.size;
  }

  /** Resolves once the calls are durable, in the ledger or in the file, with those that do not repeat others. */
  async store(reports: readonly LiveReport[]): ReturnType<LiveIntake['store']> {
    const prices = await this.#options.pricer;
    if (this.#spans.size > MAX_SPANS) this.#spans.clear();
    const calls = [...selectCalls(reports, this.#spans).calls].filter((call) => call !== undefined);
    const records = usagesOf(calls).map(priceable);
    for (const record of records) applyCost(record, prices);
    this.#options.meter.add(records);
    try {
      return await this.#storeNow(reports);
    } catch (error) {
      this.#keep(records, (error as Error).message);
      return calls;
    }
  }

  /** Stores the kept calls, if the ledger can be written again; else warns where they are. Never fails. */
  async close(): Promise<void> {
    const kept = [...this.#kept.values()];
    try {
      if (kept.length > 0) await this.#storeNow(kept.map((record) => ({ call: { record, isPriced: true } })));
      this.#kept.clear();
      if (this.#file !== undefined) rmSync(this.#file, { force: true });
      this.isStuck =
        (await withTimeout(
          this.#intake.close().then(() => true),
          STORE_MS,
        )) === undefined;
    } catch {
      await this.#warn();
    }
  }

  async #storeNow(reports: readonly LiveReport[]): ReturnType<LiveIntake['store']> {
    const storing = this.#intake.store(reports);
    storing.catch(() => undefined);
    const stored = await withTimeout(storing, STORE_MS);
    this.isStuck = stored === undefined;
    if (stored === undefined) throw new Error(t`the ledger is busy`);
    return stored;
  }

  #keep(records: readonly UsageRecord[], reason: string): void {
    this.#reason = reason;
    const lines = records.map((record) => `${jsonText(record)}\n`).join('');
    for (const record of records) this.#kept.set(record.usage_id, record);
    this.#file ??= this.#newFile();
    if (this.#file === undefined) return;
    try {
      appendFileSync(this.#file, lines, { mode: 0o600, flush: true });
    } catch (error) {
      this.#reason = (error as Error).message;
    }
  }

  /** A file beside the ledger, or where that is not possible in the folder for temporary files. */
  #newFile(): string | undefined {
    const { ledger, terminal } = this.#options;
    const time = new Date(terminal.now()).toISOString().replaceAll(/[:.]/g, '-');
    for (const folder of [dirname(besideLedger(ledger.path)), tmpdir()]) {
      const file = join(folder, `unrecorded-${time}-${process.pid}.ndjson`);
      try {
        makeFolders(folder, 0o700);
        appendFileSync(file, '', { mode: 0o600 });
        return file;
      } catch {
        continue;
      }
    }
    return undefined;
  }

  async #warn(): Promise<void> {
    const { ledger, terminal } = this.#options;
    const calls = counted(this.#kept.size, 'call');
    const command = commandLine('record --stdin', { ledger: ledger.path });
    const remedy = this.#file === undefined ? '' : t` Record them with: ${command} < ${this.#file}`;
    await warn(terminal, t`${calls} could not be recorded (${this.#reason.replace(/\.$/, '')}).${remedy}`);
  }
}
