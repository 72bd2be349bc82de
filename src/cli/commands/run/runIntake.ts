import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LiveIntake } from '../../../live/index.ts';
import type { Ledger } from '../../../ledger/ledger.ts';
import type { Pricer } from '../../../pricing/price.ts';
import { applyCost, priceable } from '../../../sources/import/costs.ts';
import type { FoundUsage } from '../../../sources/source.ts';
import { besideLedger } from '../../../system/paths.ts';
import { withTimeout } from '../../../system/withTimeout.ts';
import { jsonText } from '../../../usage/jsonText.ts';
import type { UsageRecord } from '../../../usage/record.ts';
import { commandLine } from '../../arguments/shell.ts';
import { warn, type Terminal } from '../../output/terminal.ts';
import { counted } from '../../report/numbers.ts';
import type { RunMeter } from './runMeter.ts';

/** A ledger that takes longer is treated like one that cannot be written, ms: the limit must not wait for it. */
const STORE_MS = 2_000;

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

  /** Resolves once the calls are durable, in the ledger or in the file. */
  async store(calls: readonly FoundUsage[]): Promise<void> {
    const prices = await this.#options.pricer;
    const records = calls.map(priceable);
    for (const record of records) applyCost(record, prices);
    this.#options.meter.add(records);
    try {
      await this.#storeNow(calls);
    } catch (error) {
      this.#keep(records, (error as Error).message);
    }
  }

  /** Stores the kept calls, if the ledger can be written again; else warns where they are. Never fails. */
  async close(): Promise<void> {
    const kept = [...this.#kept.values()];
    try {
      if (kept.length > 0) await this.#storeNow(kept.map((record) => ({ record, isPriced: true })));
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

  async #storeNow(calls: readonly FoundUsage[]): Promise<void> {
    const stored = this.#intake.store(calls).then(() => true);
    stored.catch(() => undefined);
    this.isStuck = (await withTimeout(stored, STORE_MS)) === undefined;
    if (this.isStuck) throw new Error('the ledger is busy');
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
        mkdirSync(folder, { recursive: true, mode: 0o700 });
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
    const remedy = this.#file === undefined ? '' : ` Record them with: ${command} < ${this.#file}`;
    await warn(terminal, `${calls} could not be recorded (${this.#reason.replace(/\.$/, '')}).${remedy}`);
  }
}
