import type { UsageRecord } from '../usage/record.ts';
import type { QuotaSample } from '../usage/time/quota.ts';

/**
 * The interface of a source: a tool that leaves its usage on disk, and how to read it. Each folder of `src/sources` contains
 * one source; `agents.ts` lists them. CONTRIBUTING.md explains how to add one.
 */

/** The environment in which a source finds its files; tests pass in their own. */
export interface SourceEnvironment {
  platform: NodeJS.Platform;
  env: Readonly<Record<string, string | undefined>>;
  /** The home folder, absolute. */
  home: string;
}

/** A usage found in a log: a record whose cost is still to be computed. */
export interface FoundUsage {
  /** Its `usage_id` is derived from the log's content, so it is the same on every machine. */
  record: UsageRecord;
  /** The log's own figure in USD, used if no price is known. */
  loggedCost?: number | undefined;
  /**
   * Whether the log's own figure is better than a list price, as when the log does not reveal how much of the input was cached.
   */
  prefersLogged?: boolean | undefined;
  /** Whether the record's cost, or that it is unknown, has already been decided by its recorder. */
  isPriced?: boolean | undefined;
  /**
   * Sessions whose usage this may repeat, because their logs were not found. It does not count if the ledger contains a usage of
   * theirs with the same counts.
   */
  mayRepeat?: readonly string[] | undefined;
  /** Whether this repeats a usage of another session. If an earlier import recorded it, that record is removed. */
  isRepeat?: boolean | undefined;
}

export type SkipReason =
  | 'not-json'
  | 'not-csv'
  | 'invalid-utf8'
  | 'too-long'
  | 'no-time'
  | 'not-a-usage'
  | 'invalid'
  | 'unreadable'
  | 'unknown-format'
  | 'unreadable-folder'
  | 'link'
  | 'replaced-while-read'
  | 'future-time';

/** A skipped entry, or one that deserves attention. Only `future-time` is imported nevertheless. */
export interface Skip {
  reason: SkipReason;
  file: string;
  /** 1-based; undefined if the whole file is concerned. */
  line?: number | undefined;
  /** Details for display. */
  detail?: string | undefined;
}

/** A file that a source reads. */
export interface SourceFile {
  /** Absolute. */
  path: string;
  /** Relative to the folder returned by {@link Source.locate}, with `/`; the file's own name if that was a file. */
  relative: string;
  /** ms since the epoch. */
  modifiedAt: number;
  /** Bytes. */
  size: number;
  /** Identifies this version of the file. */
  version: string;
}

/** Receives the findings of a parser. */
export interface Sink {
  /** @param line 1-based, as for {@link skip}. */
  usage(found: FoundUsage, line?: number): void;
  /** @param line 1-based; not needed in a line parser, whose line is known. */
  skip(reason: SkipReason, detail?: string, line?: number): void;
}

/** JSON that a parser needs to continue where an earlier one stopped. */
export type ParserState = null | string | number | boolean | ParserState[] | { [key: string]: ParserState };

/** Parses one file line by line. */
export interface LineParser {
  /**
   * Handles one complete line, without its line end, that contains one of {@link LineReading.markers}.
   * @param offset its start in the file, in bytes.
   */
  line(bytes: Buffer, sink: Sink, offset: number): void;
  /**
   * Called at the current end of the file: reports usage held back because of what might have followed. No further lines
   * follow.
   * @param isQuiet whether the file has not been written to for a while.
   * @returns true when usage is still held back, so that the file must be read again even if it does not change.
   */
  end?(sink: Sink, isQuiet: boolean): boolean;
  /** The state that {@link LineReading.parser} needs to continue after the lines so far. */
  state(): ParserState;
}

/** A file of lines that grows at its end. Reading continues where the last import stopped. */
export interface LineReading {
  kind: 'lines';
  /** Lines without any of these texts are skipped. Empty: no line is skipped. */
  markers: readonly string[];
  parser(file: SourceFile, state: ParserState | undefined): LineParser;
}

/** A file that is read completely whenever it has changed. */
export interface WholeReading {
  kind: 'whole';
  /** @param room to be awaited from time to time when reading a lot, so that findings can be stored. */
  read(file: SourceFile, sink: Sink, room: () => Promise<void>): Promise<void> | void;
}

export interface Source {
  /** The name on the command line and in settings: `claude-code`. */
  readonly id: string;
  /** The display name: `Claude Code`. */
  readonly title: string;
  /** The `agent` of its records, if that is not its id; null: its files come from several tools. */
  readonly agent?: string | null;
  /** The folders (or files) to read, whether they exist or not. */
  locate(environment: SourceEnvironment): string[];
  /** Whether a subfolder of such a folder may contain logs. Default: always. */
  enters?(relative: string): boolean;
  /** Whether a file below such a folder is one of the source's logs. `relative` uses `/`. */
  matches(relative: string): boolean;
  /** Selects and orders the files, once all are known: drops those that are covered by others. */
  choose?(files: SourceFile[]): SourceFile[];
  reading(file: SourceFile): LineReading | WholeReading;
  /** The state of a plan's quota at the end of these files, where the tool logs it. */
  quota?(files: readonly SourceFile[], now: number): QuotaSample[];
  /** Whether the usages of a file read up to this state may change when other files appear: then it is read again. */
  readonly mayChange?: (state: ParserState | undefined) => boolean;
  /** Set if the later of two entries for a usage counts, so that files must be read in order and by one thread. */
  readonly lastCounts?: boolean;
  /**
   * Returns what to store for a usage, given what is stored: records that are new or have changed. `get` finds a record by id.
   * The result must not depend on the order in which usages are found, unless {@link lastCounts} is set.
   */
  settle(candidate: UsageRecord, get: Lookup): readonly UsageRecord[];
}

export type Lookup = (usageId: string) => UsageRecord | undefined;

/** Settles sources whose entries grow: of two entries with the same id, the larger counts. */
export function keepLarger(candidate: UsageRecord, get: Lookup): readonly UsageRecord[] {
  return keepPreferred(candidate, get, (one, there) => one.total_tokens > there.total_tokens);
}

/** The way in which most sources settle: one record per id, the preferred one of two. */
export function keepPreferred(
  candidate: UsageRecord,
  get: Lookup,
  prefers: (candidate: UsageRecord, there: UsageRecord) => boolean,
): readonly UsageRecord[] {
  const there = get(candidate.usage_id);
  return there === undefined || prefers(candidate, there) ? [candidate] : [];
}
