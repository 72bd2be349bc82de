import type { UsageRecord } from '../../usage/record.ts';
import { brokenRule } from '../../usage/rules.ts';
import { MAX_COST } from '../../usage/limits.ts';
import { priceable } from './costs.ts';
import { repeatOf, type Repeat } from './repeats.ts';
import { isUsualTime } from '../fields.ts';
import type { Lookup, FoundUsage, Skip, Source } from '../source.ts';

/** Rules that select the usages of a source. */
export interface IntakeRules {
  /** Skips earlier usage, ms since the epoch. */
  since: number | undefined;
  /** Later usage is reported, ms since the epoch. */
  latest: number;
}

/** Usages on their way into a ledger: entries with the same id are settled among each other before the ledger is consulted. */
export class Intake {
  readonly #source: Source;
  /** Of the source's records; undefined where its files are of several tools. */
  readonly #agent: string | undefined;
  readonly #rules: IntakeRules;
  readonly #skip: (skip: Skip) => void;
  #records = new Map<string, UsageRecord>();
  /** The latest time that need not be reported. */
  #latest: string | undefined;
  #repeats: Repeat[] = [];
  readonly #lookup: Lookup = (id) => this.#records.get(id);
  /** Number of usages found, before it is known which of them count. */
  seen = 0;

  constructor(source: Source, rules: IntakeRules, skip: (skip: Skip) => void) {
    this.#source = source;
    this.#agent = (source.agent === undefined ? source.id : source.agent) ?? undefined;
    this.#rules = rules;
    this.#skip = skip;
  }

  get size(): number {
    return this.#records.size;
  }

  /** @param file the file that contains it. @param line 1-based, if known. */
  add(found: FoundUsage, file: string, line?: number): void {
    if (found.isRepeat === true) return this.repeat(repeatOf(found.record));
    const problem = problemOf(found);
    if (problem !== undefined) return this.#skip({ reason: 'invalid', file, line, detail: problem });
    const record = priceable(found);
    if (this.#agent !== undefined) record['agent'] ??= this.#agent;
    const { timestamp } = record;
    const { since, latest } = this.#rules;
    this.#latest ??= new Date(latest).toISOString();
    if (isAfter(timestamp, this.#latest)) this.#skip({ reason: 'future-time', file, detail: timestamp });
    if (since !== undefined && Date.parse(timestamp) < since) return;
    this.seen++;
    this.put(record);
  }

  /** Adds a record that counts. */
  put(record: UsageRecord): void {
    for (const settled of this.#source.settle(record, this.#lookup)) this.#records.set(settled.usage_id, settled);
  }

  /** Returns the repeated usages so far, and starts over. */
  takeRepeats(): Repeat[] {
    const repeats = this.#repeats;
    this.#repeats = [];
    return repeats;
  }

  repeat(repeat: Repeat): void {
    this.#repeats.push(repeat);
  }

  /** Returns the records so far, and starts over. */
  take(): UsageRecord[] {
    const records = [...this.#records.values()];
    this.#records = new Map();
    return records;
  }
}

/** The rule that a usage breaks. Imported usage is checked like records from programs. */
function problemOf({ record, loggedCost }: FoundUsage): string | undefined {
  if (loggedCost !== undefined && !(loggedCost >= 0 && loggedCost <= MAX_COST)) {
    return `cost_usd: must be at most ${MAX_COST} (got ${loggedCost})`;
  }
  return brokenRule(record)?.message;
}

/** @param than a time in the format of `toISOString`. */
function isAfter(time: string, than: string): boolean {
  return isUsualTime(time) ? time > than : Date.parse(time) > Date.parse(than);
}
