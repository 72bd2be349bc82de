import type { Ledger } from '../../ledger/ledger.ts';
import { storeKind } from '../../system/paths.ts';
import type { Pricer } from '../../pricing/price.ts';
import type { UsageRecord } from '../../usage/record.ts';
import { AGENTS } from '../agents.ts';
import { complete, priceable, priceCounts, type PriceCounts } from './costs.ts';
import { Intake, type IntakeRules } from './intake.ts';
import type { Part } from './readerThread.ts';
import { Handover, type Told } from './handover.ts';
import { SecondReader } from './secondReader.ts';
import { readLog, readWholeFile, type Receiver } from '../reading/fileReader.ts';
import { storeJoined } from './joinStored.ts';
import { dropRepeats, removeRepeats, type Repeat, Rereading } from './repeats.ts';
import { DryRun, planOf } from './plan.ts';
import {
  emptyReport,
  reportQuota,
  withdrawSkips,
  type ImportOptions,
  type ImportProgress,
  type ImportReport,
} from './options.ts';
import { emptyState, saveState, statePath, trustedState, type FileState } from './state.ts';
import { nextTurn } from '../../system/turns.ts';
import type { FoundUsage, Skip, Source, SourceFile } from '../source.ts';
import { findLogs, isIn } from '../reading/walk.ts';

/**
 * Imports the usage that a source left on the disk, each once, whatever happened to the last import and however many run at once:
 * ids depend on the usage alone, and a commit applies the source's rule to the ledger as it is at that moment.
 */

/** Records per transaction. Large ones write the index of ids less often, small ones need less memory. A JSON ledger is written whole. */
const BATCH = 10_000;
const BATCH_DRY = 100;
const BATCH_JSON = 100_000;
const MAX_TOLD = 100;
const SAVE_EVERY_MS = 2_000;
/** A program that writes a log pauses for less than this during one task. */
const QUIET_MS = 60_000;
const TURN_MS = 20;
/** A clock may be a little ahead; a usage dated tomorrow is reported. */
const FUTURE_MS = 86_400_000;

/** @param places the folders and files to read: the source's default ones, or those named by the user. */
export async function importSource(
  source: Source,
  places: readonly string[],
  options: ImportOptions,
): Promise<ImportReport> {
  return new Import(source, places, options).run();
}

