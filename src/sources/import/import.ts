import { statSync } from 'node:fs';
import { storeOf } from '../../system/paths.ts';
import { sqliteEngine } from '../../ledger/sqlite/engine.ts';
import type { Ledger } from '../../ledger/results.ts';
import type { Pricer } from '../../pricing/price.ts';
import type { UsageRecord } from '../../usage/record.ts';
import { AGENTS } from '../agents.ts';
import { applyCost, priceable } from './costs.ts';
import { Intake, type IntakeRules } from './intake.ts';
import type { Part } from './readerThread.ts';
import { Handover, type Told } from './handover.ts';
import { SecondReader } from './secondReader.ts';
import { readLog, readWholeFile, type Receiver } from '../reading/fileReader.ts';
import { emptyState, ledgerVersion, readState, saveState, statePath, type FileState } from './state.ts';
import { nextTurn } from '../../system/turns.ts';
import type { Lookup, FoundUsage, Skip, SkipReason, Source, SourceFile } from '../source.ts';
import { findLogs } from '../reading/walk.ts';

/**
 * Brings what a source left on the disk into a ledger: once each, whatever happened to the last import, and however
 * many run at once. What makes it so: ids that depend on the usage alone, a rule for each source of which of two
 * tellings of a usage counts, and a commit that applies the rule to what stands in the ledger at that moment.
 */

export interface ImportOptions {
  /** The ledger's file. */
  path: string;
  /** Opens it; asked when it has to be looked into, so not where nothing is new. Who gives it closes it. */
  ledger: () => Promise<Ledger>;
  /** Asked when there is something to price. undefined: no prices can be had, and what is imported stays unpriced. */
  pricer: () => Promise<Pricer | undefined>;
  /** ms since the epoch. */
  now: () => number;
  /** Leaves out what was used before, ms since the epoch. */
  since?: number | undefined;
  /** Looks only at these files and folders below the places, as paths with `/`. */
  within?: readonly string[] | undefined;
  /** Says what would be imported, and stores nothing. */
  dryRun?: boolean | undefined;
  /** A second thread that reads: its program (`readerThread.ts`), and from how many bytes on it is worth its memory. */
  secondReader?: { program: string; from: number } | undefined;
  /** Asked for when there is something that it could cut short. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: ImportProgress) => void) | undefined;
}

export interface ImportProgress {
  source: string;
  files: number;
  filesDone: number;
  bytes: number;
  bytesDone: number;
  /** Usages that were found, before it is known which are new. */
  seen: number;
}

export interface ImportReport {
  source: string;
  title: string;
  /** The folders or files that were looked into. */
  places: { path: string; files: number }[];
  files: number;
  /** Files that had not changed since the last import. */
  unchanged: number;
  /** Bytes that were read. */
  bytes: number;
  added: number;
  /** Records that say something else now, mostly because a reply had grown. */
  updated: number;
  /** Of the added and updated: without a known price. */
  unpriced: number;
  /** How often each happened. */
  skipped: Partial<Record<SkipReason, number>>;
  /** The first of them. */
  skips: Skip[];
}

/**
 * Records that are stored at once. Each transaction writes most pages of the ledger's index of ids, so that fewer of them write less;
 * smaller ones keep the heap smaller, which is all that counts where nothing is stored. A JSON ledger is written as a whole each time.
 */
const BATCH = 10_000;
const BATCH_DRY = 100;
const BATCH_JSON = 100_000;
/** Skips that are told one by one. */
const MAX_TOLD = 100;
const SAVE_EVERY_MS = 2_000;
/** Whoever writes a log pauses less than that within one go. */
const QUIET_MS = 60_000;
/** How long others wait for their turn. */
const TURN_MS = 20;
/** A clock may be a little ahead; a usage of tomorrow is worth a word. */
const FUTURE_MS = 86_400_000;

/** @param places the folders and files to read; those that the source is known to use, or others that someone named. */
export async function importSource(
  source: Source,
  places: readonly string[],
  options: ImportOptions,
): Promise<ImportReport> {
  return new Import(source, places, options).run();
}

/**
 * Notes that a ledger holds what was imported into it, so that the next import need not open it as long as nobody has
 * changed it. To be called once it is closed, which is the last change.
 * @param open opens it; it is closed again here.
 */
export async function sealImports(
  path: string,
  sources: readonly string[],
  open: () => Promise<Ledger>,
): Promise<void> {
  const states = sources
    .map((source) => ({ file: statePath(path, source), state: readState(statePath(path, source)) }))
    .filter(({ state }) => state.witness !== undefined);
  const version = ledgerVersion(path);
  if (version === undefined || states.every(({ state }) => state.ledger === version)) return;
  const ledger = await open();
  let sound;
  try {
    await ledger.refresh();
    sound = states.filter(({ state }) => ledger.has(state.witness!));
  } finally {
    await ledger.close();
  }
  // Whoever wrote meanwhile may have taken out what was there.
  if (ledgerVersion(path) !== version) return;
  for (const { file, state } of sound) await saveState(file, { ...state, ledger: version });
}

class Import implements Receiver {
  readonly #source: Source;
  readonly #places: readonly string[];
  readonly #options: ImportOptions;
  readonly #statePath: string;
  readonly #report: ImportReport;
  readonly #progress: ImportProgress;
  readonly #batch: number;
  /** What was read and is not stored yet. */
  readonly #intake: Intake;
  readonly #rules: IntakeRules;
  #state = emptyState();
  /** What holds of files once everything that waits is stored. */
  #due = new Map<string, FileState | undefined>();
  /** Where a second reader brings what it finds. */
  readonly #handover = new Handover({
    add: (path, part, isLast) => this.#add(path, part, isLast),
    remove: (path, told) => this.#remove(path, told),
    isFull: () => this.isFull(),
    store: () => this.#commit(),
  });
  #pricer: Pricer | undefined;
  /** What a dry run would have stored. */
  readonly #planned = new Map<string, UsageRecord>();
  #current: SourceFile | undefined;
  #savedAt = 0;
  #isSaved = true;

  constructor(source: Source, places: readonly string[], options: ImportOptions) {
    this.#source = source;
    this.#places = places;
    this.#options = options;
    this.#statePath = statePath(options.path, source.id);
    this.#rules = { since: options.since, latest: options.now() + FUTURE_MS };
    this.#intake = new Intake(source, this.#rules, (skip) => this.skip(skip));
    this.#batch = options.dryRun === true ? BATCH_DRY : storeOf(options.path) === 'json' ? BATCH_JSON : BATCH;
    this.#report = {
      source: source.id,
      title: source.title,
      places: [],
      files: 0,
      unchanged: 0,
      bytes: 0,
      added: 0,
      updated: 0,
      unpriced: 0,
      skipped: {},
      skips: [],
    };
    this.#progress = { source: source.id, files: 0, filesDone: 0, bytes: 0, bytesDone: 0, seen: 0 };
  }

  async run(): Promise<ImportReport> {
    await this.#remember();
    const { files, skips } = await findLogs(this.#source, this.#places, this.#options);
    for (const skip of skips) this.skip(skip);
    this.#report.places = this.#places.map((path) => ({
      path,
      files: files.filter((file) => isIn(file, path)).length,
    }));
    this.#report.files = files.length;
    const changed = files.filter((file) => !this.#isKnown(file));
    this.#report.unchanged = files.length - changed.length;
    this.#progress.files = changed.length;
    this.#progress.bytes = changed.reduce((sum, { size }) => sum + size, 0);
    if (this.#options.within === undefined) this.#forgetOthers(files);
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
    } finally {
      await this.#save();
    }
    return this.#report;
  }

  usage(found: FoundUsage, line?: number): void {
    this.#intake.add(found, this.#current?.path ?? '', line);
  }

  skip(skip: Skip): void {
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
    this.#due.set(this.#current!.path, state);
    if (!this.isFull()) return;
    await this.#commit();
    this.#options.signal?.throwIfAborted();
  }

  progress(bytes: number): void {
    this.#progress.bytesDone += bytes;
    this.#tell();
  }

  async #readAll(queue: SourceFile[]): Promise<void> {
    // Not `performance`, which Node loads when it is first used: in 5 ms, for an import that reads nothing.
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

  /** Reads from the other end of the queue, where that is worth a thread. */
  async #secondReader(queue: SourceFile[]): Promise<SecondReader | undefined> {
    const { secondReader } = this.#options;
    const known = AGENTS.includes(this.#source);
    const { lastCounts } = this.#source;
    if (secondReader === undefined || !known || lastCounts === true) return undefined;
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
    this.#intake.seen += part.seen;
    for (const skip of part.skips) this.skip(skip);
    if (part.state !== undefined) this.#due.set(path, part.state ?? undefined);
    if (isLast) this.#progress.filesDone++;
    this.progress(part.bytes);
  }

  /** Its records stay: they come again under the same ids. */
  #remove(path: string, { bytes, seen, skips }: Told): void {
    this.#due.delete(path);
    this.#state.files.delete(path);
    this.#intake.seen -= seen;
    this.progress(-bytes);
    const { skipped } = this.#report;
    for (const { reason } of skips) {
      const left = (skipped[reason] ?? 0) - 1;
      if (left > 0) skipped[reason] = left;
      else delete skipped[reason];
    }
    const taken = new Set(skips);
    this.#report.skips = this.#report.skips.filter((skip) => !taken.has(skip));
  }

  async #read(file: SourceFile): Promise<void> {
    this.#current = file;
    const reading = this.#source.reading(file);
    if (reading.kind === 'lines') await readLog(file, reading, this.#state.files.get(file.path), this);
    else await readWholeFile(file, reading, this);
  }

  /** Takes up the last import's state, unless the ledger has lost what that brought. */
  async #remember(): Promise<void> {
    const { path, ledger: open } = this.#options;
    const state = readState(this.#statePath);
    if (state.witness !== undefined && (state.ledger === undefined || state.ledger !== ledgerVersion(path))) {
      const ledger = await open();
      await ledger.refresh();
      if (!ledger.has(state.witness)) return;
    }
    this.#state = state;
  }

  #isKnown(file: SourceFile): boolean {
    const { since } = this.#options;
    return (
      this.#state.files.get(file.path)?.version === file.version || (since !== undefined && file.modifiedAt < since)
    );
  }

  /** Files that are gone from the places that were looked into. */
  #forgetOthers(files: readonly SourceFile[]): void {
    const there = new Set(files.map(({ path }) => path));
    for (const path of this.#state.files.paths) {
      if (there.has(path) || !this.#places.some((place) => isIn({ path }, place))) continue;
      this.#state.files.delete(path);
      this.#isSaved = false;
    }
  }

  async #commit(): Promise<void> {
    const records = this.#intake.take();
    const due = this.#due;
    // What comes from here on is not among these, and is stored next time.
    this.#due = new Map();
    this.#handover.resume();
    // Most usages of a reply are of no account, so that pricing comes after the choice.
    for (const record of records) applyCost(record, this.#pricer);
    if (records.length > 0) await this.#upsert(records);
    if (due.size > 0) this.#isSaved = false;
    for (const [path, state] of due) {
      if (state === undefined) this.#state.files.delete(path);
      else this.#state.files.set(path, state);
    }
    this.#tell();
    if (this.#options.now() - this.#savedAt > SAVE_EVERY_MS) await this.#save();
  }

  async #upsert(records: readonly UsageRecord[]): Promise<void> {
    const { dryRun } = this.#options;
    const plan = (get: Lookup): readonly UsageRecord[] => {
      const settled = new Map<string, UsageRecord>();
      const lookup: Lookup = (id) => settled.get(id) ?? get(id);
      for (const record of records) {
        for (const each of this.#source.settle(record, lookup)) settled.set(each.usage_id, each);
      }
      return [...settled.values()];
    };
    if (dryRun === true) return this.#count(plan);
    const ledger = await this.#options.ledger();
    // Once its records stand in the ledger, the plan wants no more, so the first answer is what counts.
    let unpriced: number | undefined;
    const { added, replaced } = await ledger.upsert((get) => {
      const wanted = plan(get);
      unpriced ??= wanted.filter((record) => !record.cost_known).length;
      return wanted;
    });
    this.#report.added += added;
    this.#report.updated += replaced;
    this.#report.unpriced += unpriced ?? 0;
    this.#state.witness = records.at(-1)!.usage_id;
    this.#state.ledger = undefined;
  }

  /** Counts what would come of a plan. Nothing is stored: what an earlier plan would have stored is not to be looked up. */
  async #count(plan: (get: Lookup) => readonly UsageRecord[]): Promise<void> {
    const { path, ledger: open } = this.#options;
    // A database that is not there need not be opened, if it could be; a JSON ledger may be in its journal.
    const isMissing = storeOf(path) === 'sqlite' && statSync(path, { throwIfNoEntry: false }) === undefined;
    if (isMissing) sqliteEngine();
    const ledger = isMissing ? undefined : await open();
    const look = (get: Lookup): void => {
      for (const record of plan((id) => this.#planned.get(id) ?? get(id))) {
        const before = this.#planned.get(record.usage_id);
        this.#planned.set(record.usage_id, record);
        if (before?.cost_known === false) this.#report.unpriced--;
        if (!record.cost_known) this.#report.unpriced++;
        if (before !== undefined) continue;
        if (get(record.usage_id) === undefined) this.#report.added++;
        else this.#report.updated++;
      }
    };
    if (ledger === undefined || (await ledger.refresh()).health === 'missing') return look(() => undefined);
    await ledger.upsert((get) => {
      look(get);
      return [];
    });
  }

  async #save(): Promise<void> {
    // What was left out is to be found by an import that does not leave it out.
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

function isIn({ path }: Pick<SourceFile, 'path'>, place: string): boolean {
  return (
    path === place ||
    path.startsWith(place.endsWith('/') || place.endsWith('\\') ? place : `${place}/`) ||
    path.startsWith(`${place}\\`)
  );
}