class Import implements Receiver {
  readonly #source: Source;
  readonly #places: readonly string[];
  readonly #options: ImportOptions;
  readonly #statePath: string;
  readonly #report: ImportReport;
  readonly #progress: ImportProgress;
  readonly #batch: number;
  /** Usages that were read but not stored yet. */
  readonly #intake: Intake;
  readonly #rules: IntakeRules;
  #state = emptyState();
  /** File states that become valid once all pending usages are stored. */
  #due = new Map<string, FileState | undefined>();
  /** Receives the findings of a second reader. */
  readonly #handover = new Handover({
    add: (path, part, isLast) => this.#add(path, part, isLast),
    remove: (path, told) => this.#remove(path, told),
    isFull: () => this.isFull(),
    store: () => this.#commit(),
  });
  #pricer: Pricer | undefined;
  readonly #dryRun: DryRun;
  #current: SourceFile | undefined;
  readonly #rereading: Rereading;
  /** Whether files are read for the second time. */
  #isRepeated = false;
  #savedAt = 0;
  #isSaved = true;

  constructor(source: Source, places: readonly string[], options: ImportOptions) {
    this.#source = source;
    this.#places = places;
    this.#options = options;
    this.#statePath = statePath(options.path, source.id);
    this.#rules = { since: options.since, latest: options.now() + FUTURE_MS };
    this.#intake = new Intake(source, this.#rules, (skip) => this.skip(skip));
    this.#rereading = new Rereading(source);
    this.#batch = options.dryRun === true ? BATCH_DRY : storeKind(options.path) === 'json' ? BATCH_JSON : BATCH;
    this.#report = emptyReport(source);
    this.#dryRun = new DryRun(options, this.#report);
    this.#progress = { source: source.id, files: 0, filesDone: 0, bytes: 0, bytesDone: 0, seen: 0 };
  }

  async run(): Promise<ImportReport> {
    this.#state = await trustedState(this.#statePath, this.#options);
    const { files, skips } = await findLogs(this.#source, this.#places, this.#options);
    for (const skip of skips) this.skip(skip);
    const filesIn = (path: string): number => files.filter((file) => isIn(file, path)).length;
    this.#report.places = this.#places.map((path) => ({ path, files: filesIn(path) }));
    this.#report.files = files.length;
    this.#rereading.begin(files, this.#state.files);
    const changed = files.filter((file) => !this.#isKnown(file));
    this.#report.unchanged = files.length - changed.length;
    this.#progress.files = changed.length;
    this.#progress.bytes = changed.reduce((sum, { size }) => sum + size, 0);
    if (this.#options.within === undefined && this.#state.files.keepOnly(files, this.#places)) this.#isSaved = false;
    try {
      if (changed.length > 0) this.#pricer = await this.#options.pricer();
      const queue = [...changed];
      const second = await this.#secondReader(queue);
      try {
        await this.#readAll(queue);
        if (second !== undefined) {
          const left = await this.#handover.until(second.ended, this.#options.signal);
          for (const file of left) this.#handover.takeBack(file);
          await this.#readAll(left);
        }
      } finally {
        await second?.stop();
      }
      await this.#commit();
      await this.#readAgain(changed);
    } finally {
      await this.#save();
    }
    await reportQuota(this.#source, changed, this.#options);
    return this.#report;
  }

  usage(found: FoundUsage, line?: number): void {
    this.#intake.add(found, this.#current?.path ?? '', line);
  }

  skip(skip: Skip): void {
    if (this.#isRepeated) return;
    const { skipped, skips } = this.#report;
    skipped[skip.reason] = (skipped[skip.reason] ?? 0) + 1;
    if (skips.length < MAX_TOLD) skips.push(skip);
  }

  isQuiet({ modifiedAt }: SourceFile): boolean {
    return this.#options.now() - modifiedAt > QUIET_MS;
  }

  isFull(): boolean {
    return this.#intake.size >= this.#batch || this.#options.signal?.aborted === true;
  }

  async store(state: FileState | undefined): Promise<void> {
    this.#due.set(this.#current!.path, this.#rereading.checked(this.#current!.path, state));
    if (!this.isFull()) return;
    await this.#commit();
    this.#options.signal?.throwIfAborted();
  }

  progress(bytes: number): void {
    this.#progress.bytesDone += bytes;
    this.#tell();
  }

  async #readAll(queue: SourceFile[]): Promise<void> {
    // Not `performance`, because Node takes 5 ms to load it on first use, too long for an import that reads nothing.
    let turn = Date.now();
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      if (Date.now() - turn > TURN_MS) {
        await nextTurn();
        turn = Date.now();
      }
      this.#options.signal?.throwIfAborted();
      await this.#read(file);
      this.#progress.filesDone++;
      this.#tell();
      if (this.isFull()) await this.#commit();
    }
  }

  /** Starts a reader at the other end of the queue, if the work justifies a thread. */
  async #secondReader(queue: SourceFile[]): Promise<SecondReader | undefined> {
    const { secondReader } = this.#options;
    const isKnown = AGENTS.includes(this.#source);
    if (secondReader === undefined || !isKnown || this.#source.lastCounts === true) return undefined;
    if (queue.length < 2 || this.#progress.bytes < secondReader.from) return undefined;
    return SecondReader.start(
      secondReader.program,
      { source: this.#source.id, rules: this.#rules },
      {
        next: () => {
          const file = queue.pop();
          return file && { file, known: this.#state.files.get(file.path), isQuiet: this.isQuiet(file) };
        },
        take: (file, part, isLast) => this.#handover.take(file, part, isLast),
      },
    );
  }

  #add(path: string, part: Part, isLast: boolean): void {
    for (const [record, pricing] of part.records) this.#intake.put(priceable({ record, ...pricing }));
    for (const repeat of part.repeats) this.#intake.repeat(repeat);
    this.#intake.seen += part.seen;
    for (const skip of part.skips) this.skip(skip);
    if (part.state !== undefined) this.#due.set(path, this.#rereading.checked(path, part.state ?? undefined));
    if (isLast) this.#progress.filesDone++;
    this.progress(part.bytes);
  }

  /** Its records are kept: they will be found again with the same ids. */
  #remove(path: string, { bytes, seen, skips }: Told): void {
    this.#due.delete(path);
    this.#state.files.delete(path);
    this.#intake.seen -= seen;
    this.progress(-bytes);
    withdrawSkips(this.#report, skips);
  }

  async #read(file: SourceFile): Promise<void> {
    this.#current = file;
    const reading = this.#source.reading(file);
    if (reading.kind === 'lines') await readLog(file, reading, this.#state.files.get(file.path), this);
    else await readWholeFile(file, reading, this);
  }

  /** Reads the files whose results may depend on others once more, now that the records of all others are stored. */
  async #readAgain(files: readonly SourceFile[]): Promise<void> {
    const again = this.#rereading.take(files);
    if (again.length === 0) return;
    const { seen } = this.#intake;
    this.#isRepeated = true;
    this.#progress.files += again.length;
    this.#progress.bytes += again.reduce((sum, { size }) => sum + size, 0);
    await this.#readAll(again);
    await this.#commit();
    this.#intake.seen = seen;
  }

  #isKnown(file: SourceFile): boolean {
    const { since = Number.NEGATIVE_INFINITY } = this.#options;
    return this.#state.files.get(file.path)?.version === file.version || file.modifiedAt < since;
  }

  async #commit(): Promise<void> {
    const [records, repeats] = [this.#intake.take(), this.#intake.takeRepeats()];
    const due = this.#due;
    // Results from here on are not included, and are stored next time.
    this.#due = new Map();
    this.#handover.resume();
    // Most entries of a reply do not count, so pricing comes after the choice.
    await complete(records, this.#options.assign, this.#pricer);
    if (records.length > 0) await this.#upsert(records, repeats);
    if (repeats.length > 0) await this.#retract(repeats);
    if (due.size > 0) this.#isSaved = false;
    this.#state.files.apply(due);
    this.#tell();
    if (this.#options.now() - this.#savedAt > SAVE_EVERY_MS) await this.#save();
  }

  async #upsert(records: UsageRecord[], repeats: Repeat[]): Promise<void> {
    if (this.#options.dryRun === true) return this.#dryRun.count(planOf(this.#source, records));
    const ledger = await this.#options.ledger();
    const counting = await dropRepeats(ledger, records, repeats);
    if (counting.length > 0) await storeJoined(ledger, counting, (joined) => this.#store(ledger, joined));
  }

  async #retract(repeats: readonly Repeat[]): Promise<void> {
    const removed = await removeRepeats(this.#options, repeats);
    this.#report.updated += removed.size;
    if (removed.size > 0) this.#state.ledger = undefined;
    if (removed.has(this.#state.witness ?? '')) this.#state.witness = undefined;
  }

  async #store(ledger: Ledger, records: readonly UsageRecord[]): Promise<void> {
    // Once the records are in the ledger, the plan returns nothing more, so only the first result counts.
    let counts: PriceCounts | undefined;
    const plan = planOf(this.#source, records, (wanted) => (counts ??= priceCounts(wanted)));
    const { added, replaced } = await ledger.upsert(plan);
    this.#report.added += added;
    this.#report.updated += replaced;
    this.#report.unpriced += counts?.unpriced ?? 0;
    this.#report.assumed += counts?.assumed ?? 0;
    this.#state.witness = records.at(-1)!.usage_id;
    this.#state.ledger = undefined;
  }

  async #save(): Promise<void> {
    // If usage was left out, a later import must be able to find it.
    if (this.#isSaved || this.#options.dryRun === true || this.#options.since !== undefined) return;
    await saveState(this.#statePath, this.#state);
    this.#isSaved = true;
    this.#savedAt = this.#options.now();
  }

  #tell(): void {
    this.#report.bytes = this.#progress.bytesDone;
    this.#progress.seen = this.#intake.seen;
    this.#options.onProgress?.({ ...this.#progress });
  }
}
